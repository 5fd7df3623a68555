"""The portal's table of contents, a group per noun. Pages of a team live under /t/<team>/."""

from django.urls import URLPattern, URLResolver, include, path

from jobs.views import (
    connections,
    copies,
    drafts,
    examples,
    export,
    file_acts,
    file_change,
    file_checks,
    file_compare,
    file_map,
    file_mending,
    file_poll,
    files,
    health,
    home,
    hooks,
    invitations,
    job_acts,
    job_downloads,
    job_import,
    jobs,
    left_behind,
    members,
    models,
    notices,
    order,
    passages,
    playground,
    playground_stream,
    recipes,
    run_acts,
    run_new,
    runs,
    settings,
    source_acts,
    sources,
    team,
    weights,
)
from jobs.views.evaluations import acts as evaluation_acts
from jobs.views.evaluations import downloads as evaluation_downloads
from jobs.views.evaluations import evaluations, ordering, prompts, question, questions
from jobs.views.evaluations import report as evaluation_report
from jobs.views.evaluations import votes as evaluation_votes
from jobs.views.rescue import acts as rescue_acts
from jobs.views.rescue import book as rescue_book
from jobs.views.rescue import ending as rescue_ending
from jobs.views.rescue import listing as rescue_listing
from jobs.views.rescue import record as rescue_record
from jobs.views.rescue import recordings as rescue_recordings
from jobs.views.rescue import report as rescue_report

type Urls = list[URLPattern | URLResolver]

job_urls: Urls = [
    path("", jobs.job_list, name="job-list"),
    path("poll/", jobs.job_list_poll, name="job-list-poll"),
    path("watch/", jobs.jobs_watch, name="job-list-watch"),
    path("new/", order.job_new, name="job-new"),
    path("new/estimate/", order.job_estimate, name="job-estimate"),
    path("new/bases/", order.job_bases, name="job-bases"),
    path("import/", job_import.job_import, name="job-import"),
    path("<uuid:uuid>/", jobs.job_detail, name="job-detail"),
    path("<uuid:uuid>/poll/", jobs.job_poll, name="job-poll"),
    path("<uuid:uuid>/watch/", jobs.job_watch, name="job-watch"),
    path("<uuid:uuid>/cancel/", job_acts.job_cancel, name="job-cancel"),
    path("<uuid:uuid>/pause/", job_acts.job_pause, name="job-pause"),
    path("<uuid:uuid>/resume/", job_acts.job_resume, name="job-resume"),
    path("<uuid:uuid>/settle/", job_acts.job_settle, name="job-settle"),
    path("<uuid:uuid>/left-behind/", left_behind.job_left_behind, name="job-left-behind"),
    path("<uuid:uuid>/left-behind/delete/", left_behind.job_left_behind_delete, name="job-left-behind-delete"),
    path("<uuid:uuid>/second/<uuid:second>/cancel/", job_acts.job_second_cancel, name="job-second-cancel"),
    path("<uuid:uuid>/edit/", job_acts.job_edit, name="job-edit"),
    path("<uuid:uuid>/keep/", job_import.job_keep, name="job-keep"),
    path("<uuid:uuid>/look/", job_import.job_look, name="job-look"),
    path("<uuid:uuid>/job.json", job_downloads.job_json, name="job-json"),
    path("<uuid:uuid>/events.csv", job_downloads.job_events_csv, name="job-events-csv"),
    path("<uuid:uuid>/metrics.csv", job_downloads.job_metrics_csv, name="job-metrics-csv"),
    path("<uuid:uuid>/result.csv", job_downloads.job_result_csv, name="job-result-csv"),
    path("<uuid:uuid>/weights/", weights.job_weights, name="job-weights"),
    path("<uuid:uuid>/weights/<slug:wanted>/", weights.job_weights_order, name="job-weights-order"),
    path("<uuid:uuid>/weights/<slug:wanted>.zip", weights.job_weights_download, name="job-weights-download"),
]
file_urls: Urls = [
    path("", files.file_list, name="file-list"),
    path("new/", files.file_new, name="file-new"),
    path("copies/", copies.copy_list, name="copy-list"),
    path("copies/delete/", copies.copy_delete, name="copy-delete"),
    path("<uuid:file>/", files.file_detail, name="file-detail"),
    path("<uuid:file>/change/", file_change.file_change, name="file-change"),
    path("<uuid:file>/change/<slug:operation>/", file_change.file_change_act, name="file-change-act"),
    path("<uuid:file>/map/", file_map.file_map, name="file-map"),
    path("<uuid:file>/repair/", file_change.file_repair, name="file-repair"),
    path("<uuid:file>/repeat/", file_change.file_repeat, name="file-repeat"),
    path("<uuid:file>/poll/", file_poll.file_poll, name="file-poll"),
    path("<uuid:file>/download/", file_acts.file_download, name="file-download"),
    path("<uuid:file>/faults.csv", file_acts.file_faults_csv, name="file-faults-csv"),
    path("<uuid:file>/remote/<int:copy>.json", file_acts.file_remote_json, name="file-remote-json"),
    path("<uuid:file>/compare/<uuid:other>/", file_compare.file_compare, name="file-compare"),
    path("<uuid:file>/examples/", examples.file_examples, name="file-examples"),
    path("<uuid:file>/examples/draft/", drafts.file_draft, name="file-draft"),
    path("<uuid:file>/examples/delete/", drafts.file_draft_delete, name="file-draft-delete"),
    path("<uuid:file>/examples/restore/", drafts.file_draft_restore, name="file-draft-restore"),
    path("<uuid:file>/examples/discard/", drafts.file_drafts_discard, name="file-drafts-discard"),
    path("<uuid:file>/examples/save/", drafts.file_drafts_save, name="file-drafts-save"),
    path("<uuid:file>/convert/", file_acts.file_convert, name="file-convert"),
    path("<uuid:file>/mask/", file_mending.file_mask, name="file-mask"),
    path("<uuid:file>/reduce/", file_mending.file_reduce, name="file-reduce"),
    path("<uuid:file>/stop/", file_checks.file_stop, name="file-stop"),
    path("<uuid:file>/check/", file_checks.file_check, name="file-check"),
    path("<uuid:file>/delete/", file_acts.file_delete, name="file-delete"),
]
source_urls: Urls = [
    path("", sources.source_list, name="source-list"),
    path("new/", sources.source_new, name="source-new"),
    path("<uuid:source>/", sources.source_detail, name="source-detail"),
    path("<uuid:source>/poll/", sources.source_poll, name="source-poll"),
    path("<uuid:source>/download/", source_acts.source_download, name="source-download"),
    path("<uuid:source>/encoding/", source_acts.source_encoding, name="source-encoding"),
    path("<uuid:source>/delete/", source_acts.source_delete, name="source-delete"),
]
run_urls: Urls = [
    path("", runs.run_list, name="run-list"),
    path("new/", run_new.run_new, name="run-new"),
    path("preview/", run_new.run_preview, name="run-preview"),
    path("<uuid:run>/", runs.run_detail, name="run-detail"),
    path("<uuid:run>/poll/", runs.run_poll, name="run-poll"),
    path("<uuid:run>/pause/", run_acts.run_pause, name="run-pause"),
    path("<uuid:run>/resume/", run_acts.run_resume, name="run-resume"),
    path("<uuid:run>/cancel/", run_acts.run_cancel, name="run-cancel"),
    path("<uuid:run>/cap/", run_acts.run_cap, name="run-cap"),
    path("<uuid:run>/retry/", run_acts.run_retry, name="run-retry"),
    path("<uuid:run>/take/", run_acts.run_take, name="run-take"),
    path("<uuid:run>/file/", run_acts.run_file, name="run-file"),
]
recipe_urls: Urls = [
    path("", recipes.recipe_list, name="recipe-list"),
    path("save/", recipes.recipe_save, name="recipe-save"),
    path("<uuid:recipe>/rename/", recipes.recipe_rename, name="recipe-rename"),
    path("<uuid:recipe>/delete/", recipes.recipe_delete, name="recipe-delete"),
]
passage_urls: Urls = [
    path("", passages.passage_list, name="passage-list"),
    path("new/", passages.passage_new, name="passage-new"),
    path("<uuid:search>/", passages.passage_detail, name="passage-detail"),
    path("<uuid:search>/poll/", passages.passage_poll, name="passage-poll"),
    path("<uuid:search>/delete/", passages.passage_delete, name="passage-delete"),
    path("<uuid:search>/forget/", passages.passage_forget, name="passage-forget"),
    path("<uuid:search>/models/", passages.passage_models, name="passage-models"),
]
model_urls: Urls = [
    path("", models.model_list, name="model-list"),
    path("<uuid:model>/delete/", weights.model_delete, name="model-delete"),
]
rescue_urls: Urls = [
    path("", rescue_listing.rescue, name="rescue"),
    path("read/", rescue_acts.rescue_read, name="rescue-read"),
    path("archive/", rescue_acts.rescue_archive, name="rescue-archive"),
    path("download/", rescue_book.rescue_book, name="rescue-book"),
    path("propose/", rescue_record.rescue_propose, name="rescue-propose"),
    path("record/", rescue_record.rescue_record, name="rescue-record"),
    path("recordings/<uuid:evaluation>/", rescue_recordings.rescue_recording, name="rescue-recording"),
    path("recordings/<uuid:evaluation>/cap/", rescue_recordings.rescue_cap, name="rescue-cap"),
    path("recordings/<uuid:evaluation>/retry/", rescue_recordings.rescue_retry, name="rescue-retry"),
    path("recordings/<uuid:evaluation>/<slug:what>/", rescue_recordings.rescue_wish, name="rescue-wish"),
    path("models/<uuid:model>/", rescue_listing.rescue_model, name="rescue-model"),
    path("models/<uuid:model>/report/", rescue_report.rescue_report, name="rescue-report"),
    path("models/<uuid:model>/compare/", rescue_ending.rescue_compare, name="rescue-compare"),
    path("models/<uuid:model>/sign/", rescue_ending.rescue_sign, name="rescue-sign"),
]
evaluation_urls: Urls = [
    path("", evaluations.evaluation_list, name="evaluation-list"),
    path("new/", ordering.evaluation_new, name="evaluation-new"),
    path("price/", ordering.evaluation_price, name="evaluation-price"),
    path("<uuid:evaluation>/", evaluations.evaluation_detail, name="evaluation-detail"),
    path("<uuid:evaluation>/poll/", evaluations.evaluation_poll, name="evaluation-poll"),
    path("<uuid:evaluation>/questions/<int:question>/", question.evaluation_question, name="evaluation-question"),
    path("<uuid:evaluation>/report/", evaluation_report.evaluation_report, name="evaluation-report"),
    path("<uuid:evaluation>/pause/", evaluation_acts.evaluation_pause, name="evaluation-pause"),
    path("<uuid:evaluation>/resume/", evaluation_acts.evaluation_resume, name="evaluation-resume"),
    path("<uuid:evaluation>/cancel/", evaluation_acts.evaluation_cancel, name="evaluation-cancel"),
    path("<uuid:evaluation>/cap/", evaluation_acts.evaluation_cap, name="evaluation-cap"),
    path("<uuid:evaluation>/retry/", evaluation_acts.evaluation_retry, name="evaluation-retry"),
    path("<uuid:evaluation>/vote/", evaluation_votes.evaluation_vote, name="evaluation-vote"),
    path("<uuid:evaluation>/vote/back/", evaluation_votes.evaluation_vote_back, name="evaluation-vote-back"),
    path("<uuid:evaluation>/delete/", evaluation_acts.evaluation_delete, name="evaluation-delete"),
    path("<uuid:evaluation>/answers.csv", evaluation_downloads.evaluation_csv, name="evaluation-csv"),
    path("<uuid:evaluation>/answers.json", evaluation_downloads.evaluation_json, name="evaluation-json"),
    path(
        "<uuid:evaluation>/promptfooconfig.yaml", evaluation_downloads.evaluation_promptfoo, name="evaluation-promptfoo"
    ),
]
prompt_urls: Urls = [
    path("", prompts.prompt_list, name="prompt-list"),
    path("new/", prompts.prompt_new, name="prompt-new"),
    path("questions/", prompts.prompt_questions, name="prompt-questions"),
    path("<uuid:prompt>/", prompts.prompt_detail, name="prompt-detail"),
    path("<uuid:prompt>/edit/", prompts.prompt_edit, name="prompt-edit"),
    path("<uuid:prompt>/delete/", prompts.prompt_delete, name="prompt-delete"),
]
question_urls: Urls = [
    path("", questions.question_list, name="question-list"),
    path("new/", questions.question_new, name="question-new"),
    path("<uuid:questions>/", questions.question_detail, name="question-detail"),
    path("<uuid:questions>/rest/", questions.question_rest, name="question-rest"),
    path("<uuid:questions>/delete/", questions.question_delete, name="question-delete"),
]
playground_urls: Urls = [
    path("", playground.playground, name="playground"),
    path("<uuid:job>/", playground.playground_job, name="playground-job"),
    path("<uuid:job>/models/", playground.playground_models, name="playground-models"),
    path("<uuid:job>/ask/", playground.playground_ask, name="playground-ask"),
    path("<uuid:job>/say/", playground_stream.playground_say, name="playground-say"),
    path("<uuid:job>/clear/", playground.playground_clear, name="playground-clear"),
    path("<uuid:job>/talk/", playground.playground_download, name="playground-download"),
]
connection_urls: Urls = [
    path("", connections.connection_list, name="connection-list"),
    path("new/", connections.connection_new, name="connection-new"),
    path("<uuid:connection>/", connections.connection_detail, name="connection-detail"),
    path("<uuid:connection>/key/", connections.connection_key, name="connection-key"),
    path("<uuid:connection>/issue/", connections.connection_issue, name="connection-issue"),
    path("<uuid:connection>/hook/", connections.connection_hook, name="connection-hook"),
    path("<uuid:connection>/hook/remove/", connections.connection_hook_remove, name="connection-hook-remove"),
    path("<uuid:connection>/test/", connections.connection_test, name="connection-test"),
    path("<uuid:connection>/delete/", connections.connection_delete, name="connection-delete"),
]
team_urls: Urls = [
    path("", team.team, name="team"),
    path("audit/", team.team_audit, name="team-audit"),
    path("rename/", team.team_rename, name="team-rename"),
    path("privacy/", team.team_privacy, name="team-privacy"),
    path("export/", export.team_export, name="team-export"),
    path("leave/", members.team_leave, name="team-leave"),
    path("invite/", invitations.invite, name="team-invite"),
    path("invitations/<int:pk>/withdraw/", invitations.invitation_withdraw, name="team-invitation-withdraw"),
    path("members/<int:pk>/role/", members.member_role, name="team-member-role"),
    path("members/<int:pk>/remove/", members.member_remove, name="team-member-remove"),
]

urlpatterns: Urls = [
    path("", home.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("settings/", settings.settings_page, name="settings"),
    path("notices/", notices.notices, name="notices"),
    path("notices/poll/", notices.notice_poll, name="notice-poll"),
    path("notices/seen/", notices.notices_seen, name="notices-seen"),
    path("language/", settings.set_language, name="set-language"),
    path("teams/new/", team.team_new, name="team-new"),
    path("join/<slug:token>/", invitations.join, name="join"),
    path("hooks/<uuid:connection>/", hooks.hook, name="hook"),
    path("t/<slug:team>/jobs/", include(job_urls)),
    path("t/<slug:team>/files/", include(file_urls)),
    path("t/<slug:team>/sources/", include(source_urls)),
    path("t/<slug:team>/runs/", include(run_urls)),
    path("t/<slug:team>/recipes/", include(recipe_urls)),
    path("t/<slug:team>/search/", include(passage_urls)),
    path("t/<slug:team>/models/", include(model_urls)),
    path("t/<slug:team>/rescue/", include(rescue_urls)),
    path("t/<slug:team>/evaluations/", include(evaluation_urls)),
    path("t/<slug:team>/prompts/", include(prompt_urls)),
    path("t/<slug:team>/questions/", include(question_urls)),
    path("t/<slug:team>/playground/", include(playground_urls)),
    path("t/<slug:team>/connections/", include(connection_urls)),
    path("t/<slug:team>/team/", include(team_urls)),
]

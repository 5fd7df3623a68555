"""The portal's table of contents, a group per noun. Pages of a team live under /t/<team>/."""

from django.urls import URLPattern, URLResolver, include, path

from jobs.views import (
    connections,
    copies,
    export,
    file_acts,
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
    members,
    models,
    notices,
    order,
    passages,
    playground,
    playground_stream,
    settings,
    team,
)

type Urls = list[URLPattern | URLResolver]

job_urls: Urls = [
    path("", jobs.job_list, name="job-list"),
    path("poll/", jobs.job_list_poll, name="job-list-poll"),
    path("watch/", jobs.jobs_watch, name="job-list-watch"),
    path("new/", order.job_new, name="job-new"),
    path("new/estimate/", order.job_estimate, name="job-estimate"),
    path("import/", job_import.job_import, name="job-import"),
    path("<uuid:uuid>/", jobs.job_detail, name="job-detail"),
    path("<uuid:uuid>/poll/", jobs.job_poll, name="job-poll"),
    path("<uuid:uuid>/watch/", jobs.job_watch, name="job-watch"),
    path("<uuid:uuid>/cancel/", job_acts.job_cancel, name="job-cancel"),
    path("<uuid:uuid>/pause/", job_acts.job_pause, name="job-pause"),
    path("<uuid:uuid>/resume/", job_acts.job_resume, name="job-resume"),
    path("<uuid:uuid>/settle/", job_acts.job_settle, name="job-settle"),
    path("<uuid:uuid>/edit/", job_acts.job_edit, name="job-edit"),
    path("<uuid:uuid>/keep/", job_import.job_keep, name="job-keep"),
    path("<uuid:uuid>/look/", job_import.job_look, name="job-look"),
    path("<uuid:uuid>/job.json", job_downloads.job_json, name="job-json"),
    path("<uuid:uuid>/events.csv", job_downloads.job_events_csv, name="job-events-csv"),
    path("<uuid:uuid>/metrics.csv", job_downloads.job_metrics_csv, name="job-metrics-csv"),
    path("<uuid:uuid>/result.csv", job_downloads.job_result_csv, name="job-result-csv"),
]
file_urls: Urls = [
    path("", files.file_list, name="file-list"),
    path("new/", files.file_new, name="file-new"),
    path("copies/", copies.copy_list, name="copy-list"),
    path("copies/delete/", copies.copy_delete, name="copy-delete"),
    path("<uuid:file>/", files.file_detail, name="file-detail"),
    path("<uuid:file>/poll/", file_poll.file_poll, name="file-poll"),
    path("<uuid:file>/download/", file_acts.file_download, name="file-download"),
    path("<uuid:file>/faults.csv", file_acts.file_faults_csv, name="file-faults-csv"),
    path("<uuid:file>/remote/<int:copy>.json", file_acts.file_remote_json, name="file-remote-json"),
    path("<uuid:file>/convert/", file_acts.file_convert, name="file-convert"),
    path("<uuid:file>/delete/", file_acts.file_delete, name="file-delete"),
]
passage_urls: Urls = [
    path("", passages.passage_list, name="passage-list"),
    path("new/", passages.passage_new, name="passage-new"),
    path("<uuid:search>/", passages.passage_detail, name="passage-detail"),
    path("<uuid:search>/poll/", passages.passage_poll, name="passage-poll"),
    path("<uuid:search>/delete/", passages.passage_delete, name="passage-delete"),
    path("<uuid:search>/forget/", passages.passage_forget, name="passage-forget"),
]
model_urls: Urls = [
    path("", models.model_list, name="model-list"),
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
    path("<uuid:connection>/hook/", connections.connection_hook, name="connection-hook"),
    path("<uuid:connection>/hook/remove/", connections.connection_hook_remove, name="connection-hook-remove"),
    path("<uuid:connection>/test/", connections.connection_test, name="connection-test"),
    path("<uuid:connection>/delete/", connections.connection_delete, name="connection-delete"),
]
team_urls: Urls = [
    path("", team.team, name="team"),
    path("audit/", team.team_audit, name="team-audit"),
    path("rename/", team.team_rename, name="team-rename"),
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
    path("t/<slug:team>/search/", include(passage_urls)),
    path("t/<slug:team>/models/", include(model_urls)),
    path("t/<slug:team>/playground/", include(playground_urls)),
    path("t/<slug:team>/connections/", include(connection_urls)),
    path("t/<slug:team>/team/", include(team_urls)),
]

"""What is broken on purpose, and the tests that are about it, quickest first."""

SETTLING = "matching settling second_jobs lost_files launch reached odd_answers once_lanes"
LAUNCH = f"{SETTLING} methods follow_closely notices job_page job_new killed_workers"
FOLLOW = "follow_closely ends follow moments job_curve odd_answers import killed_workers upgrade once_lanes"
JSON = "cases/test_jobs ends import moments matching follow_closely"
MASKING = "personal_forms privacy cases/test_personal hidden_data findings repairing"
ADOPT = "import import_search follow_closely second_jobs settling odd_answers"
CALLS = "reached returned_keys odd_answers pinning connections launch follow_closely playground import"
TESTS = {
    "jobs/pipeline/launch.py": LAUNCH,
    "jobs/pipeline/settling.py": LAUNCH,
    "jobs/pipeline/matching.py": LAUNCH,
    "jobs/pipeline/job_pages.py": LAUNCH,
    "jobs/pipeline/second_jobs.py": LAUNCH,
    "jobs/pipeline/record.py": LAUNCH,
    "jobs/pipeline/park.py": f"{LAUNCH} connections disabled",
    "jobs/pipeline/due.py": f"{FOLLOW} operations",
    "jobs/pipeline/follow.py": FOLLOW,
    "jobs/pipeline/events.py": FOLLOW,
    "jobs/pipeline/collect.py": FOLLOW,
    "jobs/end_words.py": FOLLOW,
    "jobs/result_file.py": FOLLOW,
    "jobs/moments.py": FOLLOW,
    "jobs/job_json/ends.py": JSON,
    "jobs/job_json/facts.py": JSON,
    "jobs/job_json/reasons.py": JSON,
    "jobs/pipeline/copies.py": f"copies {SETTLING}",
    "jobs/pricing.py": "pricing job_new models methods training_data_estimating runs_pages",
    "jobs/views/access.py": "access security team disabled",
    "jobs/views/polling.py": "access security jobs_list disabled",
    "jobs/views/invitations.py": "invitations access accounts",
    "jobs/views/members.py": "team access invitations",
    "jobs/provider.py": CALLS,
    "jobs/provider_error.py": CALLS,
    "jobs/answers.py": CALLS,
    "jobs/key_masking.py": "returned_keys",
    "jobs/sealing.py": "rotate_keys check_keys connections",
    "jobs/views/hooks.py": "hooks hooks_page",
    "jobs/hook_signature.py": "hooks trainer_hooks",
    "jobs/pipeline/hooks.py": "hooks hooks_page",
    "jobs/pinning.py": "pinning connections",
    "jobs/upstream.py": "pinning connections settings",
    "jobs/training_data/masking.py": MASKING,
    "jobs/training_data/personal.py": MASKING,
    "jobs/training_data/labels.py": MASKING,
    "jobs/training_data/phones.py": MASKING,
    "jobs/training_data/readable.py": MASKING,
    "jobs/training_data/addresses.py": MASKING,
    "jobs/training_data/privacy.py": MASKING,
    "jobs/pipeline/probe.py": "follow_closely connections reached disabled",
    "jobs/pipeline/adopt.py": ADOPT,
    "jobs/pipeline/fetching.py": ADOPT,
    "jobs/pipeline/forgetting.py": "passages passage_texts",
    "jobs/pipeline/notice_mail.py": "notice_mail notices",
    "jobs/pipeline/notices.py": "notices notice_mail second_jobs job_page",
}

"""The trainer's table of contents: OpenAI's paths, without its host."""

from django.urls import path, re_path

from trainer.views import chat, door, files, hooks, jobs, models, real_chat, weights

JOBS = "fine_tuning/jobs"

app_name = "trainer"
urlpatterns = [
    path("files", files.collection, name="files"),
    path("files/<str:uid>", files.item, name="file"),
    path("files/<str:uid>/content", files.item_content, name="file_content"),
    path(JOBS, jobs.collection, name="jobs"),
    path(f"{JOBS}/<str:uid>", jobs.item, name="job"),
    path(f"{JOBS}/<str:uid>/cancel", jobs.cancel, name="job_cancel"),
    path(f"{JOBS}/<str:uid>/pause", jobs.pause, name="job_pause"),
    path(f"{JOBS}/<str:uid>/resume", jobs.resume, name="job_resume"),
    path(f"{JOBS}/<str:uid>/events", jobs.item_events, name="job_events"),
    path(f"{JOBS}/<str:uid>/checkpoints", jobs.item_checkpoints, name="job_checkpoints"),
    path(f"{JOBS}/<str:uid>/weights", weights.item_weights, name="job_weights"),
    path("models", models.collection, name="models"),
    path("models/<path:name>", models.item, name="model"),
    path("chat/completions", chat.completions, name="chat"),
    path("completions", real_chat.completions, name="completions"),
    path("webhook_endpoints", hooks.collection, name="hooks"),
    path("webhook_endpoints/<str:uid>", hooks.item, name="hook"),
    re_path(r"^.*$", door.unknown, name="unknown"),
]

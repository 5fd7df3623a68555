"""The Celery application. Its messages are nudges; the rows are the truth (design §4)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ftsite.settings")

app = Celery("ftsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

"""Celery's beat without Django's apps: `python -m ftsite.beat`. It only sends the tick, and needs 30 MB less for it."""

from celery import Celery

from ftsite.celery import OurLogging

app = Celery("ftsite", fixups=[], set_as_current=False, log=OurLogging)  # no fixups: Django is not set up
app.config_from_object("ftsite.settings", namespace="CELERY")

if __name__ == "__main__":
    app.Beat(loglevel="WARNING", quiet=True).run()

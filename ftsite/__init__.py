"""The site: settings, URLs, Celery, ASGI."""

from ftsite.celery import app as celery_app

__all__ = ["celery_app"]

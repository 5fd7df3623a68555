"""Celery's side: id in, fetch (gone is fine), delegate. A lost message costs one tick."""

from celery import shared_task


@shared_task
def tick() -> None:
    """Look at what is due."""

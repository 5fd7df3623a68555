"""The Celery application. Its messages are nudges; the rows are the truth (design §4)."""

import logging
import logging.config
import os
import time
from typing import Any

import structlog
from celery import Celery, Task
from celery.app.log import Logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ftsite.settings")

log = logging.getLogger(__name__)
logging.captureWarnings(True)  # lines like all others

QUIET = {"jobs.tasks.tick"}  # every two seconds


class OurLogging(Logging):
    """Leaves logs as settings.LOGGING has them, in worker and beat alike."""

    def setup_logging_subsystem(self, *_args: Any, **_kwargs: Any) -> bool:
        logging.config.dictConfig(settings.LOGGING)
        return True  # "handled": Celery adds nothing of its own


class TracedTask(Task):  # type: ignore[type-arg]  # generic in the stubs alone
    """Carries the id of the request that enqueued it, and writes one line when it ends.

    The context stays bound until the next task of this thread: Celery logs a failure after `__call__` is over.
    """

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:  # type: ignore[override]
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        if request_id:
            options["headers"] = {**(options.get("headers") or {}), "request_id": request_id}
        return super().apply_async(args, kwargs, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**self._context(args))
        began, outcome = time.perf_counter(), "failed"
        try:
            result = self.run(*args, **kwargs)
            outcome = "done"
        finally:
            told = {"outcome": outcome, "ms": round((time.perf_counter() - began) * 1000, 1)}
            log.log(logging.DEBUG if self.name in QUIET else logging.INFO, "task", extra=told)
        return result

    def _context(self, args: Any) -> dict[str, Any]:
        """`follow_connection(7)` is task=jobs.tasks.follow_connection connection=7."""
        known = {"task": self.name, "task_id": self.request.id, "request_id": getattr(self.request, "request_id", None)}
        if args:
            known[self.name.rpartition("_")[2]] = args[0]
        return {name: value for name, value in known.items() if value is not None}


app = Celery("ftsite", task_cls=TracedTask, log=OurLogging)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

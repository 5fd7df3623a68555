"""How often beat sends what it sends, whatever happens to the clock."""

from datetime import datetime

from celery.schedules import schedstate, schedule


class Every(schedule):
    """A plain interval. Where the clock was set back, Celery's own would wait until it has caught up: for hours."""

    def is_due(self, last_run_at: datetime) -> schedstate:
        """Return whether to send now, and in how many seconds to look again."""
        if self.maybe_make_aware(last_run_at) > self.now():
            return schedstate(is_due=True, next=self.seconds)
        return super().is_due(last_run_at)

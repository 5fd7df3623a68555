"""A job's own time: active seconds, which stand still while it is paused."""

from dataclasses import dataclass
from datetime import UTC, datetime

REQUEUE = 2.0  # a resumed job waits this long in the queue (at speed 1)


@dataclass(frozen=True)
class Clock:
    """`pauses` are pairs of Unix seconds, the second null while the job is still paused."""

    start: datetime
    speed: float
    pauses: list[list[float | None]]

    def active(self, now: datetime) -> float:
        """The active seconds that have passed at `now`."""
        lost = 0.0
        for paused, frozen_until in self._stops():
            end = now.timestamp() if frozen_until is None else min(now.timestamp(), frozen_until)
            lost += max(0.0, end - paused)
        return ((now - self.start).total_seconds() - lost) * self.speed

    def wall(self, active: float) -> datetime | None:
        """When so many active seconds will have passed; None while an open pause stands before it."""
        moment = self.start.timestamp() + active / self.speed
        for paused, frozen_until in self._stops():
            if paused <= moment:
                if frozen_until is None:
                    return None
                moment += frozen_until - paused
        return datetime.fromtimestamp(moment, UTC)

    def standing(self, now: datetime) -> str:
        """`paused`, `queued` just after a resume, or empty while the clock runs."""
        at = now.timestamp()
        for (paused, resumed), (_, frozen_until) in zip(reversed(self.pauses), reversed(self._stops()), strict=True):
            if at >= float(paused or 0):
                if resumed is None or at < resumed:
                    return "paused"
                return "queued" if frozen_until is not None and at < frozen_until else ""
        return ""

    def _stops(self) -> list[tuple[float, float | None]]:
        """When the clock stood still: until None where it still does. A pause in the queue joins the one before."""
        stops: list[tuple[float, float | None]] = []
        for paused, resumed in self.pauses:
            start = max(float(paused or 0), (stops[-1][1] or 0) if stops else 0)
            stops.append((start, None if resumed is None else max(start, resumed) + REQUEUE / self.speed))
        return stops

"""One run: a person orders one job from a far side in trouble, and at one moment something is killed."""

import hashlib
import time
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db.models import QuerySet
from django.utils import timezone

from jobs.models import Connection, FileState, FineTuneJob, Notice, Team, TrainingFile, User
from jobs.states import FINAL, State
from tests.chaos.person import Browser
from tests.chaos.plan import Plan
from tests.factories import chat_lines
from trainer.models import File as RemoteFile
from trainer.models import Job as RemoteJob

BASE = "sim-small-2026-06-01"
PATIENCE = 1200.0  # seconds from the order to its end, on a busy machine too; then it is stuck
RANK = {State.NEW: 0, State.PUSHING: 1, State.READY: 2, State.SUBMITTING: 3, State.UNSURE: 4, State.RUNNING: 5}
ENDED = 6
MAILING = timedelta(seconds=15)  # a claim that is older and without an end belongs to a dead worker


@dataclass
class Seen:
    """Both sides' rows as they are at this moment."""

    file: TrainingFile | None
    job: FineTuneJob | None
    remote: RemoteJob | None
    copies: int  # files at the far side
    remote_ended: bool
    notice: Notice | None
    moment: datetime  # the portal's

    @property
    def rank(self) -> int:
        """How far the order is; -1 before there is one."""
        return -1 if self.job is None else RANK.get(State(self.job.state), ENDED)

    @property
    def ended(self) -> bool:
        job = self.job
        return job is not None and job.state in FINAL and job.due_at is None and self.told

    @property
    def told(self) -> bool:
        """The mail about the end is out, was not wanted, or its sender is dead."""
        note = self.notice
        if note is None or note.mail_due_at:
            return False
        return not note.mail_claimed_at or bool(note.mailed_at) or self.moment - note.mail_claimed_at > MAILING

    def details(self) -> str:
        """What a row that does not move waits for."""
        rows = {"job": self.job, "notice": self.notice, "file": self.file}
        names = ("state", "due_at", "tries", "trouble", "mail_due_at", "mail_claimed_at", "mailed_at", "check_due_at")
        told = {f"{row}.{n}": str(getattr(one, n)) for row, one in rows.items() for n in names if hasattr(one, n)}
        return f"{self}; now {self.moment}, {told}"

    def __str__(self) -> str:
        if self.job is None:
            return f"file {self.file.state}" if self.file else "nothing stored"
        wish = f" wish {self.job.wish}" if self.job.wish else ""
        there = f"{self.copies} file(s), {'1 job' if self.remote else 'no job'} there"
        mail = " and its mail begun" if self.notice and self.notice.mail_claimed_at else ""
        return f"job {self.job.state}{wish}, {there}{mail}"


@dataclass
class Run:
    """A plan on its way. `step` is called again and again with what both sides show."""

    plan: Plan
    team: Team
    connection: Connection
    user: User
    browser: Browser
    token: UUID = field(default_factory=uuid4)
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    ordered: float | None = None
    accepted: bool = False
    struck_at: float | None = None  # when the act is due
    point: str = ""  # what was seen when the act was done
    wrong: list[str] = field(default_factory=list)
    _posts: dict[str, "Future[int]"] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    _again: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = 20_000 if self.plan.step == "check" else 40
        self.content = chat_lines(size, word=self.plan.name)
        self.sha256 = hashlib.sha256(self.content).hexdigest()

    @property
    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.began

    # --- the person ---

    def act(self, seen: Seen) -> None:
        """Do what the person would do next."""
        if "upload" in self._done and seen.file is None:  # accepted before this look
            self.wrong.append("an accepted upload is lost")
        self._send("upload", "files/new/", {}, upload=True)
        if self.accepted and seen.job is None:
            self.wrong.append("an accepted order is lost")
        if seen.file and seen.file.state == FileState.INVALID:
            self.wrong.append(f"a good file was found invalid: {seen.file.report}")
        if seen.file and seen.file.state == FileState.READY and "upload" in self._done:
            self.accepted = self._send("order", "jobs/new/", self._order_form(seen.file))
            self.ordered = self.ordered or time.monotonic()
        if seen.job and self.accepted:
            self._after_the_order(seen, seen.job)

    def _after_the_order(self, seen: Seen, job: FineTuneJob) -> None:
        page = f"jobs/{job.uuid}/"
        if self.plan.watched and not seen.ended:
            self._send("watch", f"{page}watch/", {})
        if self.plan.lasting and time.monotonic() - (self.ordered or 0) > self.plan.heal_after:
            self._send("heal", f"connections/{self.connection.uuid}/key/", {"key": self.plan.healthy_key})
        wanted = self.plan.cancel_at
        if wanted and seen.rank >= RANK[State(wanted)] and job.state not in FINAL and job.wish != "cancel":
            self._done.discard("cancel")  # refused while nobody knows whether it started: asked again
            self._send("cancel", f"{page}cancel/", {}, every=2.0)

    def _order_form(self, file: TrainingFile) -> dict[str, str]:
        return {
            "order_token": str(self.token),
            "shown_usd": "0.0000",
            "training_file": str(file.uuid),
            "base": f"{self.connection.uuid}|{BASE}",
            "name": self.plan.name,
            "n_epochs": "2",
            "batch_size": "4",
        }

    def _send(self, what: str, path: str, fields: dict[str, str], *, upload: bool = False, every: float = 0.4) -> bool:
        """Post a form until it is answered: a person presses the button again. Returns whether it was."""
        if what in self._done:
            return True
        if (post := self._posts.get(what)) is not None:
            if not post.done():
                return False
            del self._posts[what]
            if (status := post.result()) in (200, 204, 302):
                self._done.add(what)
                return True
            if 400 <= status < 500:
                self.wrong.append(f"{what} was refused with {status}")
        if time.monotonic() >= self._again.get(what, 0):
            self._again[what] = time.monotonic() + every
            content = (f"{self.plan.name}.jsonl", self.content) if upload else None
            self._posts[what] = self.browser.post(f"/t/{self.team.slug}/{path}", fields, content)
        return False

    # --- the moment ---

    def is_time(self, seen: Seen) -> bool:
        """Tell, once, that the act is to be done now."""
        if self.point:
            return False
        if self.struck_at is None and self._reached(seen):
            self.struck_at = time.monotonic() + self.plan.delay
        if self.struck_at is None or time.monotonic() < self.struck_at:
            return False
        self.point = str(seen)
        return True

    def _reached(self, seen: Seen) -> bool:
        """The step that is aimed at, or past it where it went by unseen."""
        rank, job = seen.rank, seen.job
        return {
            "upload": "upload" in self._posts,
            "check": seen.file is not None,
            "order": "order" in self._posts,
            "push": rank >= RANK[State.PUSHING],
            "push-arrived": seen.copies > 0 or rank >= RANK[State.READY],
            "submit": rank >= RANK[State.SUBMITTING],
            "submit-arrived": seen.remote is not None or rank >= RANK[State.RUNNING],
            "settle": rank >= RANK[State.UNSURE],
            "poll": rank >= RANK[State.RUNNING],
            "collect": rank == ENDED or seen.remote_ended,
            "cancel": rank == ENDED or (job is not None and job.wish == "cancel"),
            "notice": seen.notice is not None and seen.notice.mail_claimed_at is not None,
        }[self.plan.step] or seen.ended

    def is_stuck(self) -> bool:
        return time.monotonic() - self.began > PATIENCE


def prepare(plan: Plan, user: User, browser: Browser) -> Run:
    """A team and a connection of its own: a fault goes with a key."""
    team = Team.objects.make(plan.name, user)
    connection = Connection(team=team, name=plan.name, profile="trainer", created_by=user, state="works")
    connection.set_key(plan.key)
    connection.state, connection.tested_at = "works", timezone.now()
    connection.save()
    return Run(plan, team, connection, user, browser)


def copies_of(digests: Iterable[str]) -> "QuerySet[RemoteFile]":
    """The training files that the far side has of these bytes."""
    return RemoteFile.objects.filter(purpose="fine-tune", sha256__in=list(digests))

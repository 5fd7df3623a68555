"""Runs many plans at once on one system: looks at both sides' rows, lets persons act, kills when it is time."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from allauth.account.models import EmailAddress
from django.core.management import call_command
from kombu.exceptions import OperationalError

from jobs.models import FineTuneJob, MailMe, Notice, NoticeKind, TrainingFile, User
from jobs.pipeline.matching import TAG
from jobs.states import CLAIMED, State
from jobs.tasks import advance_job, follow_connection
from tests.chaos.person import Browser, sign_in
from tests.chaos.plan import plan_of
from tests.chaos.run import Run, Seen, copies_of, prepare
from tests.chaos.system import System
from tests.chaos.truth import leftovers, untruths
from trainer.engines.simulated import Run as Engine
from trainer.models import JobTag

LOOK_EVERY = 0.05
GRACE = 20.0  # seconds in which what both sides say must come to agree
RUSH = 6  # times as fast as life: how the clock runs while leases have only to run out


@dataclass
class Lane:
    """The loop. `pace` is the time between two orders."""

    system: System
    mails: list[str]  # the message ids that the mail server has taken
    tell: Callable[[Run], None]
    pace: float = 2.0
    running: list[Run] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    agreeing: dict[int, float] = field(default_factory=dict)
    diary: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    moved_at: float = field(default_factory=time.monotonic)

    def open(self) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        self.user = User.objects.create_user("chaos", "chaos@example.com", "x", mail_me=MailMe.ALWAYS)
        EmailAddress.objects.create(user=self.user, email=self.user.email, verified=True, primary=True)
        self.browser = Browser(self.system.ports["web"], sign_in(self.user))
        self.system.look_after()

    def work(self, seeds: Iterable[int]) -> list[str]:
        """Run all of them; return what is wrong that belongs to no single run."""
        waiting, next_at = [plan_of(seed) for seed in seeds], 0.0
        while waiting or self.running:
            now = time.monotonic()
            if waiting and len(self.running) < self.crew and now >= next_at:
                run = prepare(waiting.pop(0), self.user, self.browser)
                self.running.append(run)
                self.runs.append(run)
                next_at = now + self.pace
            seen = self._turn()
            if not waiting:
                self._let_time_pass(seen)
            time.sleep(LOOK_EVERY)
        while self.later:
            self._turn()
            time.sleep(LOOK_EVERY)
        return leftovers(self.now, self.runs) + self.system.deaths

    @property
    def crew(self) -> int:
        """How many orders are on their way at once: no more than the workers, killed again and again, can serve."""
        return 64 if self.system.embedded else 24

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.system.moved)

    @property
    def far_now(self) -> datetime:
        """The trainer's time: in the embedded default it lives in the web process."""
        return self.now if self.system.embedded else datetime.now(UTC)

    def _turn(self) -> list[Seen]:
        for item in [item for item in self.later if time.monotonic() >= item[0]]:
            self.later.remove(item)
            item[1]()
        self.system.look_after()
        seen = self._look()
        for run in list(self.running):
            self._advance(run, seen[run.plan.seed])
        return list(seen.values())

    def _let_time_pass(self, seen: list[Seen]) -> None:
        """Once all acts are done, leases have only to run out: let the clock run faster meanwhile.

        Not while an order is claimed or UNSURE: its call, and its proof, take seconds that a far side needs as well.
        """
        now = time.monotonic()
        delicate = any(one.job and one.job.state in (*CLAIMED, State.UNSURE) for one in seen)
        if delicate or self.later or not all(run.point for run in self.running):
            self.moved_at = now
        elif now - self.moved_at > 0.5:
            self.system.move_clock((now - self.moved_at) * (RUSH - 1))
            self.moved_at = now

    def _look(self) -> dict[int, Seen]:
        teams = [run.team.pk for run in self.running]
        files = {file.team_id: file for file in TrainingFile.objects.filter(team__in=teams)}
        rows = FineTuneJob.objects.filter(team__in=teams).defer("remote", "result_csv", "estimate", "candidates")
        jobs = {job.team_id: job for job in rows}
        copies = Counter(copies_of(run.sha256 for run in self.running).values_list("sha256", flat=True))
        tags = JobTag.objects.filter(key=TAG, value__in=[str(job.uuid) for job in jobs.values()])
        remotes = {tag.value: tag.job for tag in tags.select_related("job__training_file", "job__validation_file")}
        ended = Notice.objects.filter(job__in=[job.pk for job in jobs.values()], kind=NoticeKind.ENDED)
        notices = {notice.job_id: notice for notice in ended}
        told = {}
        for run in self.running:
            job = jobs.get(run.team.pk)
            remote = remotes.get(str(job.uuid)) if job else None
            over = remote is not None and Engine(remote).finished_at(self.far_now) is not None
            notice = notices.get(job.pk) if job else None
            told[run.plan.seed] = Seen(files.get(run.team.pk), job, remote, copies[run.sha256], over, notice, self.now)
        return told

    def _advance(self, run: Run, seen: Seen) -> None:
        run.act(seen)
        if run.is_time(seen):
            self._strike(run, seen)
        if seen.ended and run.point:
            self._judge(run)
        elif run.is_stuck():
            run.wrong.append(f"stuck: {seen.details()}")
            self._close(run)
        elif run.wrong:
            self._close(run)

    def _judge(self, run: Run) -> None:
        """Both sides may need a moment to agree, for instance after the far side's clock went back."""
        since = self.agreeing.setdefault(run.plan.seed, time.monotonic())
        wrong = untruths(run, self.far_now, self.mails)
        if wrong and time.monotonic() - since < GRACE and not any("times" in line for line in wrong):
            return
        run.wrong += wrong
        self._close(run)

    def _close(self, run: Run) -> None:
        run.ended = time.monotonic()
        self.running.remove(run)
        self.tell(run)

    # --- what is done to the processes ---

    def _strike(self, run: Run, seen: Seen) -> None:
        action, dice, system = run.plan.action, run.plan.dice, self.system
        self._note(f"{action} for {run.plan.seed}: {seen}")
        if action == "worker":
            system.kill("worker", whole=dice < 0.6)
        elif action in ("web", "beat"):
            system.kill(action)
        elif action in ("two workers", "two beats"):
            self._double(action.removeprefix("two ").removesuffix("s"), seen)
        elif action == "broker":
            system.stop_broker()
            self._in(0.2 + 1.5 * dice, system.start_broker)
        elif action == "clock forward":
            system.move_clock(10 ** (1 + 2.5 * dice))  # ten seconds to most of an hour
        elif action == "clock back":
            system.move_clock(-1 - 4 * dice)

    def _double(self, name: str, seen: Seen) -> None:
        """A second one for a while, and the same nudge twice at once."""
        self.system.second(name)
        self._in(9, lambda: self.system.kill(name))
        if seen.job:
            for _ in range(2):
                self._nudge(seen.job)

    def _nudge(self, job: FineTuneJob) -> None:
        try:
            if job.state == State.RUNNING:
                follow_connection.delay(job.service.pk)
            else:
                advance_job.delay(job.pk)
        except OperationalError:
            self._note("the broker is away")

    def _note(self, text: str) -> None:
        self.diary.append(f"{time.monotonic() - self.began:7.2f} {text}")

    def _in(self, seconds: float, what: Callable[[], None]) -> None:
        self.later.append((time.monotonic() + seconds, what))

"""What must hold after a run, read from both sides' rows. An empty list is what a run is for."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

from jobs.models import (
    Connection,
    FileState,
    FineTuneJob,
    Notice,
    NoticeKind,
    RemoteFile,
    TrainingFile,
    TunedModel,
)
from jobs.pipeline.matching import TAG
from jobs.pipeline.notices import wants_mail
from jobs.states import CLAIMED, NEXT, State
from tests.chaos.run import Run, copies_of
from trainer.engines.simulated import Run as Engine
from trainer.models import Job as RemoteJob
from trainer.models import JobTag

OVERDUE = timedelta(seconds=30)


def untruths(run: Run, far_now: datetime, mails: list[str]) -> list[str]:
    """Everything that is wrong with a run whose order has ended.

    `far_now` is the far side's time; `mails` are the ids of all that the mail server has taken.
    """
    rows = list(FineTuneJob.objects.filter(team=run.team))
    if len(rows) != 1 or rows[0].order_token != run.token:
        return [f"one order was given, {len(rows)} rows are there"]
    job = rows[0]
    remotes = remote_jobs(job)
    ends = " or ".join(sorted(run.plan.ends))
    wrong = [] if job.state in run.plan.ends else [f"ended {job.state}, not {ends}: {job.error or job.trouble}"]
    if len(remotes) > 1:
        wrong.append(f"started {len(remotes)} times: {[remote.uid for remote in remotes]}")
    wrong += _history(job)
    wrong += _against(job, remotes[0], far_now) if remotes else _nothing_there(job)
    return wrong + _copies(run) + _notices(job, mails)


def remote_jobs(job: FineTuneJob) -> list[RemoteJob]:
    tags = JobTag.objects.filter(key=TAG, value=str(job.uuid)).values("job")
    return list(RemoteJob.objects.filter(pk__in=tags).select_related("training_file", "validation_file", "result"))


def _history(job: FineTuneJob) -> list[str]:
    """The transitions are one path through states.NEXT, from NEW to where the row stands."""
    lines = list(job.transitions.order_by("pk").values_list("before", "after"))
    told = " ".join(after for _, after in lines)
    if not lines or lines[0] != ("", State.NEW):
        return [f"history does not begin with the order: {told}"]
    broken = [
        f"{before} → {after}"
        for (_, last), (before, after) in pairwise(lines)
        if last != before or State(after) not in NEXT[State(before)]
    ]
    wrong = [f"history is no path: {', '.join(broken)} in {told}"] if broken else []
    return wrong if lines[-1][1] == job.state else [*wrong, f"history ends in {lines[-1][1]}, the row in {job.state}"]


def _nothing_there(job: FineTuneJob) -> list[str]:
    wrong = [f"says {job.remote_id}, which the far side does not have"] if job.remote_id else []
    return [*wrong, "succeeded, but was never started"] if job.state == State.SUCCEEDED else wrong


def _against(job: FineTuneJob, remote: RemoteJob, now: datetime) -> list[str]:
    """The row says what the far side says, and has all that it left behind."""
    engine = Engine(remote)
    status = engine.status(now)
    wrong = []
    if job.remote_id != remote.uid:
        wrong.append(f"the far side has {remote.uid}, the row says {job.remote_id or 'nothing'}")
    if job.state != status or job.remote_status != status:
        wrong.append(f"the far side says {status}, the row {job.state} ({job.remote_status})")
    if remote.training_file.sha256 != job.trained_on.sha256:
        wrong.append("trained on other bytes")
    words = remote.faults
    events = {event["id"] for event in engine.events(now, words)}
    known = set(job.events.values_list("remote_id", flat=True))
    if known != events:
        wrong.append(f"{len(known)} events of {len(events)}")
    return wrong + (_results(job, engine, now) if status == "succeeded" else [])


def _results(job: FineTuneJob, engine: Engine, now: datetime) -> list[str]:
    points = engine.checkpoints(now)
    names = {point["fine_tuned_model_checkpoint"] for point in points} | {engine.job.tuned_name}
    have = set(TunedModel.objects.filter(job=job).values_list("name", flat=True))
    wrong = [] if have == names else [f"models {sorted(have)}, not {sorted(names)}"]
    if job.checkpoints.count() != len(points):
        wrong.append(f"{job.checkpoints.count()} checkpoints of {len(points)}")
    steps = len(list(engine.curve.points()))
    if job.metrics.count() != steps:
        wrong.append(f"numbers of {job.metrics.count()} steps of {steps}")
    if not job.result_csv or job.trained_tokens is None or job.collected_at is None:
        wrong.append("results were not fetched")
    return wrong


def _copies(run: Run) -> list[str]:
    """What the row calls the copy is at the far side, and is the file's bytes."""
    there = set(copies_of([run.sha256]).values_list("uid", flat=True))
    ours = RemoteFile.objects.filter(connection=run.connection).exclude(remote_id="")
    return [f"copy {copy.remote_id} is not there" for copy in ours if copy.remote_id not in there]


def _notices(job: FineTuneJob, mails: list[str]) -> list[str]:
    """The end is told once, and its mail went out once; none is only where its sender died while sending."""
    told = list(Notice.objects.filter(job=job))
    ends = [notice for notice in told if notice.kind == NoticeKind.ENDED]
    sent = Counter(mail for mail in mails if str(job.uuid) in mail)
    wrong = [] if len(ends) == 1 else [f"its end was told {len(ends)} times"]
    wrong += [f"mail {mail} went out {times} times" for mail, times in sent.items() if times > 1]
    for notice in ends:
        here = sum(times for mail, times in sent.items() if mail.startswith(f"<{notice.kind}."))
        if wants_mail(notice.user, job, State(job.state)) and not notice.mail_claimed_at:
            wrong.append("its mail was never sent")
        if here != 1 and notice.mailed_at:
            wrong.append(f"its mail counts as sent, and went out {here} times")
        if here and not notice.mail_claimed_at:
            wrong.append("its mail went out unclaimed")
    return wrong


def leftovers(now: datetime, runs: list[Run]) -> list[str]:
    """What must not be there when every run has ended: something due that nobody looks at, a claim, a stray job."""
    late = now - OVERDUE
    ours = [run.team.pk for run in runs]
    jobs, files = FineTuneJob.objects.filter(team__in=ours), TrainingFile.objects.filter(team__in=ours)
    wrong = [f"overdue: {job.name} {job.state}" for job in jobs.filter(due_at__lt=late)]
    wrong += [f"still claimed: {job.name} {job.state}" for job in jobs.filter(state__in=CLAIMED)]
    wrong += [f"file not checked: {file.name}" for file in files.exclude(state=FileState.READY)]
    tests = Connection.objects.filter(team__in=ours, test_due_at__lt=late)
    wrong += [f"connection not tested: {connection.name}" for connection in tests]
    tags = Counter(JobTag.objects.filter(key=TAG).values_list("value", flat=True))
    known = {str(uuid) for uuid in FineTuneJob.objects.values_list("uuid", flat=True)}
    wrong += [f"the far side trains {tag}, which nobody ordered" for tag in tags.keys() - known]
    return wrong

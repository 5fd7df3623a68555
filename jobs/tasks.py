"""Celery's side: id in, fetch (gone is fine), delegate. A lost message costs one tick."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

from celery import Task, shared_task
from django.db import connection, transaction
from django.utils import timezone

from jobs.models import (
    Candidate,
    Connection,
    Evaluation,
    FineTuneJob,
    Judging,
    Notice,
    QuestionSet,
    RemoteFile,
    Run,
    Search,
    SecondJob,
    Source,
    TrainingFile,
)
from jobs.pipeline import (
    archives,
    checking,
    copies,
    due,
    follow,
    launch,
    models,
    notice_mail,
    notices,
    passages,
    probe,
    pulse,
    searching,
    second_jobs,
    sources,
    sweeping,
)
from jobs.pipeline.evaluations import asking as evaluation_calls
from jobs.pipeline.evaluations import planning, questions, remainder, scoring
from jobs.pipeline.evaluations import working as evaluations
from jobs.pipeline.judging import asking as judge_calls
from jobs.pipeline.judging import working as judgings
from jobs.pipeline.park import is_resting
from jobs.pipeline.rescue import archive, ending, inventory
from jobs.pipeline.runs import paid, working

SAID_AGAIN = 10  # seconds: some ticks


def nudge(task: "Task[[int], None]", pk: int) -> None:
    """Send `task` after the commit. A broker that is away does no harm: the row is due, the tick comes by."""
    transaction.on_commit(partial(task.delay, pk), robust=True)


def _say(task: "Task[[int], None]", pk: int) -> None:
    """Send `task` for a row that the next tick finds again: while the worker is behind, the queue must not grow."""
    task.apply_async((pk,), expires=SAID_AGAIN)


def nudge_job(job: FineTuneJob) -> None:
    """Nudge whoever looks after `job` where it stands now."""
    if job.state in due.ON_THE_WAY:
        nudge(advance_job, job.pk)
    elif job.connection_id:
        nudge(follow_connection, job.connection_id)


@shared_task
def tick() -> None:
    """Look at what is due."""
    for pk, until in due.jobs_to_advance().items():
        advance_job.delay(pk, until.isoformat() if until else None)
    for task, pks in _due():
        for pk in pks:
            _say(task, pk)
    paid.CHUNKS.sweep()
    for pk, lanes in working.due().items():
        for _lane in range(lanes):
            _say(work_run, pk)
    evaluation_calls.ANSWERS.sweep()
    steps, candidates = evaluations.due()
    for pk in steps:
        _say(work_evaluation, pk)
    for pk in candidates:
        _say(ask_candidate, pk)
    judge_calls.JUDGMENTS.sweep()
    for pk, lanes in judgings.due().items():
        for _lane in range(lanes):
            _say(work_judging, pk)
    searching.sweep()
    notices.tell_unsure()
    for pk in notice_mail.due():
        mail_notice.delay(pk)
    pulse.beat("tick")  # at the end: a tick that broke is none


def _due() -> "Iterator[tuple[Task[[int], None], Iterable[int]]]":
    """What is due of each noun, and the task that does it."""
    yield follow_connection, due.connections_to_follow()
    yield look_for_second_jobs, second_jobs.to_look_for()
    yield look_at_second_job, second_jobs.due().values_list("pk", flat=True)[: second_jobs.AT_ONCE]
    yield check_file, due.files_to_check()
    yield read_source, sources.due()
    yield test_connection, probe.due().values_list("pk", flat=True)
    yield list_models, probe.to_list_again()
    yield delete_copy, copies.due().values_list("pk", flat=True)[: copies.AT_ONCE]
    yield look_at_archive, archives.due().values_list("pk", flat=True)[: archives.AT_ONCE]
    yield delete_model, models.due().values_list("pk", flat=True)[: models.AT_ONCE]
    yield search_passage, searching.due().values_list("pk", flat=True)[: searching.AT_ONCE]
    yield begin_evaluation, planning.due()
    yield make_questions, questions.due()
    yield score_evaluation, scoring.due()
    yield read_inventory, inventory.due().values_list("pk", flat=True)[: inventory.AT_ONCE]
    yield archive_model, archive.due().values_list("pk", flat=True)[: archive.AT_ONCE]


@shared_task
def advance_job(pk: int, until: str | None = None) -> None:
    """Take an order one step on, and the next step at once if it may be taken. `until`: as the tick took it."""
    job = FineTuneJob.objects.select_related("connection", "training_file", "validation_file").filter(pk=pk).first()
    if job is None or not due.take(job, datetime.fromisoformat(until) if until else None):
        return
    launch.advance(job)
    if job.state in due.ON_THE_WAY and not _rests(job) and job.due_at and job.due_at <= timezone.now():
        advance_job.delay(pk)


def _rests(job: FineTuneJob) -> bool:
    return job.connection is not None and is_resting(job.connection)


@shared_task
def follow_connection(pk: int) -> None:
    connection = Connection.objects.filter(pk=pk).first()
    if connection:
        follow.follow(connection)


@shared_task
def look_for_second_jobs(pk: int) -> None:
    job = FineTuneJob.objects.select_related("connection", "training_file", "team").filter(pk=pk).first()
    if job:
        second_jobs.look_for(job)


@shared_task
def look_at_second_job(pk: int) -> None:
    second = SecondJob.objects.select_related("job__connection").filter(pk=pk).first()
    if second:
        second_jobs.look(second)


@shared_task
def delete_copy(pk: int) -> None:
    copy = RemoteFile.objects.filter(pk=pk).first()
    if copy:
        copies.delete(copy)


@shared_task
def look_at_archive(pk: int) -> None:
    archives.look(pk)


@shared_task
def delete_model(pk: int) -> None:
    models.delete(pk)


@shared_task
def check_file(pk: int) -> None:
    file = TrainingFile.objects.filter(pk=pk).first()
    if file:
        checking.check(file)


@shared_task
def read_source(pk: int) -> None:
    source = Source.objects.filter(pk=pk).first()
    if source:
        sources.read(source)


@shared_task
def search_passage(pk: int) -> None:
    search = Search.objects.filter(pk=pk).first()
    if search:
        passages.work(search)


@shared_task
def test_connection(pk: int) -> None:
    connection = Connection.objects.alive().filter(pk=pk).first()
    if connection:
        probe.test(connection)


@shared_task
def list_models(pk: int) -> None:
    connection = Connection.objects.filter(pk=pk).first()
    if connection:
        probe.list_again(connection)


@shared_task
def mail_notice(pk: int) -> None:
    notice = Notice.objects.select_related("user", "job__team", "team").filter(pk=pk, mail_due_at__isnull=False).first()
    if notice:
        notice_mail.send(notice)


@shared_task
def remind_of_ends() -> None:
    ending.remind()


@shared_task
def look_at_tables() -> None:
    """Have SQLite plan by what its tables hold; else it thinks that a team has ten jobs. PostgreSQL looks by itself."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit=1000")  # rows of each index: 40 ms for a hundred thousand jobs
            cursor.execute("ANALYZE")


@shared_task
def sweep_halves() -> None:
    sweeping.sweep()


@shared_task
def work_run(pk: int) -> None:
    """Take a run one step on, and the next at once where there is one."""
    run = Run.objects.select_related("connection", "team", "created_by").filter(pk=pk).first()
    if run and working.work(run):
        _say(work_run, pk)


@shared_task
def work_evaluation(pk: int) -> None:
    evaluation = Evaluation.objects.filter(pk=pk).first()
    if evaluation and evaluations.work(evaluation):
        for candidate in evaluations.lanes(pk):
            ask_candidate.delay(candidate)


@shared_task
def ask_candidate(pk: int) -> None:
    candidate = Candidate.objects.select_related("evaluation", "connection", "tuned_model__job").filter(pk=pk).first()
    if candidate and evaluations.ask(candidate):
        ask_candidate.delay(pk)


@shared_task
def work_judging(pk: int) -> None:
    """Take a judge one step on, and the next at once where there is one."""
    judging = Judging.objects.select_related("connection", "evaluation").filter(pk=pk).first()
    if judging and judgings.work(judging):
        _say(work_judging, pk)


@shared_task
def score_evaluation(pk: int) -> None:
    evaluation = Evaluation.objects.filter(pk=pk).first()
    if evaluation:
        scoring.score(evaluation)


@shared_task
def begin_evaluation(pk: int) -> None:
    planning.begin(pk)


@shared_task
def make_questions(pk: int) -> None:
    made = QuestionSet.objects.select_related("training_file").filter(pk=pk).first()
    if made:
        questions.make(made)
        made.refresh_from_db()
        if rest := remainder.order_remainder(made, made.created_by):
            check_file.delay(rest.file.pk)


@shared_task
def read_inventory(pk: int) -> None:
    inventory.read(pk)


@shared_task
def archive_model(pk: int) -> None:
    job = archive.take_in(pk)
    if job:
        advance_job.delay(job.pk)

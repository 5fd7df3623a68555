"""A team with evaluations and rescues at every step, with votes, a judge, and with one that followed a job."""

from typing import Any

from django.utils import timezone

from jobs.models import (
    Answer,
    Candidate,
    CandidateKind,
    Choice,
    Connection,
    Evaluation,
    FineTuneJob,
    Inventory,
    Judging,
    Judgment,
    PlannedEvaluation,
    Question,
    QuestionSet,
    RemoteModel,
    SavedPrompt,
    User,
    Vote,
)
from tests.browser.seed_evaluations import evaluations
from tests.browser.seed_rescue import rescues

MODELS: tuple[Any, ...] = (
    *(QuestionSet, Question, SavedPrompt, Evaluation, Candidate, Answer, Vote, Judging, Judgment),
    *(PlannedEvaluation, RemoteModel),
)


def fill(job: FineTuneJob, service: Connection, owner: User, *voters: User) -> None:
    """`job` has succeeded; `service` is the one that will switch its models off. Nothing of it is due."""
    evaluations(job.team, owner, job.service, job)
    rescues(job.team, owner, service, job)
    compared = Evaluation.objects.filter(candidates__kind=CandidateKind.RECORDED).earliest("pk")
    a, b = compared.candidates.all()
    question = a.question_set.questions.earliest("pk")
    for voter, choice in zip(voters, (Choice.A, Choice.TIE), strict=False):
        Vote.objects.create(evaluation=compared, question=question, a=a, b=b, user=voter, choice=choice)
    _judge(compared, service, owner)
    SavedPrompt.objects.create(team=job.team, name="겨울", system_prompt="짧게.", text="첫눈, 골목", created_by=owner)
    about = {"question_set": a.question_set, "evaluation": compared, "created_by": owner}
    PlannedEvaluation.objects.create(job=job, ended_at=timezone.now(), **about)


def _judge(compared: Evaluation, service: Connection, owner: User) -> None:
    about: dict[str, Any] = {"connection": service, "model": "judge", "rubric": "더 짧은 쪽", "created_by": owner}
    judging = Judging.objects.create(evaluation=compared, name="심판", state="done", due_at=None, **about)
    for place, (first, second) in enumerate(
        zip(*(one.answers.all() for one in compared.candidates.all()), strict=True)
    ):
        about = {"a": first, "b": second, "answer": "A", "vote": "first", "state": "done"}
        Judgment.objects.create(judging=judging, position=place, in_reverse=bool(place % 2), **about)


def rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of theirs, in every column."""
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in (*MODELS, Inventory)}

"""A team with evaluations and rescues at every step, with votes, and with one that followed a job."""

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
    PlannedEvaluation,
    Question,
    QuestionSet,
    RemoteModel,
    User,
    Vote,
)
from tests.browser.seed_evaluations import evaluations
from tests.browser.seed_rescue import rescues

MODELS: tuple[Any, ...] = (QuestionSet, Question, Evaluation, Candidate, Answer, Vote, PlannedEvaluation, RemoteModel)


def fill(job: FineTuneJob, service: Connection, owner: User, *voters: User) -> None:
    """`job` has succeeded; `service` is the one that will switch its models off. Nothing of it is due."""
    evaluations(job.team, owner, job.service, job)
    rescues(job.team, owner, service, job)
    compared = Evaluation.objects.filter(candidates__kind=CandidateKind.RECORDED).earliest("pk")
    a, b = compared.candidates.all()
    question = a.question_set.questions.earliest("pk")
    for voter, choice in zip(voters, (Choice.A, Choice.TIE), strict=False):
        Vote.objects.create(evaluation=compared, question=question, a=a, b=b, user=voter, choice=choice)
    about = {"question_set": a.question_set, "evaluation": compared, "created_by": owner}
    PlannedEvaluation.objects.create(job=job, ended_at=timezone.now(), **about)


def rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of theirs, in every column."""
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in (*MODELS, Inventory)}

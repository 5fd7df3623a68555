"""Evaluations ordered with a job: begun by the worker once the job has made its model, within the cap of the order."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs.models import (
    Candidate,
    CandidateKind,
    Connection,
    Evaluation,
    FineTuneJob,
    PlannedEvaluation,
    QuestionSet,
    TunedModel,
)
from jobs.models.paid import NANO
from jobs.pipeline.evaluations.estimate import Estimate, estimate
from jobs.pipeline.evaluations.ordering import place
from jobs.pipeline.talk import offers
from jobs.states import FINAL, State

AT_ONCE = 20  # a tick
NO_MODEL = gettext_noop("The job made no model, so no question was sent.")


def price(questions: QuestionSet, connection: Connection, base: str) -> Estimate:
    """What it costs at most, before there is a model: the base, and a model that is billed like it."""
    engine = connection.engine_of(base)
    about = {"connection": connection, "model": base, "price_as": base, "engine": engine, "question_set": questions}
    prompt = questions.system_prompt
    pair = [Candidate(kind=kind, system_prompt=prompt, **about) for kind in (CandidateKind.TUNED, CandidateKind.BASE)]
    return estimate(Evaluation(), pair)


def due() -> list[int]:
    rows = PlannedEvaluation.objects.filter(ended_at=None, job__state__in=FINAL).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:AT_ONCE])


@transaction.atomic
def begin(pk: int) -> None:
    """Order the evaluation if the job has its model. Two workers at once order one."""
    plan = PlannedEvaluation.objects.select_for_update().filter(pk=pk, ended_at=None).first()
    if plan is None:
        return
    job = FineTuneJob.objects.select_related("connection", "team").get(pk=plan.job_id)
    model = TunedModel.objects.filter(job=job, step=None).first()
    if job.state != State.SUCCEEDED or (model is None and job.collected_at):
        plan.trouble = NO_MODEL
    elif model is None:
        return  # the service has not named it yet
    else:
        plan.evaluation = _ordered(plan, job, model)
    plan.ended_at = timezone.now()
    plan.save(update_fields=["trouble", "evaluation", "ended_at"])


def _ordered(plan: PlannedEvaluation, job: FineTuneJob, model: TunedModel) -> Evaluation:
    questions = plan.question_set
    candidates = [_of_model(model, questions), *_compared(job, questions)]
    row = Evaluation(team=job.team, created_by=plan.created_by, job=job, name=f"{job.name} · {questions.name}"[:120])
    expected = estimate(row, candidates)
    row.estimate = expected.as_dict()
    bound = None if not expected.usd else int((expected.cap or 0) * NANO)
    row.cap_nano = None if bound is None else min(bound, plan.cap_nano) if plan.cap_nano else bound
    return place(row, candidates)


def _of_model(model: TunedModel, questions: QuestionSet) -> Candidate:
    kind = CandidateKind.TUNED if model.step is None else CandidateKind.CHECKPOINT
    return Candidate(
        kind=kind,
        connection=model.connection,
        model=model.name,
        engine=model.engine,
        price_as=model.base,
        tuned_model=model,
        question_set=questions,
        system_prompt=questions.system_prompt,
    )


def _compared(job: FineTuneJob, questions: QuestionSet) -> list[Candidate]:
    """The base; where only training gives it weights, the job's earliest checkpoint stands in for it."""
    if any(offer.kind == "base" for offer in offers(job)):
        base = Candidate(kind=CandidateKind.BASE, connection=job.service, model=job.base_model, question_set=questions)
        base.engine, base.system_prompt = job.service.engine_of(job.base_model), questions.system_prompt
        return [base]
    early = TunedModel.objects.filter(job=job, step__isnull=False).order_by("step").first()
    return [_of_model(early, questions)] if early else []

"""What models say while they live: questions from the file that each learnt, one order for all, within one cap."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from jobs import pricing
from jobs.models import (
    Answer,
    Candidate,
    CandidateKind,
    Connection,
    Evaluation,
    EvaluationKind,
    QuestionOrigin,
    QuestionSet,
    QuestionState,
    RemoteModel,
    Team,
    TrainingFile,
    TunedModel,
    User,
)
from jobs.models.paid import NANO
from jobs.pipeline.evaluations import estimate, ordering, questions
from jobs.pipeline.rescue.overview import unrecorded
from jobs.run_states import ChunkState
from jobs.training_data.findings import PERSONAL

MOST_EACH = 200  # questions of one model
MOST_MODELS = 2_000  # of one order
NO_QUESTIONS = Q(question_set=None) | Q(question_set__state=QuestionState.FAILED)


class Part(NamedTuple):
    """One model of the order, with what it may cost; `nano` is None where its price is unknown."""

    model: RemoteModel
    candidate: Candidate
    calls: int
    prompt_tokens: int
    nano: int | None

    @property
    def usd(self) -> Decimal | None:
        return None if self.nano is None else self.nano / NANO


@dataclass
class Plan:
    parts: list[Part] = field(default_factory=list)
    making: list[RemoteModel] = field(default_factory=list)  # their questions are being read
    without: list[RemoteModel] = field(default_factory=list)  # nobody chose questions for them

    @property
    def calls(self) -> int:
        return sum(part.calls for part in self.parts)

    @property
    def unpriced(self) -> list[Part]:
        return [part for part in self.parts if part.nano is None]

    @property
    def usd(self) -> Decimal:
        """The most that all those cost whose price is known."""
        return sum(part.nano or 0 for part in self.parts) / NANO

    @property
    def is_priced(self) -> bool:
        return any(part.nano for part in self.parts)

    @property
    def cap(self) -> Decimal:
        return self.usd.quantize(pricing.CENT, rounding=ROUND_UP)

    @property
    def shown(self) -> str:
        """What the button carries, so that an order is for the models and the price that a person saw."""
        return f"{len(self.parts)}:{len(self.unpriced)}:{self.usd}"

    @property
    def is_too_long(self) -> bool:
        return self.calls > estimate.MOST_CALLS or len(self.parts) > MOST_MODELS

    def as_dict(self) -> dict[str, object]:
        found = estimate.Estimate([estimate.Part(*part[1:]) for part in self.parts])
        return found.as_dict()


def to_record(models: QuerySet[RemoteModel]) -> QuerySet[RemoteModel]:
    """Those that an order may ask: no answer of theirs is here. One that was recorded in part is retried instead."""
    done = Answer.objects.filter(candidate=OuterRef("recording"), state=ChunkState.DONE)
    return unrecorded(models).exclude(Exists(done))


def propose(models: QuerySet[RemoteModel], by: User, most: int) -> int:
    """Questions of each model's own training file, as soon as that is here. Returns for how many models."""
    count = 0
    files = TrainingFile.objects.alive().exclude(content="").exclude(Q(state="checking") | Q(state="invalid"))
    for pk in models.filter(job__training_file__in=files).values_list("job__training_file", flat=True).distinct():
        file = TrainingFile.objects.select_related("team").get(pk=pk)
        made = questions.order_file(file.team, by, file, most=most)
        count += RemoteModel.objects.filter(pk__in=models.filter(job__training_file=pk)).update(question_set=made)
    return count


def propose_lines(models: QuerySet[RemoteModel], team: Team, by: User, text: str, name: str) -> int:
    """The same written questions for all of `models` whose file gives none. Returns for how many."""
    rows = models.filter(NO_QUESTIONS | Q(question_set__origin=QuestionOrigin.LINES))
    if not rows.exists():
        return 0
    made = questions.order_lines(team, by, text, name=name)
    return RemoteModel.objects.filter(pk__in=rows.values("pk")).update(question_set=made)


def plan(models: QuerySet[RemoteModel], evaluation: Evaluation) -> Plan:
    """What recording `models` takes; `evaluation` need not be stored."""
    found = Plan()
    rows = models.select_related("question_set").defer("raw").order_by("shutdown_date", "name", "pk")[:MOST_MODELS]
    models_of_team = {(one.connection_id, one.name): one for one in TunedModel.objects.filter(team=evaluation.team)}
    connections = {one.pk: one for one in Connection.objects.filter(team=evaluation.team)}
    ready: dict[int, tuple[QuestionSet, list[int]]] = {}
    for model in rows:
        made = model.question_set
        if made is None or made.deleted_at or made.state == QuestionState.FAILED:
            found.without.append(model)
        elif made.state == QuestionState.MAKING:
            found.making.append(model)
        else:
            if made.pk not in ready:
                ready[made.pk] = made, list(made.questions.values_list("tokens", flat=True))
            tuned = models_of_team.get((model.connection_id, model.name))
            candidate = _candidate(model, connections[model.connection_id], tuned, ready[made.pk][0])
            found.parts.append(_part(evaluation, model, candidate, ready[made.pk][1]))
    return found


def _candidate(model: RemoteModel, connection: Connection, tuned: TunedModel | None, made: QuestionSet) -> Candidate:
    return Candidate(
        kind=CandidateKind.TUNED,
        connection=connection,
        model=model.name,
        engine=connection.engine_of(model.name),
        price_as=model.base,
        tuned_model=tuned,
        question_set=made,
        system_prompt=made.system_prompt,
    )


def _part(evaluation: Evaluation, model: RemoteModel, candidate: Candidate, tokens: list[int]) -> Part:
    """As `estimate` counts it; a thousand models of few files read each file's questions once."""
    each = estimate.overhead(candidate)
    counted = Counter(tokens)
    bounds = (many * estimate.bound(candidate, count + each, evaluation.max_tokens) for count, many in counted.items())
    unknown = None in estimate.prices_of(candidate)
    total = sum(tokens) + len(tokens) * each
    return Part(model, candidate, len(tokens), total, None if unknown else sum(bounds))


def order(evaluation: Evaluation, chosen: Plan) -> Evaluation:
    """Place it: each model of the plan is a candidate. The same order token again is an IntegrityError."""
    evaluation.kind = EvaluationKind.RECORDING
    evaluation.estimate = chosen.as_dict()
    with transaction.atomic():
        ordering.place(evaluation, [part.candidate for part in chosen.parts])
        for part in chosen.parts:
            part.model.recording = part.candidate
        RemoteModel.objects.bulk_update([part.model for part in chosen.parts], ["recording"], batch_size=200)
    return evaluation


class Personal(NamedTuple):
    """What the files hold that the questions come from, and that goes to a service outside this machine."""

    kinds: dict[str, int]  # code of a finding: in how many examples
    files: int
    unread: int  # files in which nobody looked for it


def personal(candidates: Iterable[Candidate]) -> Personal:
    outside = {one.question_set_id for one in candidates if not one.connection.about.bundled}
    files = TrainingFile.objects.filter(question_sets__in=outside).distinct()
    kinds, found, unread = Counter[str](), 0, 0
    for findings, looked in files.values_list("report__findings", "report__statistics__personal"):
        counts = {one["code"]: one["count"] for one in findings or () if one["code"].startswith(PERSONAL)}
        kinds.update(counts)
        found += bool(counts)
        unread += not looked
    return Personal(dict(kinds), found, unread)

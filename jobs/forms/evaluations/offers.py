"""Models that an evaluation can ask: what was tuned, its bases, and plain chat models, of all a team's connections."""

from dataclasses import dataclass, field, replace

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs import pricing
from jobs.engines import Engine
from jobs.forms.recipe import chat_offers
from jobs.models import Candidate, CandidateKind, Connection, QuestionSet, Team, TrainingFile, TunedModel
from jobs.pipeline.calls.caller import prices

MOST_TUNED = 60  # the newest
GROUPS: tuple[tuple[tuple[str, ...], str | Promise], ...] = (
    ((CandidateKind.TUNED, CandidateKind.CHECKPOINT), _("Tuned models")),
    ((CandidateKind.BASE,), _("Their base models")),
    ((CandidateKind.CHAT,), _("Other chat models")),
)


@dataclass(frozen=True)
class Offer:
    kind: str
    connection: Connection
    model: str
    price_as: str = ""
    tuned: TunedModel | None = None
    label: str | Promise = field(default="", compare=False)
    few_shot: int = 0
    examples: TrainingFile | None = None
    recorded: Candidate | None = None

    @property
    def value(self) -> str:
        return f"{self.connection.uuid}|{self.model}"

    @property
    def key(self) -> tuple[str, str, int]:
        """Two of one key are the same candidate."""
        return self.kind, self.value, self.few_shot

    @property
    def engine(self) -> str:
        if self.recorded:
            return self.recorded.engine
        return self.tuned.engine if self.tuned else self.connection.engine_of(self.model)

    @property
    def is_simulated(self) -> bool:
        return self.engine == Engine.SIMULATED

    @property
    def prices(self) -> tuple[object, object]:
        return prices(self.connection, self.price_as or self.model, self.engine)

    @property
    def is_known(self) -> bool:
        return None not in self.prices

    def candidate(self, questions: QuestionSet, system_prompt: str) -> Candidate:
        """The row, not stored yet."""
        return Candidate(
            kind=self.kind,
            connection=self.connection,
            model=self.model,
            engine=self.engine,
            price_as=self.price_as,
            tuned_model=self.tuned,
            question_set=questions,
            system_prompt=self.recorded.system_prompt if self.recorded else system_prompt,
            few_shot=self.few_shot,
            examples_file=self.examples,
            recorded=self.recorded,
        )


def offers_of(team: Team) -> list[Offer]:
    """Tuned ones first, the newest first; then their bases; then what else can be talked to."""
    connections = list(team.connections.alive())
    known = {connection.pk: connection for connection in connections}
    rows = TunedModel.objects.alive().filter(team=team, connection__in=connections).select_related("job")
    newest = sorted(rows[:MOST_TUNED], key=lambda model: model.step is not None)  # checkpoints after final models
    tuned = [_tuned(model, known[model.connection_id]) for model in newest]
    bases = {(offer.connection.pk, offer.price_as) for offer in tuned}
    chat = [_chat(connection, offer["model"], bases) for connection in connections for offer in chat_offers(connection)]
    chat.sort(key=lambda offer: offer.kind != CandidateKind.BASE)
    return [*tuned, *chat]


def _tuned(model: TunedModel, connection: Connection) -> Offer:
    kind = CandidateKind.TUNED if model.step is None else CandidateKind.CHECKPOINT
    return Offer(kind, connection, model.name, model.base, model, model.job.name)


def _chat(connection: Connection, model: str, bases: set[tuple[int, str]]) -> Offer:
    kind = CandidateKind.BASE if (connection.pk, model) in bases else CandidateKind.CHAT
    known = pricing.base(connection.profile, model, connection.engine_of(model))
    return Offer(kind, connection, model, label=known.label if known else model)


def with_examples(offer: Offer, count: int, file: TrainingFile) -> Offer:
    return replace(offer, kind=CandidateKind.FEW_SHOT, few_shot=count, examples=file)


def of_recording(kept: Candidate) -> Offer:
    return Offer(CandidateKind.RECORDED, kept.connection, kept.model, kept.price_as, recorded=kept)


def grouped(offers: list[Offer]) -> list[tuple[str | Promise, list[Offer]]]:
    """Each group that has any, under its heading."""
    found = ((label, [offer for offer in offers if offer.kind in kinds]) for kinds, label in GROUPS)
    return [(label, some) for label, some in found if some]

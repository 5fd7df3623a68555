"""An order that has a chat model judge pairs of answers, and each of its replies (ADR 0048)."""

from decimal import Decimal

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.engines import Engine
from jobs.models.connection import Connection
from jobs.models.evaluation import LABELS, Answer, Evaluation
from jobs.models.paid import PaidCall, PaidOrder
from jobs.models.team import Anyone
from jobs.run_states import RUN_ACTIVE, RunState


class JudgingQuerySet(models.QuerySet["Judging"]):
    def visible_to(self, user: Anyone) -> "JudgingQuerySet":
        return self.filter(evaluation__team__members__user_id=user.pk or 0)

    def due(self) -> "JudgingQuerySet":
        return self.filter(due_at__lte=timezone.now())

    def active(self) -> "JudgingQuerySet":
        return self.filter(state__in=RUN_ACTIVE)


class Judging(PaidOrder):
    """One model judges the answers of one evaluation that is done."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="judgings")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="judgings")
    model = models.CharField(_("model"), max_length=300)
    engine = models.CharField(_("engine"), max_length=16, choices=Engine.choices, blank=True)  # empty: not known
    price_as = models.CharField(max_length=200, blank=True)  # whose price counts: a tuned model is billed like its base
    rubric = models.TextField(_("rubric"), blank=True)  # empty: ours, in the language of each question
    max_tokens = models.PositiveIntegerField(_("tokens at most"), default=16)
    of_candidates = models.BooleanField(default=False)  # it is one of the models, or made from the same one

    objects = JudgingQuerySet.as_manager()

    class Meta:
        verbose_name = _("judging")
        verbose_name_plural = _("judgings")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "connection", "model"],
                condition=models.Q(state__in=sorted(RUN_ACTIVE)),
                name="each_judge_once_at_a_time",
            )
        ]
        indexes = [models.Index(fields=["due_at"], name="judgings_due", condition=models.Q(due_at__isnull=False))]

    @property
    def state_label(self) -> str:
        return str({**LABELS, RunState.RUNNING: _("Judging")}.get(RunState(self.state), RunState(self.state).label))

    @property
    def spent_usd(self) -> Decimal | None:
        """None where its price is unknown."""
        return None if self.estimate.get("usd") is None else self.known_usd


class Side(models.TextChoices):
    """What a reply is for, by the order in which the answers were shown."""

    FIRST = "first", _("the first")
    SECOND = "second", _("the second")
    TIE = "tie", _("both alike")


class Judgment(PaidCall):
    """The judge's reply to two answers in one order. `answer` is the reply, as it came."""

    judging = models.ForeignKey(Judging, on_delete=models.CASCADE, related_name="judgments", db_index=False)
    a = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="judged")
    b = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="+")  # that `a` is held against
    in_reverse = models.BooleanField(default=False)  # `b` was shown first
    vote = models.CharField(max_length=6, choices=Side.choices, blank=True)
    no_vote = models.CharField(max_length=12, blank=True)  # why there is none: scoring.records.NoVote
    finish_reason = models.CharField(max_length=300, blank=True)
    model_named = models.CharField(max_length=300, blank=True)  # by the service, in its reply
    seconds = models.FloatField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("judgment")
        verbose_name_plural = _("judgments")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["judging", "position"], name="each_judgment_once")]
        indexes = [
            models.Index(fields=["judging", "state", "position"], name="judgments_by_state"),
            models.Index(
                fields=["claimed_until"], name="judgments_claimed", condition=models.Q(claimed_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.judging_id} · {self.position}"

    @property
    def prefers(self) -> str:
        """Which of the two: "a", "b" or "tie"; empty where the reply holds no vote."""
        if not self.vote or self.vote == Side.TIE:
            return self.vote
        return "a" if (self.vote == Side.FIRST) != self.in_reverse else "b"

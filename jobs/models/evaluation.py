"""An order that puts questions to models: each model, and what each said (ADR 0044)."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs import pricing
from jobs.engines import Engine
from jobs.models.connection import Connection
from jobs.models.job import FineTuneJob
from jobs.models.paid import NANO, PaidCall, PaidOrder
from jobs.models.questions import Question, QuestionSet
from jobs.models.team import Anyone, Team
from jobs.models.training_file import TrainingFile
from jobs.models.tuned_model import TunedModel
from jobs.run_states import RunState


class EvaluationKind(models.TextChoices):
    COMPARISON = "comparison", _("Comparison")
    RECORDING = "recording", _("Recording")  # what models say while they live, each with questions of its own


class CandidateKind(models.TextChoices):
    TUNED = "tuned", _("Tuned model")
    CHECKPOINT = "checkpoint", _("Checkpoint")
    BASE = "base", _("Base model")
    CHAT = "chat", _("Chat model")
    FEW_SHOT = "few_shot", _("Chat model with examples")
    RECORDED = "recorded", _("Recorded answers")  # nothing is asked: they were, by an earlier evaluation


class CandidateState(models.TextChoices):
    OPEN = "open", _("Open")
    STOPPED = "stopped", _("Stopped")  # until a person lets it go on
    REFUSED = "refused", _("Refused")  # the service has no such model, or not for this key


class EvaluationQuerySet(models.QuerySet["Evaluation"]):
    def visible_to(self, user: Anyone) -> "EvaluationQuerySet":
        return self.filter(team__members__user_id=user.pk or 0)

    def due(self) -> "EvaluationQuerySet":
        return self.filter(due_at__lte=timezone.now())


class Evaluation(PaidOrder):
    """One order. Its cap is for all its candidates together."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="evaluations")
    kind = models.CharField(max_length=12, choices=EvaluationKind.choices, default=EvaluationKind.COMPARISON)
    job = models.ForeignKey(FineTuneJob, null=True, blank=True, on_delete=models.PROTECT, related_name="evaluations")
    temperature = models.FloatField(_("temperature"), default=0.0)
    max_tokens = models.PositiveIntegerField(_("tokens at most"), default=512)
    repetitions = models.PositiveSmallIntegerField(_("repetitions"), default=1)
    verdict = models.JSONField(default=dict, blank=True)  # as pipeline.evaluations.verdicts makes it
    # Its answers are scored then, once all have come; a lease while a worker scores them.
    score_due_at = models.DateTimeField(null=True, blank=True)

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["team", "-created_at", "-id"], name="evaluations_newest_first"),
            models.Index(fields=["due_at"], name="evaluations_due", condition=models.Q(due_at__isnull=False)),
            models.Index(
                fields=["score_due_at"], name="evaluations_to_score", condition=models.Q(score_due_at__isnull=False)
            ),
        ]

    @property
    def state_label(self) -> str:
        return str(LABELS.get(RunState(self.state), RunState(self.state).label))

    @property
    def spent_usd(self) -> Decimal | None:
        """None where a price is unknown."""
        return None if self.estimate.get("usd") is None else self.spent_nano / NANO


LABELS = {RunState.PREPARING: _("Preparing the questions"), RunState.RUNNING: _("Asking")}


class Candidate(models.Model):
    """One model of an evaluation, with the prompt that it gets: a lane of the order."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="candidates", db_index=False)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=CandidateKind.choices)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="candidates")
    model = models.CharField(_("model"), max_length=300)
    engine = models.CharField(_("engine"), max_length=16, choices=Engine.choices, blank=True)  # empty: not known
    price_as = models.CharField(max_length=200, blank=True)  # whose price counts: a tuned model is billed like its base
    tuned_model = models.ForeignKey(
        TunedModel, null=True, blank=True, on_delete=models.PROTECT, related_name="candidates"
    )
    question_set = models.ForeignKey(QuestionSet, on_delete=models.PROTECT, related_name="candidates")
    system_prompt = models.TextField(blank=True)
    few_shot = models.PositiveSmallIntegerField(default=0)  # examples before each question, of this file:
    examples_file = models.ForeignKey(
        TrainingFile, null=True, blank=True, on_delete=models.PROTECT, related_name="examples_of"
    )
    # Where its answers were recorded before: of the kind RECORDED alone.
    recorded = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="compared")
    state = models.CharField(max_length=8, choices=CandidateState.choices, default=CandidateState.OPEN)
    trouble = models.TextField(blank=True)
    refused_by = models.PositiveSmallIntegerField(null=True, blank=True)  # the status of the answer that refused it
    tries = models.PositiveIntegerField(default=0)  # calls in a row that brought nothing
    wait_until = models.DateTimeField(null=True, blank=True)  # the service is left alone for this model till then

    class Meta:
        verbose_name = _("candidate")
        verbose_name_plural = _("candidates")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["evaluation", "position"], name="each_candidate_once")]

    def __str__(self) -> str:
        return self.model

    @property
    def off_since(self) -> date | None:
        """The day on which its service switched it off, where one is known and past."""
        known = pricing.base(self.connection.profile, self.price_as or self.model, self.engine)
        day = (self.tuned_model.shutdown_date if self.tuned_model else None) or (known.shutdown if known else None)
        return day if day and day <= timezone.now().date() else None


class Answer(PaidCall):
    """One question put to one candidate, and everything that is known of what came back."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="answers", db_index=False)
    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="answers", db_index=False)
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers")
    repetition = models.PositiveSmallIntegerField(default=0)
    finish_reason = models.CharField(max_length=300, blank=True)
    model_named = models.CharField(max_length=300, blank=True)  # by the service, in its answer
    seconds = models.FloatField(null=True, blank=True)  # that the call took
    answered_at = models.DateTimeField(null=True, blank=True)
    scores = models.JSONField(default=dict, blank=True)
    examples = models.JSONField(
        default=dict, blank=True
    )  # before the question; as pipeline.evaluations.examples has it

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["evaluation", "position"], name="each_answer_once"),
            models.UniqueConstraint(fields=["candidate", "question", "repetition"], name="each_question_asked_once"),
        ]
        indexes = [
            models.Index(fields=["evaluation", "state", "position"], name="answers_by_state"),
            models.Index(fields=["candidate", "state", "position"], name="answers_of_candidate"),
            models.Index(
                fields=["candidate", "state", "prompt_tokens", "completion_tokens"], name="answers_and_tokens"
            ),  # what a page says of each candidate, answered by the index alone
            models.Index(fields=["evaluation", "position"], name="answers_odd", condition=models.Q(odd=True)),
            models.Index(
                fields=["claimed_until"], name="answers_claimed", condition=models.Q(claimed_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evaluation_id} · {self.position}"

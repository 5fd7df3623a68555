"""Questions that are put to models: a set of them, and each one."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.team import Anyone, Team
from jobs.models.training_file import TrainingFile


class QuestionOrigin(models.TextChoices):
    HELD_OUT = "held_out", _("Set aside from a file")
    FILE = "file", _("A file")
    LINES = "lines", _("Written by hand")
    PROMPTS = "prompts", _("Saved prompts")
    TALKS = "talks", _("Talks of the playground")


class QuestionState(models.TextChoices):
    MAKING = "making", _("Being read")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class QuestionSetQuerySet(models.QuerySet["QuestionSet"]):
    def visible_to(self, user: Anyone) -> "QuestionSetQuerySet":
        return self.filter(team__members__user_id=user.pk or 0)

    def due(self) -> "QuestionSetQuerySet":
        return self.filter(due_at__lte=timezone.now())


class QuestionSet(models.Model):
    """One version of some questions. Once an evaluation uses it, it is locked: a change makes a new version."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="question_sets")
    name = models.CharField(_("name"), max_length=120)
    number = models.PositiveIntegerField(default=1)  # of this version
    before = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="later")
    origin = models.CharField(max_length=8, choices=QuestionOrigin.choices)
    # The file that they come from, or that a model they are for was trained on.
    training_file = models.ForeignKey(
        TrainingFile, null=True, blank=True, on_delete=models.PROTECT, related_name="question_sets"
    )
    # {"seed": 7, "share": 0.1, "most": 48}: how they were chosen; or {"lines": […]}: what was written
    options = models.JSONField(default=dict, blank=True)
    system_prompt = models.TextField(blank=True)  # the trained one, which every candidate gets unless it has another
    state = models.CharField(max_length=8, choices=QuestionState.choices, default=QuestionState.MAKING)
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)  # read next; a lease while it is read
    trouble = models.TextField(blank=True)
    left_out = models.JSONField(default=dict, blank=True)  # {"reason": how many}
    count = models.PositiveIntegerField(default=0)
    locked_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0)  # grows with every visible change
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = QuestionSetQuerySet.as_manager()

    class Meta:
        verbose_name = _("question set")
        verbose_name_plural = _("question sets")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["team", "-created_at", "-id"], name="question_sets_newest_first"),
            models.Index(fields=["due_at"], name="question_sets_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    """What is put to a model, without the system prompt, and what a good answer is where that is known."""

    question_set = models.ForeignKey(QuestionSet, on_delete=models.CASCADE, related_name="questions", db_index=False)
    position = models.PositiveIntegerField()
    messages = models.JSONField(default=list)  # [{"role": "user", "content": "…"}, …], the last of a user
    reference = models.TextField(blank=True)
    line = models.PositiveIntegerField(null=True, blank=True)  # of the file that it comes from
    tokens = models.PositiveIntegerField(default=0)  # of `messages`, by o200k

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["question_set", "position"], name="each_question_once")]

    def __str__(self) -> str:
        return f"{self.question_set_id} · {self.position}"

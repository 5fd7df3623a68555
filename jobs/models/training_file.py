"""One immutable version of training data."""

from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jobs.methods import TRAINS_ON, Method, method_for
from jobs.models.team import Anyone, Team


class FileState(models.TextChoices):
    CHECKING = "checking", pgettext_lazy("training file", "Checking")
    READY = "ready", _("Ready")
    INVALID = "invalid", _("Has faults")


class FileFormat(models.TextChoices):
    CHAT = "chat", _("Chat")
    LEGACY = "legacy", _("Prompt and completion (legacy)")
    PREFERENCE = "preference", _("Preferences (DPO)")
    REINFORCEMENT = "reinforcement", _("Reinforcement (RFT)")
    UNKNOWN = "unknown", _("Unknown")


class Origin(models.TextChoices):
    """How a version came to be."""

    UPLOADED = "uploaded", _("Uploaded")
    CONVERTED = "converted", _("Converted to chat")
    FETCHED = "fetched", _("Fetched from the service")
    EDITED = "edited", _("Edited by hand")
    REPAIRED = "repaired", _("Text repaired")
    MASKED = "masked", _("Personal data masked")
    REDUCED = "reduced", _("Examples left out")
    SPLIT = "split", _("Split")
    SAMPLED = "sampled", _("Sampled")
    SHUFFLED = "shuffled", _("Shuffled")
    MERGED = "merged", _("Merged")
    PROMPTED = "prompted", _("System prompt set")
    MAPPED = "mapped", _("Made from a table")
    RECIPE = "recipe", _("Made from text")


# Codes of what may become data by another reading of it: JSON of other programs, or under other names.
CONVERTIBLE = (
    "spread_over_lines", "unknown_format", "key_misspelt", "key_unknown", "keys_without_value", "labelled",
    "preference_key_missing", "preference_other_names",
)  # fmt: skip
TABLES = ("table", "json_array")  # codes of what is no data yet: somebody has to say which column is what


class TrainingFileQuerySet(models.QuerySet["TrainingFile"]):
    def visible_to(self, user: Anyone) -> "TrainingFileQuerySet":
        return self.filter(team__members__user_id=user.pk or 0)

    def alive(self) -> "TrainingFileQuerySet":
        return self.filter(deleted_at=None)

    def usable(self, method: str = "") -> "TrainingFileQuerySet":
        """What a job may be trained on: by that method, or by any that can be ordered."""
        fitting = [TRAINS_ON[method]] if method else [*TRAINS_ON.values()]
        return self.alive().filter(state=FileState.READY, format__in=fitting)


def stored_name(file: "TrainingFile", _filename: str) -> str:
    """Where the bytes lie under MEDIA_ROOT: never under a name that a stranger chose."""
    return f"training/{file.uuid.hex[:2]}/{file.uuid.hex}.jsonl"


class TrainingFile(models.Model):
    """Bytes, sha256, format and report. Never changed: what mends it makes a new version with a parent."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="training_files")
    name = models.CharField(_("name"), max_length=200)
    content = models.FileField(upload_to=stored_name, max_length=200)
    size = models.PositiveBigIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=FileState.choices, default=FileState.CHECKING)
    format = models.CharField(max_length=16, choices=FileFormat.choices, default=FileFormat.UNKNOWN)
    examples = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)  # of the whole file, once; o200k_base
    report = models.JSONField(default=dict, blank=True)  # training_data.checking.Report.as_dict()
    checked_bytes = models.PositiveBigIntegerField(default=0)
    checked_lines = models.PositiveBigIntegerField(default=0)
    check_due_at = models.DateTimeField(null=True, blank=True)  # a lease while a worker checks; null when done
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="versions")
    origin = models.CharField(max_length=12, choices=Origin.choices, default=Origin.UPLOADED)
    options = models.JSONField(default=dict, blank=True)  # of the origin, whole: what it takes to do it again
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = TrainingFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("training file")
        verbose_name_plural = _("training files")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "sha256"],
                condition=models.Q(deleted_at=None),
                name="same_bytes_once_per_team",
            )
        ]
        indexes = [
            models.Index(fields=["team", "-created_at"], name="files_newest_first"),
            models.Index(fields=["team", "deleted_at"], name="files_alive"),
            models.Index(fields=["team", "name"], name="files_by_name"),  # the search of jobs looks for names in it
            models.Index(fields=["check_due_at"], name="files_due", condition=models.Q(check_due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def method(self) -> Method | None:
        """How a job on this file trains; None where none can be ordered."""
        return method_for(self.format) if self.state == FileState.READY else None

    @property
    def is_table(self) -> bool:
        return any(code in self.report.get("fault_counts", {}) for code in TABLES)

    @property
    def is_convertible(self) -> bool:
        return any(code in self.report.get("fault_counts", {}) for code in (*TABLES, *CONVERTIBLE))

    @property
    def path(self) -> Path:
        return Path(self.content.path)

    @property
    def remote_name(self) -> str:
        """The name it bears at a service: it tells which bytes they are, so that a lost answer can be settled."""
        return f"{self.name.removesuffix('.jsonl')[:80]}-{self.sha256[:12]}.jsonl"

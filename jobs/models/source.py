"""A text that training data is made from."""

from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jobs.models.team import Anyone, Team


class SourceState(models.TextChoices):
    CHECKING = "checking", pgettext_lazy("source", "Reading")
    READY = "ready", _("Ready")
    INVALID = "invalid", pgettext_lazy("source", "No text")


class SourceKind(models.TextChoices):
    TXT = "txt", _("Plain text")
    MD = "md", "Markdown"
    DOCX = "docx", "Word (.docx)"
    HWPX = "hwpx", _("Hangul (.hwpx)")
    PDF = "pdf", "PDF"


class SourceQuerySet(models.QuerySet["Source"]):
    def visible_to(self, user: Anyone) -> "SourceQuerySet":
        return self.filter(team__members__user_id=user.pk or 0)

    def alive(self) -> "SourceQuerySet":
        return self.filter(deleted_at=None)

    def usable(self) -> "SourceQuerySet":
        """What a recipe may be run on."""
        return self.alive().filter(state=SourceState.READY)


def stored_name(source: "Source", _filename: str) -> str:
    """Where the bytes lie under MEDIA_ROOT: never under a name that a stranger chose."""
    return f"sources/{source.uuid.hex[:2]}/{source.uuid.hex}.{source.kind}"


class Source(models.Model):
    """Bytes as they came, and beside them their text: UTF-8, NFC, \\n. Offsets of examples count its characters."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="sources")
    name = models.CharField(_("name"), max_length=200)
    content = models.FileField(upload_to=stored_name, max_length=200)
    kind = models.CharField(max_length=4, choices=SourceKind.choices)
    size = models.PositiveBigIntegerField()  # bytes
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=SourceState.choices, default=SourceState.CHECKING)
    chosen_encoding = models.CharField(max_length=16, blank=True)  # by a person; empty: as recognised
    encoding = models.CharField(max_length=16, blank=True)  # that it was read with; a document has none
    text_path = models.CharField(max_length=200, blank=True)  # under MEDIA_ROOT; a text read anew gets a new place
    text_sha256 = models.CharField(max_length=64, blank=True)
    characters = models.PositiveBigIntegerField(default=0)
    sentences = models.PositiveBigIntegerField(default=0)
    notes = models.JSONField(default=dict, blank=True)  # training_data.texts.codes.Note → how often
    headings = models.JSONField(default=list, blank=True)  # characters at which those begin that the file itself marks
    fault = models.CharField(max_length=24, blank=True)  # training_data.texts.codes.TextCode
    fault_params = models.JSONField(default=dict, blank=True)
    read_pages = models.PositiveIntegerField(default=0)  # of a PDF that is being read
    of_pages = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)  # a lease while a worker reads; null when done
    read_at = models.DateTimeField(null=True, blank=True)  # when it was read last: a search before that knows it not
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = SourceQuerySet.as_manager()

    class Meta:
        verbose_name = _("text")
        verbose_name_plural = _("texts")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "sha256"],
                condition=models.Q(deleted_at=None),
                name="same_source_once_per_team",
            )
        ]
        indexes = [
            models.Index(fields=["team", "-created_at"], name="sources_newest_first"),
            models.Index(fields=["due_at"], name="sources_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        return Path(self.content.path)

    @property
    def text_file(self) -> Path:
        """The extracted text. Only where the state is READY."""
        return Path(settings.MEDIA_ROOT) / self.text_path

    @property
    def is_plain(self) -> bool:
        """Whether it has an encoding, which may be chosen."""
        return self.kind in (SourceKind.TXT, SourceKind.MD)

"""A search for a passage, or for a whole text, in all that a team has, and the act that deletes it from there."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.source import Source, SourceState
from jobs.models.team import Anyone, Team

KEPT_FOR = timedelta(days=7)  # the passage is personal data itself


class SearchState(models.TextChoices):
    SEARCHING = "searching", _("Searching")
    FOUND = "found", _("Searched")
    FORGETTING = "forgetting", _("Being deleted from the files")
    FORGOTTEN = "forgotten", _("Deleted from the files")


SETTLED = ("done", "gone")  # what an entry's "act" says of what holds it no more
WORKING = (SearchState.SEARCHING, SearchState.FORGETTING)


class SearchQuerySet(models.QuerySet["Search"]):
    def visible_to(self, user: Anyone) -> "SearchQuerySet":
        return self.filter(team__members__user_id=user.pk or 0)


class Search(models.Model):
    """Only `jobs.pipeline` changes it. The passage is shown to members alone, never logged, never exported."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="searches")
    passage = models.TextField(blank=True)  # empty: `source` is what is looked for
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.SET_NULL, related_name="searches")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=12, choices=SearchState.choices, default=SearchState.SEARCHING)
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)  # a lease while a worker has it
    last_file = models.PositiveBigIntegerField(default=0)  # files are searched in the order of their row numbers
    done_bytes = models.PositiveBigIntegerField(default=0)
    total_bytes = models.PositiveBigIntegerField(default=0)
    last_source = models.PositiveBigIntegerField(default=0)  # then texts, in theirs
    # [{"file": uuid, "count": int, "lines": [[line, offset], …], "why": code or "", "act": "", "version": uuid}, …]
    # Files without it are not listed; "why" names what could not be searched, or could not be deleted from.
    # Where a text is looked for, a line may say which words too: `training_data.wording.Place` follows its offset.
    results = models.JSONField(default=list, blank=True)
    # [{"source": uuid, "at": byte of its text or null: not in it, "sha256": of its text, "why": "", "act": ""}, …]
    texts = models.JSONField(default=list, blank=True)
    # [{"set": uuid of a set of questions, "questions": int, "answers": int, "prompts": int, "act": "", "why": ""}, …]
    evaluations = models.JSONField(default=list, blank=True)
    version = models.PositiveIntegerField(default=0)  # grows with every visible change
    created_at = models.DateTimeField(default=timezone.now)

    objects = SearchQuerySet.as_manager()

    class Meta:
        verbose_name = _("search for a passage")
        verbose_name_plural = _("searches for passages")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["team", "-created_at"], name="searches_newest_first"),
            models.Index(fields=["created_at"], name="searches_oldest_first"),
            models.Index(fields=["due_at"], name="searches_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return str(self.uuid)  # never its passage: this is what logs and the audit trail see

    @property
    def is_working(self) -> bool:
        return self.state in WORKING

    @property
    def hits(self) -> list[dict[str, Any]]:
        """The entries of files that hold the passage."""
        return [entry for entry in self.results if entry["count"]]

    @property
    def open_hits(self) -> list[dict[str, Any]]:
        """Those that it was not deleted from yet."""
        return [entry for entry in self.hits if entry["act"] not in SETTLED]

    @property
    def text_hits(self) -> list[dict[str, Any]]:
        """The entries of texts that hold it; of a search for a text, that one."""
        return [entry for entry in self.texts if entry["at"] is not None]

    @property
    def open_texts(self) -> list[dict[str, Any]]:
        """Those that were not deleted yet."""
        return [entry for entry in self.text_hits if entry["act"] not in SETTLED]

    @property
    def open_sets(self) -> list[dict[str, Any]]:
        """Sets of questions that it was not deleted from yet, nor from the answers to them."""
        return [entry for entry in self.evaluations if entry["act"] not in SETTLED]

    @property
    def is_found(self) -> bool:
        return bool(self.hits or self.text_hits or self.evaluations)

    @property
    def is_open(self) -> bool:
        """There is something left that it could be deleted from."""
        return bool(self.open_hits or self.open_texts or self.open_sets)

    @property
    def examples(self) -> int:
        return sum(entry["count"] for entry in self.hits)

    @property
    def open_examples(self) -> int:
        return sum(entry["count"] for entry in self.open_hits)

    @property
    def to_confirm(self) -> int:
        """What a person types to confirm the deletion: how many examples go or, where none does, how many texts.

        Where none of those either: how many sets of questions.
        """
        return self.open_examples or len(self.open_texts) or len(self.open_sets)

    @property
    def is_lost(self) -> bool:
        """It is for a text that is not as it was any more: deleted since, or read anew."""
        if self.passage:
            return False
        source = self.source
        if source is None or source.deleted_at or source.state != SourceState.READY:
            return True
        return bool(source.text_sha256 != self.texts[0]["sha256"])

"""A search for a passage in all files of a team, and the act that deletes it from them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models.team import Anyone, Team

KEPT_FOR = timedelta(days=7)  # the passage is personal data itself


class SearchState(models.TextChoices):
    SEARCHING = "searching", _("Searching")
    FOUND = "found", _("Searched")
    FORGETTING = "forgetting", _("Being deleted from the files")
    FORGOTTEN = "forgotten", _("Deleted from the files")


WORKING = (SearchState.SEARCHING, SearchState.FORGETTING)


class SearchQuerySet(models.QuerySet["Search"]):
    def visible_to(self, user: Anyone) -> "SearchQuerySet":
        return self.filter(team__members__user_id=user.pk or 0)


class Search(models.Model):
    """Only `jobs.pipeline` changes it. The passage is shown to members alone, never logged, never exported."""

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="searches")
    passage = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=12, choices=SearchState.choices, default=SearchState.SEARCHING)
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)  # a lease while a worker has it
    last_file = models.PositiveBigIntegerField(default=0)  # files are searched in the order of their row numbers
    done_bytes = models.PositiveBigIntegerField(default=0)
    total_bytes = models.PositiveBigIntegerField(default=0)
    # [{"file": uuid, "count": int, "lines": [[line, offset], …], "why": code or "", "act": "", "version": uuid}, …]
    # Files without it are not listed; "why" names what could not be searched, or could not be deleted from.
    results = models.JSONField(default=list, blank=True)
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
        return [entry for entry in self.hits if entry["act"] not in ("done", "gone")]

    @property
    def examples(self) -> int:
        return sum(entry["count"] for entry in self.hits)

    @property
    def open_examples(self) -> int:
        """What a person types to confirm the deletion."""
        return sum(entry["count"] for entry in self.open_hits)

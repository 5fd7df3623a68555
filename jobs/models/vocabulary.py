"""The words that a team's jobs are named by, each once: to look through them is faster than through all names."""

from hashlib import blake2b
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db import models

from jobs.models.team import Team

if TYPE_CHECKING:
    from jobs.models.job import FineTuneJob

MOST_WORDS = 500  # that hold what is looked for
MOST_JOBS = 500  # that such words stand in; whoever finds more is as fast reading the newest jobs themselves
COMMON_FOR = 60 * 60  # seconds that a word counts as such: to read the names is right with any


class SearchWord(models.Model):
    """A word in names of one team's jobs; it goes with the last of them."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="search_words", db_index=False)
    text = models.TextField()  # no longer than searching.LONGEST

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "text"], name="each_search_word_once")]

    def __str__(self) -> str:
        return self.text


def remember(job: "FineTuneJob", words: str) -> None:
    """Link `job` with each word of `words`, in the caller's transaction.

    The team's row is locked: a word that goes with its last job must not go while another job takes it.
    """
    Team.objects.select_for_update().get(pk=job.team_id)
    texts = sorted(set(words.split()))
    SearchWord.objects.bulk_create(
        [SearchWord(team_id=job.team_id, text=text) for text in texts], ignore_conflicts=True
    )
    before = set(job.search_words.values_list("pk", flat=True))
    now = set(SearchWord.objects.filter(team=job.team_id, text__in=texts).values_list("pk", flat=True))
    job.search_words.set(now)
    SearchWord.objects.filter(pk__in=before - now, jobs=None).delete()


def jobs_with(team: Team, text: str) -> "list[int] | None":
    """The jobs that hold `text` (in small letters) in their names; None if too many hold its longest word."""
    part = max(text.split(), key=len)
    common = f"common-word:{team.pk}:{blake2b(part.encode(), digest_size=16).hexdigest()}"
    if cache.get(common):  # somebody pages through what it finds, or keeps it open
        return None
    jobs = _linked(team, text, part)
    if jobs is None:
        cache.set(common, value=True, timeout=COMMON_FOR)
    return jobs


def _linked(team: Team, text: str, part: str) -> "list[int] | None":
    words = list(team.search_words.filter(text__contains=part).values_list("pk", flat=True)[: MOST_WORDS + 1])
    if len(words) > MOST_WORDS:
        return None
    links = SearchWord.jobs.through.objects.filter(searchword__in=words)
    jobs = list(links.values_list("finetunejob", flat=True)[: MOST_JOBS + 1])
    if len(jobs) > MOST_JOBS:
        return None
    if part == text:
        return jobs
    return [job for job, held in links.values_list("finetunejob", "finetunejob__words") if text in held]

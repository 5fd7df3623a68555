"""What of a list's jobs somebody asks for: filters and search."""

import re
from contextlib import suppress
from typing import Any

from django import forms
from django.db import connection
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy as _

from jobs.forms.fields import PlainSelect
from jobs.models import FineTuneJob, JobQuerySet, RemoteFile, Team, TrainingFile, TunedModel
from jobs.models.vocabulary import MOST_JOBS, jobs_with
from jobs.states import State

MAY_BE_ID = re.compile(r"^\S*[\d:_-]\S*$")  # one word with a digit or a mark in it
MOST_FILES = 500  # whose names hold what is looked for


class FindForm(forms.Form):
    """Filters and search of the job list; whatever is not understood is left out rather than refused."""

    q = forms.CharField(required=False, max_length=128, label=_("Search"))
    state = forms.ChoiceField(
        required=False, label=_("Status"), choices=[("", _("Status: all")), *State.choices], widget=PlainSelect
    )
    owner = forms.ChoiceField(required=False, label=_("Made by"), widget=PlainSelect)
    connection = forms.ChoiceField(required=False, label=_("Connection"), widget=PlainSelect)

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        # values instead of rows, whose making would cost a large team 10 ms a page
        people = list(team.members.values_list("pk", "user", "user__username"))
        services = list(team.connections.values_list("uuid", "pk", "name"))
        self.users = {str(member): user for member, user, _name in people}
        self.services = {str(uuid): service for uuid, service, _name in services}
        self._offer("owner", _("Made by: all"), [(str(member), name) for member, _user, name in people])
        self._offer("connection", _("Connection: all"), [(str(uuid), name) for uuid, _service, name in services])

    def _offer(self, field: str, without: Any, choices: list[tuple[str, str]]) -> None:
        offered: Any = self.fields[field]
        offered.choices = [("", without), *choices]

    @property
    def narrowed(self) -> str:
        """Name the filters, search not among them."""
        return ":".join(self.cleaned_data.get(field) or "" for field in ("state", "owner", "connection"))

    def find(self, jobs: JobQuerySet) -> JobQuerySet:
        """Narrow `jobs` by what was understood."""
        self.is_valid()
        asked = self.cleaned_data
        if asked.get("state"):
            jobs = jobs.filter(state=asked["state"])
        if asked.get("owner"):
            jobs = jobs.filter(created_by_id=self.users[asked["owner"]])
        if asked.get("connection"):
            jobs = jobs.filter(connection_id=self.services[asked["connection"]])
        return jobs.filter(_matches(self.team, asked["q"])) if asked.get("q") else jobs


def _matches(team: Team, words: str) -> Q:
    """Names and every id: ours, the job's, the model's, the files'.

    An id that is whole is found by an index of its own. What may be a part of one is looked for in all ids, which
    takes as long again as to look through all names.
    """
    with suppress(forms.ValidationError):
        return Q(uuid=forms.UUIDField().clean(words)) | Q(remote_id=words)
    jobs, files = FineTuneJob.objects.filter(team=team), TrainingFile.objects.filter(team=team)
    holding = Q(name__icontains=words)
    if not MAY_BE_ID.search(words):
        return _named(team, words.lower(), files.filter(holding))
    named = TunedModel.objects.filter(team=team, name=words).values_list("job", flat=True)
    # by two indexes: PostgreSQL reads every job where the second half is a query
    whole = jobs.filter(Q(remote_id=words) | Q(pk__in=list(named)))
    if found := list(whole.values_list("pk", flat=True)):
        return Q(pk__in=found)
    copies = RemoteFile.objects.filter(connection__team=team, remote_id=words).values("training_file")
    ids = jobs.filter(_holds("ids", words.lower())).order_by().values("pk")
    return _named(team, words.lower(), files.filter(holding | Q(pk__in=copies))) | Q(pk__in=ids)


def _named(team: Team, text: str, files: QuerySet[TrainingFile]) -> Q:
    """By the words that jobs have in their names, and by their files; where too many have them, in all names."""
    known = jobs_with(team, text)
    if known is not None:
        holding = list(files.values_list("pk", flat=True)[: MOST_FILES + 1])
        jobs = FineTuneJob.objects.filter(team=team, training_file__in=holding).order_by()
        of_files = list(jobs.values_list("pk", flat=True)[: MOST_JOBS + 1])
        if len(holding) <= MOST_FILES and len(of_files) <= MOST_JOBS:
            return Q(pk__in=[*known, *of_files])
    return _holds("words", text) | Q(training_file__in=files.values("pk"))


def _holds(field: str, text: str) -> Q:
    """Whether a text is a part of a column, in the faster of the two ways: PostgreSQL's LIKE takes twice as long."""
    if connection.vendor == "postgresql":
        return Q(GreaterThan(StrIndex(F(field), Value(text)), 0))
    return Q(**{f"{field}__contains": text})

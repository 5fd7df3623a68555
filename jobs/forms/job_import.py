"""Importing a job: its JSON as a file or pasted, or its id alone."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs import job_json
from jobs.job_json import Json, NotAJobError, Parsed, Told
from jobs.models import Connection, Team

WAYS = ("upload", "text", "remote_id")


class ImportForm(forms.Form):
    """One of three ways in. After is_valid(): `told`, what the JSON tells, `raw`, the JSON as it came, and `notes`."""

    upload = forms.FileField(
        required=False,
        allow_empty_file=True,  # we say it in our own words
        max_length=None,
        label=_("Job JSON as a file"),
        widget=forms.FileInput({"accept": ".json,.txt,application/json"}),
    )
    text = forms.CharField(
        required=False,
        strip=False,
        label=_("Job JSON, pasted"),
        widget=forms.Textarea(
            {"rows": 8, "spellcheck": "false", "class": "mono", "placeholder": '{"id": "ftjob-…", …}'}
        ),
    )
    remote_id = forms.CharField(
        required=False,
        label=_("Job id alone"),
        help_text=_("ftjob-… or, in 2023, ft-…"),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )
    connection = forms.ModelChoiceField(
        Connection.objects.none(),
        required=False,
        to_field_name="uuid",
        label=_("Look for it at"),
        empty_label=_("All connections of the team"),
    )

    told: Told
    raw: Json
    notes: list[str]  # what a person should know of how it was read

    def __init__(self, *args: Any, team: Team, cut: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cut = cut
        connection: Any = self.fields["connection"]
        connection.queryset = team.connections.alive()
        text: Any = self.fields["text"]
        text.validators = []  # a NUL is job_json's to name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        given = [way for way in WAYS if way not in self.errors and cleaned.get(way) is not None and cleaned[way] != ""]
        if self.cut:
            self.add_error(None, _("The upload was cut off, so nothing was stored. Please send the file again."))
        elif len(given) > 1:
            self.add_error(None, _("Give one of the three: a file, pasted JSON or an id."))
        elif given:
            self._take(given[0], cleaned[given[0]])
        elif not self.errors:
            self.add_error(None, _("Choose a file, paste the job's JSON, or type its id."))
        return cleaned

    def _take(self, way: str, value: Any) -> None:
        """Read what was given; what is wrong with it stands at its field."""
        try:
            parsed = Parsed({"id": job_json.checked_id(value)}) if way == "remote_id" else job_json.parse(_bytes(value))
            self.raw, self.told = parsed.raw, job_json.read(parsed.raw, timezone.now())
            self.notes = [note.message for note in job_json.notes_on(parsed, self.told)]
        except NotAJobError as error:
            self.add_error(way, error.reason)


def _bytes(value: Any) -> bytes:
    """The bytes of a pasted text, or of an upload; of one that is too large no more than shows that it is."""
    return value.encode() if isinstance(value, str) else value.read(job_json.LIMIT + 1)

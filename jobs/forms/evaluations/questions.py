"""A set of questions as a form: set aside from a file, a whole file, or pasted."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.models import FileFormat, FileState, QuestionOrigin, Team, TrainingFile
from jobs.training_data.scoring.pasting import MOST_QUESTIONS

READABLE = (FileFormat.CHAT, FileFormat.LEGACY, FileFormat.PREFERENCE, FileFormat.REINFORCEMENT)
MOST_PASTED = 2_000_000  # characters
SOURCES = (
    (QuestionOrigin.LINES.value, _("I write or paste them")),
    (QuestionOrigin.HELD_OUT.value, _("Set a share of a file aside")),
    (QuestionOrigin.FILE.value, _("Take a whole file")),
)


class QuestionForm(forms.Form):
    source = forms.ChoiceField(label=_("Where they come from"), choices=SOURCES, widget=forms.RadioSelect)
    name = forms.CharField(max_length=120, required=False, label=_("Name"))
    lines = forms.CharField(
        label=_("Questions, one a line"),
        required=False,
        max_length=MOST_PASTED,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    system_prompt = forms.CharField(
        label=_("System prompt"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The one that your model was trained with, if there was one."),
    )
    file = forms.ModelChoiceField(
        TrainingFile.objects.none(), to_field_name="uuid", required=False, label=_("File"), empty_label=None
    )
    share = forms.IntegerField(
        label=_("Share (%)"), min_value=1, max_value=90, initial=10, help_text=_("of the file's examples")
    )
    most = forms.IntegerField(
        label=_("Questions at most"),
        min_value=1,
        max_value=MOST_QUESTIONS,
        initial=100,
        help_text=_("Each one is paid for with each model."),
    )
    seed = forms.IntegerField(
        label=_("Seed"), min_value=0, max_value=2**31 - 1, initial=1, help_text=_("Same seed, same questions")
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        files = TrainingFile.objects.alive().filter(team=team, state=FileState.READY, format__in=READABLE)
        self.usable = files.defer("report", "options")
        self.fields["file"].queryset = self.usable  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_pasted = cleaned.get("source") == QuestionOrigin.LINES
        for name in ("file", "share", "most", "seed") if is_pasted else ("lines",):
            self.errors.pop(name, None)  # the page shows them for another source only
        if is_pasted and not cleaned.get("lines", "").strip() and "lines" not in self.errors:
            self.add_error("lines", _("Write at least one question."))
        if not is_pasted and not cleaned.get("file") and "file" not in self.errors:
            self.add_error("file", _("Choose a file."))
        return cleaned

    @property
    def share_wanted(self) -> float | None:
        """None: the whole file."""
        is_held_out = self.cleaned_data["source"] == QuestionOrigin.HELD_OUT
        return self.cleaned_data["share"] / 100 if is_held_out else None

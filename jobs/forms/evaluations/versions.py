"""Another version of a set of questions as a form."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.forms.evaluations.questions import MOST_PASTED
from jobs.models import QuestionSet

PART = re.compile(r"\A\s{0,9}(\d{1,6})(?:\s{0,9}-\s{0,9}(\d{1,6}))?\s{0,9}\Z", re.ASCII)


class VersionForm(forms.Form):
    """`lines`: all questions where each is one line (`is_whole`); else those that come to the others."""

    lines = forms.CharField(
        label=_("Questions, one a line"),
        required=False,
        max_length=MOST_PASTED,
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    leave = forms.CharField(
        label=_("Leave out"),
        required=False,
        max_length=20_000,
        help_text=_("Numbers of questions, for example: 3, 7-12"),
        widget=forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off"}),
    )
    system_prompt = forms.CharField(
        label=_("System prompt"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 2})
    )
    name = forms.CharField(max_length=120, label=_("Name"))

    def __init__(self, *args: Any, made: QuestionSet, whole: str | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"lines": whole or "", "system_prompt": made.system_prompt, "name": made.name}
        self.made, self.whole, self.is_whole = made, whole, whole is not None
        if self.is_whole:
            del self.fields["leave"]
        else:
            self.fields["lines"].label = _("More questions, one a line")

    def clean_lines(self) -> str:
        return str(self.cleaned_data["lines"]).replace("\r\n", "\n")

    def clean_system_prompt(self) -> str:
        return str(self.cleaned_data["system_prompt"]).replace("\r\n", "\n")

    def clean_leave(self) -> set[int]:
        typed = self.cleaned_data["leave"]
        numbers: set[int] = set()
        for part in typed.split(",") if typed.strip() else ():
            match = PART.match(part)
            first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
            if not 1 <= first <= last <= self.made.count:
                raise forms.ValidationError(
                    _("This is no number of a question, and no range of them: %(part)s"), params={"part": part[:40]}
                )
            numbers.update(range(first, last + 1))
        return numbers

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        lines, leave = cleaned["lines"].strip(), cleaned.get("leave") or set()
        if (self.is_whole and not lines) or (not lines and len(leave) == self.made.count):
            raise forms.ValidationError(_("Leave at least one question."))
        same_prompt = cleaned["system_prompt"].strip() == self.made.system_prompt.strip()
        if same_prompt and not leave and lines == (self.whole or "").strip():
            raise forms.ValidationError(_("Nothing has changed, so no version was made."))
        return cleaned

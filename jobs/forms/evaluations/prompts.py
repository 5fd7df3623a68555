"""A saved prompt as a form, and the choice of some of them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.models import SavedPrompt, SavedPromptQuerySet
from jobs.training_data.scoring.pasting import LONGEST_QUESTION, MOST_QUESTIONS

MOST_LETTERS = 5_000_000  # of all prompts of one set


class PromptForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("How your team finds this prompt."))
    text = forms.CharField(label=_("Message"), max_length=LONGEST_QUESTION, widget=forms.Textarea(attrs={"rows": 6}))
    system_prompt = forms.CharField(
        label=_("System prompt"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Best the same as in the training examples."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        return {name: str(value).replace("\r\n", "\n") for name, value in cleaned.items()}


class ChosenForm(forms.Form):
    """`prompt`: those that are ticked; `all`: every one that the list shows, on whatever page."""

    prompt = forms.ModelMultipleChoiceField(SavedPrompt.objects.none(), to_field_name="uuid", required=False)
    all = forms.BooleanField(required=False)
    name = forms.CharField(max_length=120, required=False)

    def __init__(self, *args: Any, rows: SavedPromptQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows, self.fields["prompt"].queryset = rows, rows  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen = self.rows if cleaned.get("all") else cleaned.get("prompt")
        found = list(chosen[: MOST_QUESTIONS + 1]) if chosen is not None else []
        if not self.errors and not found:
            raise forms.ValidationError(_("Choose at least one prompt."))
        if len(found) > MOST_QUESTIONS or sum(len(one.text) + len(one.system_prompt) for one in found) > MOST_LETTERS:
            raise forms.ValidationError(_("These are too many for one set of questions. Choose fewer."))
        return cleaned | {"chosen": found}

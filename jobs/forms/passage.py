"""What is searched for, and the word by which an owner confirms that it goes."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.training_data.searching import LONGEST, SHORTEST, squeeze


class PassageForm(forms.Form):
    passage = forms.CharField(
        label=_("Text"),
        max_length=LONGEST,
        help_text=_("A sentence or two are best. Line breaks, spaces and marks such as ** make no difference."),
        error_messages={
            "required": _("Paste the text that you look for."),
            "max_length": _("This is too long: paste a sentence or a paragraph, at most %(limit_value)d characters."),
        },
        widget=forms.Textarea({"rows": 5}),
    )

    def clean_passage(self) -> str:
        passage: str = self.cleaned_data["passage"]
        if len(squeeze(passage)) < SHORTEST:
            raise forms.ValidationError(
                _("This is too short to tell one text from another: paste at least %(least)d letters."),
                params={"least": SHORTEST},
            )
        return passage


class ForgetForm(forms.Form):
    """The number of examples, typed: nobody types it without having seen it."""

    examples = forms.IntegerField(
        label=_("Number of examples"),
        error_messages={
            "required": _("Type the number of examples to confirm."),
            "invalid": _("Type the number of examples in digits."),
        },
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, expected: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_examples(self) -> int:
        typed: int = self.cleaned_data["examples"]
        if typed != self.expected:
            raise forms.ValidationError(_("This is not the number of examples. Nothing was deleted."))
        return typed

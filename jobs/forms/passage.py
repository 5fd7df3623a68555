"""What is searched for, and the word by which an owner confirms that it goes."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.models import Source, Team
from jobs.training_data.searching import LONGEST, SHORTEST, squeeze

OFFERED = 200  # texts, the newest; the page of any other has a button


class PassageForm(forms.Form):
    """A pasted passage, or a text of the team: one of them."""

    passage = forms.CharField(
        label=_("Text"),
        max_length=LONGEST,
        required=False,
        help_text=_(
            "A sentence or two are best: an example is found if it holds all of it, and a longer passage may be "
            "spread over several. Line breaks, spaces and marks such as ** make no difference."
        ),
        error_messages={
            "max_length": _("This is too long: paste a sentence or a paragraph, at most %(limit_value)d characters."),
        },
        widget=forms.Textarea({"rows": 5}),
    )
    source = forms.ModelChoiceField(
        Source.objects.none(),
        to_field_name="uuid",
        label=_("Or one of the team's texts"),
        required=False,
        empty_label=_("None: look for what is pasted above"),
        help_text=_("Finds examples that have 30 letters in a row in common with it."),
        error_messages={"invalid_choice": _("This text is not there any more, or is still being read.")},
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        texts = Source.objects.usable().filter(team=team)
        field = self.fields["source"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = texts
        names = texts.values_list("uuid", "name")[:OFFERED]
        self.has_texts = bool(names)
        field.widget.choices = [("", field.empty_label), *names]

    def clean_passage(self) -> str:
        passage: str = self.cleaned_data["passage"]
        if passage and len(squeeze(passage)) < SHORTEST:
            raise forms.ValidationError(
                _("This is too short to tell one text from another: paste at least %(least)d letters."),
                params={"least": SHORTEST},
            )
        return passage

    def clean(self) -> None:
        given = [name for name in ("passage", "source") if self.cleaned_data.get(name)]
        if not given and not self.errors:
            self.add_error("passage", _("Paste the text that you look for."))
        if len(given) > 1:
            self.add_error("source", _("One at a time: empty the field above, or pick no text here."))


class ForgetForm(forms.Form):
    """The number of examples, typed: nobody types it without having seen it. Of texts where no example goes."""

    examples = forms.IntegerField(
        label=_("Number of examples"),
        error_messages={
            "required": _("Type the number of examples to confirm."),
            "invalid": _("Type the number of examples in digits."),
        },
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(
        self, *args: Any, expected: int, texts_only: bool = False, sets_only: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.expected, self.texts_only, self.sets_only = expected, texts_only, sets_only
        if texts_only:
            field = self.fields["examples"]
            field.label = _("Number of texts")
            field.error_messages |= {
                "required": _("Type the number of texts to confirm."),
                "invalid": _("Type the number of texts in digits."),
            }

        if sets_only:
            field = self.fields["examples"]
            field.label = _("Number of sets of questions")

    def clean_examples(self) -> int:
        typed: int = self.cleaned_data["examples"]
        if typed != self.expected:
            raise forms.ValidationError(
                _("This is not the number of texts. Nothing was deleted.")
                if self.texts_only
                else _("This is not the number of sets. Nothing was deleted.")
                if self.sets_only
                else _("This is not the number of examples. Nothing was deleted.")
            )
        return typed

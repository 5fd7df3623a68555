"""What the playground is told: settings of the talk, and a message."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.models import Conversation
from jobs.pipeline.talk import Offer

SETTINGS = ("left", "right", "system_prompt", "temperature", "max_tokens", "history")


class TalkForm(forms.Form):
    """The settings, and with `asking` a message too."""

    left = forms.ChoiceField(label=_("Left column"))
    right = forms.ChoiceField(label=_("Right column"), required=False)
    system_prompt = forms.CharField(
        label=_("System prompt"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Best the same as in the training examples."),
    )
    temperature = forms.FloatField(
        label=_("Temperature"), min_value=0, max_value=2, widget=forms.NumberInput({"step": "0.1"})
    )
    max_tokens = forms.IntegerField(label=_("Longest answer (tokens)"), min_value=1, max_value=32_768)
    history = forms.IntegerField(label=_("Earlier messages sent along"), min_value=0, max_value=100)
    text = forms.CharField(label=_("Message"), max_length=100_000, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, offers: Sequence[Offer], asking: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        models = [(offer.name, offer.label) for offer in offers]
        self._choose("left", models)
        self._choose("right", [("", _("None: one column")), *models])
        self.fields["text"].required = asking

    def _choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        column = self.fields[name]
        assert isinstance(column, forms.ChoiceField)
        column.choices = choices

    def apply(self, conversation: Conversation) -> None:
        """Keep the settings that are good. The same model twice would be one column shown twice."""
        for name in SETTINGS:
            if name in self.cleaned_data:
                setattr(conversation, name, self.cleaned_data[name])
        if conversation.right == conversation.left:
            conversation.right = ""
        conversation.save()


def initial(conversation: Conversation) -> dict[str, Any]:
    """What the form shows at first."""
    return {name: getattr(conversation, name) for name in SETTINGS}

"""Recording what models say, and the word of an owner that a model is done with."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.pipeline.rescue.recording import MOST_EACH

LENGTH = 512  # tokens of an answer, at most, at first
EACH = 20  # questions a model that are proposed at first


class ProposeForm(forms.Form):
    """Which questions."""

    most = forms.IntegerField(
        label=_("Questions a model"), min_value=1, max_value=MOST_EACH, initial=EACH, help_text=_("1–200")
    )
    lines = forms.CharField(
        label=_("Questions for models without a training file"),
        required=False,
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("One a line. All these models get the same."),
    )


class RecordForm(forms.Form):
    """The order: how long an answer may be, and what all of it may cost."""

    order_token = forms.UUIDField(widget=forms.HiddenInput)
    shown = forms.CharField(required=False, widget=forms.HiddenInput)  # the models and the price that were shown
    max_tokens = forms.IntegerField(
        label=_("Tokens an answer, at most"), min_value=16, max_value=8192, initial=LENGTH, help_text=_("16–8192")
    )
    cap = forms.DecimalField(
        label=_("Cap (USD)"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(100_000),
        decimal_places=4,
    )


class SignForm(forms.Form):
    note = forms.CharField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For later readers: what replaces the model, or why nothing does."),
    )


class CompareForm(forms.Form):
    """The order of a comparison, at the price that was shown."""

    order_token = forms.UUIDField(widget=forms.HiddenInput)
    shown = forms.CharField(required=False, widget=forms.HiddenInput)
    cap = forms.DecimalField(
        label=_("Cap (USD)"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(100_000),
        decimal_places=4,
    )

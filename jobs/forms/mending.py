"""What a version that mends findings leaves out."""

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs.training_data.findings import DUPLICATES
from jobs.training_data.personal import Kind

NOTHING = {"required": _("Choose at least one."), "invalid_choice": _("Choose among those that were found.")}


class MaskForm(forms.Form):
    kinds = forms.MultipleChoiceField(choices=[(kind.value, kind.value) for kind in Kind], error_messages=NOTHING)


class ReduceForm(forms.Form):
    drop = forms.MultipleChoiceField(choices=[(code.value, code.value) for code in DUPLICATES], error_messages=NOTHING)

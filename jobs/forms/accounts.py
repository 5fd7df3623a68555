"""The sign-up form: allauth's, with a name that a team can read."""

from typing import Any

from allauth.account import forms as allauth_forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

NAME_LENGTH = 40
NAME_LABEL = _("Name")
NAME_HELP = _("Your team sees it. Letters, digits and @ . + - _ without spaces, up to 40 characters.")


class SignupForm(allauth_forms.SignupForm):  # type: ignore[misc]  # allauth has no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["username"]
        name.label = NAME_LABEL
        name.help_text = NAME_HELP
        name.validators.append(MaxLengthValidator(NAME_LENGTH))
        name.widget.attrs |= {"maxlength": NAME_LENGTH, "autocomplete": "nickname", "placeholder": ""}

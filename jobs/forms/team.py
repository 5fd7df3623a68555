"""Forms of the team page."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from jobs.models import Invitation, Role, Team, User

OPEN_INVITATIONS = 50  # per team: the list stays one page, and nobody mails the world


class TeamNameForm(forms.ModelForm):  # type: ignore[type-arg]  # no subscript at run time
    class Meta:
        model = Team
        fields = ["name"]
        labels = {"name": _("Team name")}

    def clean_name(self) -> str:
        """The name stands in the subject of mails, so it is one line."""
        return " ".join(self.cleaned_data["name"].split())


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class InviteForm(forms.ModelForm):  # type: ignore[type-arg]  # no subscript at run time
    """Check the invitation under the lock of its team, so that two clicks make one."""

    class Meta:
        model = Invitation
        fields = ["email", "role"]
        labels = {"email": _("E-mail address"), "role": _("Role")}
        widgets = {"email": forms.EmailInput(attrs={"autocomplete": "off"})}

    def __init__(self, *args: Any, team: Team, invited_by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.team = team
        self.instance.invited_by = invited_by

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        team = self.instance.team
        if team.members.filter(user__email__iexact=email).exists():
            raise ValidationError(_("%(email)s is a member already."), "member", {"email": email})
        waiting = team.invitations.open()
        if waiting.filter(email=email).exists():
            raise ValidationError(
                _("%(email)s has an open invitation already. Withdraw it first to send a new one."),
                "invited",
                {"email": email},
            )
        if waiting.count() >= OPEN_INVITATIONS:
            raise ValidationError(
                _("A team may have %(limit)s open invitations. Withdraw some first."),
                "too_many",
                {"limit": OPEN_INVITATIONS},
            )
        return email

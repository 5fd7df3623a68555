"""A person's own settings."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from jobs.forms.accounts import NAME_HELP, NAME_LABEL, NAME_LENGTH
from jobs.forms.fields import PlainSelect
from jobs.models import User

type Groups = list[tuple[str, list[tuple[str, str]]]]


@cache
def zones_by_region() -> Groups:
    """Every zone of this machine as `(region, [(zone, city)])`; read once, since it walks the disk."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for zone in sorted(available_timezones()):
        region, _slash, city = zone.rpartition("/")
        regions.setdefault(region or "UTC", []).append((zone, city.replace("_", " ")))
    return sorted(regions.items())


def time_zones() -> list[Any]:
    default = _("As the site: %(zone)s") % {"zone": settings.DEFAULT_USER_TIME_ZONE}
    return [("", default), *zones_by_region()]


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]  # no subscript at run time
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As the browser asks")), *settings.LANGUAGES]
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False, choices=time_zones, widget=PlainSelect)

    class Meta:
        model = User
        fields = ["username", "language", "time_zone", "mail_me", "mail_ends"]
        labels = {"username": NAME_LABEL}
        help_texts = {
            "username": NAME_HELP,
            "mail_me": _(
                "About jobs that you ordered, to your e-mail address. A mail names the job, the team, what happened "
                "and the cost; it never holds training data. The bell on every page tells you in any case."
            ),
            "mail_ends": _(
                "If you own a team: 30, 14, 7 and 1 days before a service switches off tuned models of the team, while "
                "something is left to be done for them. The bell tells you in any case."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["username"]
        name.validators.append(MaxLengthValidator(NAME_LENGTH))
        name.widget.attrs["maxlength"] = NAME_LENGTH

    def clean_username(self) -> str:
        """Sign-up, too, takes Alice and alice for one name."""
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("This name is taken. Please choose another."), "taken")
        return name

"""Forms that take a connection and its key. A key that was sent is never rendered again."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jobs import profiles, trainer_keys
from jobs.hook_signature import secret_bytes
from jobs.models import Connection, Team, User
from jobs.upstream import AddressRefusedError, checked_address


class KeyField(forms.CharField):
    """An API key: one run of printable ASCII, since it travels in an HTTP header."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
        options: dict[str, Any] = {"label": _("API key"), "widget": forms.PasswordInput(attrs)}
        super().__init__(max_length=500, **options | kwargs)

    def clean(self, value: Any) -> str:
        key: str = super().clean(value)
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise forms.ValidationError(
                _("A key holds no blanks, line breaks or letters outside ASCII. Copy it again, as a whole.")
            )
        return key


class ConnectionForm(forms.Form):
    """A new connection. `save` seals the key."""

    name = forms.CharField(label=_("Name"), max_length=80)
    profile = forms.ChoiceField(
        label=_("Service"),
        choices=lambda: [(profile.slug, profile.label) for profile in profiles.offered()],
        initial=lambda: profiles.offered()[0].slug,
        widget=forms.RadioSelect,
    )
    base_url = forms.CharField(
        label=_("Address"),
        required=False,
        max_length=300,
        help_text=_("The base URL, as https://host/v1. The operator allows hosts in UPSTREAM_HOSTS."),
        widget=forms.TextInput({"inputmode": "url", "placeholder": "https://host/v1", "spellcheck": "false"}),
    )
    key = KeyField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        profile = profiles.PROFILES.get(cleaned.get("profile", ""))
        if profile is not None:
            self._clean_address(cleaned, profile)
            self._clean_key(cleaned, profile)
        return cleaned

    def _clean_address(self, cleaned: dict[str, Any], profile: profiles.Profile) -> None:
        """Only a profile without an address of its own has one to be written."""
        if profile.fixed_url:
            cleaned["base_url"] = ""
            self.errors.pop("base_url", None)  # a left-over of another choice
            return
        if "base_url" not in cleaned:
            return
        try:
            if not cleaned["base_url"]:
                raise AddressRefusedError(_("Write the address of the service."))
            cleaned["base_url"] = checked_address(cleaned["base_url"])
        except AddressRefusedError as refused:
            self.add_error("base_url", str(refused.reason))

    def _clean_key(self, cleaned: dict[str, Any], profile: profiles.Profile) -> None:
        """Our own trainer takes any key: whoever has none is given one."""
        if cleaned.get("key") == "":
            if profile.bundled:
                cleaned["key"] = trainer_keys.new_key()
            else:
                self.add_error("key", _("Paste the key that the service gave you."))

    def save(self, team: Team, user: User) -> Connection:
        """Create the connection of `team`, not tested yet."""
        data = self.cleaned_data
        connection = Connection(
            team=team, created_by=user, name=data["name"], profile=data["profile"], base_url=data["base_url"]
        )
        connection.set_key(data["key"])
        connection.save()
        return connection


class KeyForm(forms.Form):
    """Another key for a connection that is there."""

    key = KeyField(label=_("New API key"))


class HookForm(forms.Form):
    """The secret that a service signs its webhooks with."""

    secret = KeyField(label=_("Signing secret"), help_text=_("It begins with whsec_. The service shows it once."))

    def clean_secret(self) -> str:
        secret: str = self.cleaned_data["secret"]
        try:
            secret_bytes(secret)
        except ValueError as error:
            raise forms.ValidationError(
                _("A signing secret is whsec_ and some forty letters and digits. Copy it again, as a whole.")
            ) from error
        return secret

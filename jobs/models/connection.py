"""One team's access to one OpenAI-shaped service."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from jobs import profiles, sealing, trainer_keys
from jobs.engines import Engine, base_of, engine_named, is_practice_name
from jobs.models.team import Anyone, Team
from jobs.provider import Access, ProviderError
from jobs.upstream import AddressRefusedError, checked_address

DISABLED = "connection_disabled"  # the code of the error that `access` raises while staff have it disabled
KEY_UNREADABLE = "key_unreadable"  # and of the one it raises where none of FIELD_KEYS opens the key
TRAINING_NOT_AVAILABLE = "training_not_available"  # 403: the account may train no more


class ConnectionState(models.TextChoices):
    """What the last test, or the last call, told."""

    UNTESTED = "untested", _("Not tested")
    TESTING = "testing", _("Testing")
    WORKS = "works", _("Works")
    WRONG_KEY = "wrong_key", _("Wrong key")
    MAY_NOT_TRAIN = "may_not_train", _("May not train")
    WRONG_ADDRESS = "wrong_address", _("Wrong address")
    TIMED_OUT = "timed_out", _("No answer in time")
    NOT_OPENAI = "not_openai", _("Not an OpenAI-shaped service")
    TROUBLE = "trouble", _("The service has trouble")


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def visible_to(self, user: Anyone) -> "ConnectionQuerySet":
        return self.filter(team__members__user_id=user.pk or 0)

    def alive(self) -> "ConnectionQuerySet":
        return self.filter(deleted_at=None)

    def disabled(self) -> "ConnectionQuerySet":
        """Those that staff disabled: no call is made over them."""
        return self.filter(disabled_at__isnull=False)


class Connection(models.Model):
    """A key and an address.

    A connection that answered 401 is parked (`parked_at`) until its key changes. One that staff disabled
    (`disabled_at`) makes no call at all until staff enable it; a new key does not.
    """

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="connections")
    name = models.CharField(_("name"), max_length=80)
    profile = models.CharField(
        _("service"), max_length=16, choices=[(p.slug, p.label) for p in profiles.PROFILES.values()]
    )
    base_url = models.URLField(_("address"), max_length=300, blank=True)  # empty: the profile's own
    sealed_key = models.TextField(editable=False, blank=True)
    key_hint = models.CharField(max_length=4, blank=True, editable=False)  # its last four characters
    state = models.CharField(max_length=16, choices=ConnectionState.choices, default=ConnectionState.UNTESTED)
    detail = models.TextField(blank=True)  # the service's own words about the state
    tested_at = models.DateTimeField(null=True, blank=True)
    test_due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    # [{"id": str, "shutdown_date": str | None}, …], with "engine" and engines.facts_of where it says them
    models_seen = models.JSONField(default=list, blank=True)
    parked_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)  # by staff: no call is made until they enable it
    sealed_hook_secret = models.TextField(editable=False, blank=True)  # webhooks: whsec_..., sealed like the key
    hook_at = models.DateTimeField(null=True, blank=True)  # the last webhook that was signed right
    hook_type = models.CharField(max_length=64, blank=True)
    wait_until = models.DateTimeField(null=True, blank=True)  # Retry-After, obeyed for all of its calls
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def set_key(self, key: str) -> None:
        """Seal `key` into this row (not saved yet), and forget what was known about the old one."""
        self.sealed_key = sealing.seal(key)
        self.key_hint = key[-4:] if len(key) >= 12 else ""
        self.parked_at = self.wait_until = None
        self.state, self.detail = ConnectionState.UNTESTED, ""

    @property
    def about(self) -> profiles.Profile:
        """The profile: what differs between services."""
        return profiles.PROFILES[self.profile]

    @property
    def address(self) -> str:
        """The base URL that calls go to."""
        return self.about.fixed_url or self.base_url

    @property
    def host(self) -> str:
        """Host (and port) of the address."""
        return urlsplit(self.address).netloc

    def access(self) -> Access:
        """What `jobs.provider` needs for a call.

        Raises ProviderError: as for a wrong key if the seal is broken, as for a dead address if the operator took the
        host off the list since; and while staff have it disabled, as the row says now, not when it was read.
        """
        if Connection.objects.disabled().filter(pk=self.pk).exists():
            raise ProviderError(gettext_noop("The connection is disabled by staff: no call is made."), code=DISABLED)
        try:
            address = self.about.fixed_url or checked_address(self.base_url)
            return Access(address, sealing.unseal(self.sealed_key))
        except AddressRefusedError as refused:
            raise ProviderError(str(refused.reason), permanent=True, code="connection") from refused
        except sealing.SealBrokenError as broken:
            raise ProviderError(
                gettext_noop("The stored key cannot be opened: FIELD_KEYS lacks the key it was sealed with."),
                permanent=True,
                status=401,
                code=KEY_UNREADABLE,
            ) from broken

    @property
    def is_troubled(self) -> bool:
        """The last test, or the last call, ended badly."""
        return self.state not in (ConnectionState.WORKS, ConnectionState.UNTESTED, ConnectionState.TESTING)

    @property
    def takes_no_orders(self) -> bool:
        """The service has said that this account may train no more, whatever its key."""
        said_so = TRAINING_NOT_AVAILABLE in self.detail or "winding down" in self.detail
        return self.state == ConnectionState.MAY_NOT_TRAIN and said_so

    @property
    def is_locked(self) -> bool:
        """None of FIELD_KEYS opens its key: a restore without the right ones, mostly."""
        return bool(self.sealed_key) and not sealing.opens(self.sealed_key)

    @property
    def may_reach_more(self) -> bool:
        """It is to our own trainer, and its key reaches simulated models only: this portal can issue a better one."""
        if not self.about.bundled or not self.sealed_key or self.is_locked:
            return False
        return trainer_keys.may_be_issued(sealing.unseal(self.sealed_key))

    def bases_seen(self) -> Sequence[str]:
        """Ids of the models the service listed at the last test."""
        return [model["id"] for model in self.models_seen]

    def listed(self, model: str) -> dict[str, Any]:
        """What the service's list said of a model at the last test; empty where it did not list it."""
        return next((one for one in self.models_seen if one.get("id") == model), {})

    def engine_of(self, model: str) -> str:
        """The engine behind a model: as the service lists it, or its base; empty where nothing is known."""
        for name in (model, base_of(model)):
            if named := engine_named(self.listed(name)):
                return named
        return Engine.SIMULATED if self.about.bundled and is_practice_name(model) else ""

    def real_bases(self) -> list[str]:
        """Ids of the models with weights of their own that can be tuned; what was tuned from them is left out."""
        real = (one["id"] for one in self.models_seen if engine_named(one) == Engine.TRANSFORMERS)
        return [name for name in real if base_of(name) == name]

    def talking_bases(self) -> list[str]:
        """Those of them that answer before any training: one that is made in each job has nothing to say yet."""
        listed = ((name, self.listed(name)) for name in self.real_bases())
        return [name for name, facts in listed if facts.get("chat_template") and not facts.get("memorises")]

    @property
    def trains_for_real(self) -> bool:
        """Its list holds a model with weights that training changes."""
        return any(engine_named(model) == Engine.TRANSFORMERS for model in self.models_seen)

    @property
    def is_practice(self) -> bool:
        """Nothing that it lists is trained for real. Of our own trainer, untested: it has practice models at least."""
        named = [engine_named(model) for model in self.models_seen]
        return all(engine == Engine.SIMULATED for engine in named) if named else self.about.bundled


class RemoteFile(models.Model):
    """A TrainingFile as one Connection knows it. The same bytes are never uploaded twice."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="remote_files")
    training_file = models.ForeignKey("jobs.TrainingFile", on_delete=models.PROTECT, related_name="remote_files")
    remote_id = models.CharField(max_length=128, blank=True, db_index=True)  # empty until the service answered
    raw = models.JSONField(default=dict, blank=True)  # the service's file JSON, as it came
    claimed_at = models.DateTimeField(null=True, blank=True)
    uploaded_at = models.DateTimeField(null=True, blank=True)
    # A person wished this copy away: when the worker looks at it next. Null once it is gone, or was refused.
    delete_due_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)  # there; sending it again clears this
    trouble = models.TextField(blank=True)  # why deleting it did not work

    class Meta:
        verbose_name = _("copy at a service")
        verbose_name_plural = _("copies at services")
        indexes = [
            models.Index(fields=["delete_due_at"], name="copies_due", condition=models.Q(delete_due_at__isnull=False))
        ]
        constraints = [models.UniqueConstraint(fields=["connection", "training_file"], name="one_copy_per_connection")]

    def __str__(self) -> str:
        return self.remote_id or f"({self.training_file} → {self.connection})"

"""People, and the teams whom every row belongs to."""

import secrets
from datetime import datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser, UserManager
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs.models.counts import Counts, counts_of

type Anyone = User | AnonymousUser


class Role(models.TextChoices):
    """What a member may do: an owner all, a trainer files, jobs and chat, a viewer reads."""

    OWNER = "owner", _("Owner")
    TRAINER = "trainer", _("Trainer")
    VIEWER = "viewer", _("Viewer")

    @property
    def rank(self) -> int:
        """Return 0 for a viewer, 1 for a trainer, 2 for an owner."""
        return (Role.VIEWER, Role.TRAINER, Role.OWNER).index(self)


class DeskUserManager(UserManager["User"]):
    """Gives everyone whom the command line or a test makes a personal team too."""

    def _create_user(self, *args: Any, **kwargs: Any) -> "User":  # every creator of UserManager comes by here
        user: User = super()._create_user(*args, **kwargs)  # type: ignore[misc]  # the stubs leave it out
        user.ensure_team()
        return user


class MailMe(models.TextChoices):
    """When a person wants a mail about a job of theirs."""

    NEVER = "never", _("Never")
    FAILURES = "failures", _("When a job fails or needs me")
    ALWAYS = "always", _("Whenever a job ends or needs me")


class User(AbstractUser):
    """A person who signs in, by e-mail address."""

    email = models.EmailField(_("e-mail address"), unique=True)
    language = models.CharField(
        _("language"),
        max_length=8,
        blank=True,
        choices=settings.LANGUAGES,
        help_text=_("Empty: as the browser asks"),
    )
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    mail_me = models.CharField(_("mail about my jobs"), max_length=8, choices=MailMe.choices, default=MailMe.FAILURES)
    mail_ends = models.BooleanField(_("mail before models are switched off"), default=True)
    # Grows with every notice and with every one seen, so that an open tab asks one row and gets a 204.
    notices_version = models.PositiveBigIntegerField(default=0, editable=False)

    objects: ClassVar[DeskUserManager] = DeskUserManager()

    class Meta(AbstractUser.Meta):
        verbose_name = _("person")  # type: ignore[assignment]  # the stubs know no lazy text here
        verbose_name_plural = _("people")  # type: ignore[assignment]

    def ensure_team(self) -> "Team":
        """Return this user's personal team, made on the first call."""
        team = Team.objects.filter(personal_for=self).first()
        if team is None:
            team = Team.objects.make(gettext("%(name)s's team") % {"name": self.username[:60]}, self, personal=True)
        return team

    def zone(self) -> str:
        """Return an IANA zone name that surely exists on this machine."""
        zone = self.time_zone or settings.DEFAULT_USER_TIME_ZONE
        try:  # not available_timezones(): it walks the disk, 16 ms on every request
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return "UTC"
        return zone


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: Anyone) -> "TeamQuerySet":
        return self.filter(members__user_id=user.pk or 0)

    def make(self, name: str, owner: User, *, personal: bool = False) -> "Team":
        """Create a team with `owner` in it. Its slug is short, and does not tell how many teams there are."""
        slug = f"{slugify(name)[:32].strip('-') or 'team'}-{secrets.token_hex(3)}"
        team = self.create(name=name, slug=slug, personal_for=owner if personal else None)
        Member.objects.create(team=team, user=owner, role=Role.OWNER)
        return team


class Team(models.Model):
    """Whom files, jobs, connections and models belong to."""

    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(max_length=48, unique=True)
    personal_for = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="personal_team",
    )
    # Grows by one with every visible change of any job, so that an idle page asks one row and gets a 204.
    jobs_version = models.PositiveBigIntegerField(default=0, editable=False)
    # Whether personal data in training files is looked for, and hidden where they are shown.
    privacy = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """One person's place in one team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_place_per_team")]
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.user} · {self.team} · {self.role}"

    @cached_property
    def counts(self) -> Counts:
        """Of the team, as they are when they are first asked for."""
        return counts_of(self.team_id, self.user_id)

    def may(self, role: Role) -> bool:
        """Tell whether this member's role is `role` or a higher one."""
        return Role(self.role).rank >= role.rank

    @property
    def is_owner(self) -> bool:
        return self.may(Role.OWNER)

    @property
    def may_train(self) -> bool:
        return self.may(Role.TRAINER)


INVITATION_DAYS = 14


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def waiting(self) -> "InvitationQuerySet":
        """Neither used nor withdrawn, though perhaps expired."""
        return self.filter(accepted_at=None, withdrawn_at=None)

    def open(self) -> "InvitationQuerySet":
        """Those that still let someone in."""
        return self.waiting().filter(created_at__gt=timezone.now() - timedelta(days=INVITATION_DAYS))


class Invitation(models.Model):
    """A link sent by e-mail that lets one person join one team, once."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
    role = models.CharField(_("role"), max_length=8, choices=Role.choices, default=Role.TRAINER)
    token = models.CharField(max_length=64, unique=True, default=secrets.token_urlsafe, editable=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.email} → {self.team}"

    @property
    def expires_at(self) -> datetime:
        return self.created_at + timedelta(days=INVITATION_DAYS)

    @property
    def expired(self) -> bool:
        return timezone.now() >= self.expires_at

    @property
    def closed_because(self) -> str:
        """Return why it lets nobody in: "used", "withdrawn", "expired", or "" while it does."""
        if self.accepted_at:
            return "used"
        if self.withdrawn_at:
            return "withdrawn"
        return "expired" if self.expired else ""

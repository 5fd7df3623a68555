"""What a fresh start shows: one person, her team, a connection to the bundled trainer, sample files to check."""

import hashlib
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.files import File
from django.db import transaction

from jobs import trainer_keys
from jobs.models import Connection, Team, User
from jobs.pipeline import probe
from jobs.pipeline.storing import store

EMAIL = "demo@example.com"
PASSWORD = "texthelper-demo"  # noqa: S105  # the portal listens on this machine only, and up prints it
SAMPLES = settings.BASE_DIR / "samples"
TRAINER_NAME, PRACTICE_NAME = "내장 트레이너", "연습용 트레이너"  # the second: of demos made while all was practice
FIRST = "winter-essay-chat.jsonl"  # to begin with: stored last, so that a new job offers it first


def make_demo(password: str = PASSWORD, staff: bool = True) -> bool:
    """Make the demo on the very first start; later ones touch nothing. Return whether it was made."""
    if User.objects.filter(email=EMAIL).exists():
        return False
    with transaction.atomic():
        user = User.objects.create_user("demo", EMAIL, password, is_staff=staff, is_superuser=staff)
        EmailAddress.objects.create(user=user, email=EMAIL, primary=True, verified=True)  # no mail reaches it
        team = user.ensure_team()
        team.name, team.slug = "봄날편집부", "bomnal"
        team.save(update_fields=["name", "slug"])
        _connect(team, user)
        for path in sorted(SAMPLES.glob("*.jsonl"), key=lambda path: path.name == FIRST):
            _store(team, user, path)
    return True


def _connect(team: Team, user: User) -> None:
    connection = Connection(team=team, name=TRAINER_NAME, profile="trainer", created_by=user)
    connection.set_key(trainer_keys.new_key("demo-"))
    connection.save()
    probe.order(connection)


def _store(team: Team, user: User, path: Path) -> None:
    with path.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        store(team, user, File(opened), name=path.name, sha256=sha256)


def sign_in_line(made: bool = False) -> str:
    """Return how to sign in as the demo user, for as long as that is true.

    With `made` it was made just now, with PASSWORD: to check that again takes half a second or more.
    """
    if made:
        return f"{EMAIL} / {PASSWORD}"
    user = User.objects.filter(email=EMAIL, is_active=True).first()
    if user is None:
        return "-"
    return f"{EMAIL} / {PASSWORD if user.check_password(PASSWORD) else '••••••'}"

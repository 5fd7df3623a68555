"""The demo is made once, is what it says, and never comes back against its user's will."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from jobs.demo import EMAIL, PASSWORD, SAMPLES, make_demo, sign_in_line
from jobs.models import Connection, ConnectionState, FileState, Team, TrainingFile, User
from wire.issued_keys import open_form

pytestmark = pytest.mark.django_db
NAMES = sorted(path.name for path in SAMPLES.glob("*.jsonl"))


def test_demo_is_a_person_with_a_team_a_trainer_and_files(settings: Any) -> None:
    assert make_demo() is True

    team = Team.objects.get()
    member = team.members.get()
    connection = Connection.objects.get()
    assert (team.name, member.user.email, member.is_owner, member.user.is_superuser) == (
        "봄날편집부",
        EMAIL,
        True,
        True,
    )
    assert (connection.team, connection.profile, connection.key_hint) == (
        team,
        "trainer",
        connection.access().key[-4:],
    )
    assert str(open_form(connection.access().key, settings.TRAINER_KEY_SECRET)).startswith("trainer-demo-")
    assert (connection.state, connection.test_due_at is not None) == (ConnectionState.TESTING, True)


def test_samples_are_stored_as_they_are_and_wait_for_their_check() -> None:
    make_demo()

    files = TrainingFile.objects.order_by("name")
    assert [file.name for file in files] == NAMES
    assert NAMES != []
    assert [file.path.read_bytes() for file in files] == [(SAMPLES / name).read_bytes() for name in NAMES]
    assert {(file.state, file.check_due_at is not None) for file in files} == {(FileState.CHECKING, True)}
    assert files.latest("pk").name == "winter-essay-chat.jsonl"


def test_printed_log_in_works() -> None:
    make_demo()
    client = Client()

    answer = client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})

    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(User.objects.get(email=EMAIL).pk)


def test_second_start_changes_nothing() -> None:
    make_demo()
    TrainingFile.objects.filter(name=NAMES[0]).update(deleted_at=timezone.now())
    Team.objects.update(name="우리 팀")

    assert make_demo() is False

    assert TrainingFile.objects.alive().count() == len(NAMES) - 1
    assert Team.objects.get().name == "우리 팀"


def test_changed_password_is_not_shown_any_more() -> None:
    make_demo()
    assert sign_in_line() == f"{EMAIL} / {PASSWORD}"
    user = User.objects.get(email=EMAIL)
    user.set_password("my-own-password-9")
    user.save()

    assert sign_in_line() == f"{EMAIL} / ••••••"


def test_real_installation_without_a_trainer_gets_no_demo(settings: Any) -> None:
    settings.EMBEDDED, settings.TRAINER_URL = False, ""

    with pytest.raises(CommandError):
        call_command("demo", stdout=StringIO())

    assert User.objects.count() == 0


def test_demo_of_a_real_installation_is_no_staff_and_has_a_password_of_its_own(settings: Any) -> None:
    settings.EMBEDDED, settings.ACCOUNT_EMAIL_VERIFICATION = False, "mandatory"
    said, client = StringIO(), Client()

    call_command("demo", stdout=said)
    with pytest.raises(CommandError, match="already there"):
        call_command("demo", stdout=StringIO())

    user, printed = User.objects.get(), said.getvalue().strip().rpartition(" / ")[2]
    assert (user.email, user.is_staff, user.is_superuser) == (EMAIL, False, False)
    assert (user.check_password(printed), user.check_password(PASSWORD)) == (True, False)
    client.post("/accounts/login/", {"login": EMAIL, "password": printed})
    assert client.session["_auth_user_id"] == str(user.pk)

"""A person's settings, and the language switch."""

from collections.abc import Callable

import pytest
from django.test import Client

from jobs.models import AuditEntry, User
from tests.conftest import World

type Login = Callable[..., Client]


def test_saving_settings(world: World, login: Login) -> None:
    client = login(world.bob)

    response = client.post(
        "/settings/",
        {"username": "밥", "language": "ko", "time_zone": "Europe/Paris", "mail_me": "always"},
        follow=True,
    )

    bob = User.objects.get(pk=world.bob.pk)
    assert (bob.username, bob.language, bob.time_zone, bob.mail_me) == ("밥", "ko", "Europe/Paris", "always")
    assert [str(m) for m in response.context["messages"]] == ["설정을 저장했습니다."]
    assert '<option value="Europe/Paris" selected>Paris</option>' in response.content.decode()
    assert client.cookies["django_language"].value == "ko"


def test_settings_offer_every_zone_by_region(world: World, login: Login) -> None:
    response = login(world.bob).get("/settings/")

    groups = dict(response.context["form"].fields["time_zone"].choices)
    assert '<optgroup label="Asia"><option value="Asia/Aden">Aden</option>' in response.content.decode()
    assert ("Asia/Seoul", "Seoul") in groups["Asia"]
    assert ("America/Argentina/Ushuaia", "Ushuaia") in groups["America/Argentina"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "ALICE"),
        ("username", "two words"),
        ("username", "가" * 41),
        ("username", ""),
        ("language", "fr"),
        ("time_zone", "Mars/Olympus"),
        ("mail_me", "daily"),
        ("mail_me", ""),
    ],
)
def test_settings_that_cannot_be_are_refused(world: World, login: Login, field: str, value: str) -> None:
    data = {"username": "bob", "language": "", "time_zone": "", "mail_me": "never", field: value}

    response = login(world.bob).post("/settings/", data)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert response.context["user"].username == "bob"
    assert User.objects.get(pk=world.bob.pk).username == "bob"


def test_the_browser_decides_again(world: World, login: Login) -> None:
    User.objects.filter(pk=world.bob.pk).update(language="ko")
    client = login(world.bob)
    client.cookies["django_language"] = "ko"

    client.post("/settings/", {"username": "bob", "language": "", "time_zone": "", "mail_me": "never"})

    assert client.cookies["django_language"].value == ""
    assert client.get("/settings/").headers["content-language"] == "en"


def test_times_are_shown_in_the_persons_zone(world: World, login: Login) -> None:
    AuditEntry.objects.create(team=world.team, action="team.renamed", subject="x", at="2026-11-21T23:30:00Z")
    User.objects.filter(pk=world.carol.pk).update(time_zone="America/New_York")

    pages = [login(user).get(world.url("team/audit/")).content.decode() for user in (world.bob, world.carol)]

    assert ["2026-11-22 08:30" in pages[0], "2026-11-21 18:30" in pages[1]] == [True, True]


def test_a_zone_that_went_away_is_utc(world: World) -> None:
    assert [User(time_zone=z).zone() for z in ("", "Asia/Tokyo", "Mars/Olympus", "../etc", "Asia")] == [
        "Asia/Seoul",
        "Asia/Tokyo",
        "UTC",
        "UTC",
        "UTC",
    ]


def test_anyone_switches_the_language(client: Client, db: None) -> None:
    response = client.post("/language/", {"language": "ko", "next": "/accounts/login/"})

    assert response["Location"] == "/accounts/login/"
    assert client.cookies["django_language"].value == "ko"
    assert client.get("/accounts/login/").headers["content-language"] == "ko"


def test_the_switch_is_remembered_for_the_person(world: World, login: Login) -> None:
    login(world.bob).post("/language/", {"language": "ko", "next": "/settings/"})

    assert User.objects.get(pk=world.bob.pk).language == "ko"
    assert User.objects.get(pk=world.alice.pk).language == ""


def test_an_unknown_language_changes_nothing(world: World, login: Login) -> None:
    client = login(world.bob)

    assert client.post("/language/", {"language": "xx"}).status_code == 302

    assert "django_language" not in client.cookies
    assert User.objects.get(pk=world.bob.pk).language == ""


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "", "/\\evil.example"]
)
def test_the_switch_leads_nowhere_else(client: Client, db: None, back: str) -> None:
    assert client.post("/language/", {"language": "en", "next": back})["Location"] == "/"


def test_switching_is_a_post(client: Client, db: None) -> None:
    assert client.get("/language/?language=ko").status_code == 405

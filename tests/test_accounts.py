"""Signing up, in and out, a forgotten password, and the limits on guessing: in both languages."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from jobs.models import Team, User
from tests.conftest import World
from tests.factories import PASSWORD, make_user

type Login = Callable[..., Client]
NEW_PASSWORD = "another-long-pw-2"


def speaking(language: str) -> Client:
    return Client(headers={"accept-language": language})


def sign_up(client: Client, **data: str) -> Any:
    form = {"email": "new@example.com", "username": "새봄", "password1": PASSWORD, "password2": PASSWORD}
    return client.post("/accounts/signup/", {**form, **data})


def sign_in(client: Client, password: str = PASSWORD, email: str = "alice@example.com") -> Any:
    return client.post("/accounts/login/", {"login": email, "password": password})


def faults(response: Any) -> dict[str, list[str]]:
    return {field: list(errors) for field, errors in response.context["form"].errors.items()}


@pytest.mark.parametrize(("language", "team_name"), [("en", "새봄's team"), ("ko", "새봄의 팀")])
def test_who_signs_up_lands_in_a_team_of_their_own(db: None, language: str, team_name: str) -> None:
    client = speaking(language)

    response = sign_up(client)

    user = User.objects.get(email="new@example.com")
    team = Team.objects.get(personal_for=user)
    assert response["Location"] == "/"
    assert client.get("/")["Location"] == f"/t/{team.slug}/jobs/"
    assert (user.username, team.name, team.members.get().role) == ("새봄", team_name, "owner")


def test_the_name_keeps_its_case(db: None) -> None:
    sign_up(speaking("en"), username="MinSu")

    assert User.objects.get().username == "MinSu"


@pytest.mark.parametrize(("language", "label"), [("en", "Name"), ("ko", "이름")])
def test_the_sign_up_form_asks_for_a_name(db: None, language: str, label: str) -> None:
    form = speaking(language).get("/accounts/signup/").context["form"]

    assert list(form.fields) == ["email", "username", "password1", "password2"]
    assert str(form.fields["username"].label) == label


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"email": "ALICE@Example.COM"}, "email"),
        ({"email": "alice"}, "email"),
        ({"username": "Alice"}, "username"),
        ({"username": "김 봄"}, "username"),
        ({"username": "가" * 41}, "username"),
        ({"password1": "12345678", "password2": "12345678"}, "password1"),
        ({"password2": "something-else-3"}, "password2"),
    ],
)
def test_a_sign_up_that_cannot_be_names_the_field(world: World, data: dict[str, str], field: str) -> None:
    before = User.objects.count()

    response = sign_up(speaking("en"), **data)

    assert list(faults(response)) == [field]
    assert User.objects.count() == before


def test_where_addresses_are_verified_a_taken_one_is_told_by_mail_only(world: World, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"

    free = sign_up(speaking("en"))
    taken = sign_up(speaking("en"), email="alice@example.com", username="alice2")

    assert free["Location"] == taken["Location"] == "/accounts/confirm-email/"
    assert [m.to for m in mail.outbox] == [["new@example.com"], ["alice@example.com"]]
    assert not User.objects.filter(username="alice2").exists()


def test_a_verified_address_leads_on_to_where_one_was_going(db: None, settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    client = speaking("en")
    sign_up(client, next="/join/abc/")
    link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", str(mail.outbox[0].body))
    assert link is not None

    response = client.post(link[1])

    assert response["Location"] == "/join/abc/"
    assert "_auth_user_id" in client.session


@pytest.mark.parametrize("email", ["alice@example.com", "Alice@EXAMPLE.com"])
def test_signing_in_and_out(world: World, email: str) -> None:
    client = speaking("en")

    assert sign_in(client, email=email)["Location"] == "/"
    assert client.session["_auth_user_id"] == str(world.alice.pk)
    assert client.get("/accounts/logout/").status_code == 200
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
    assert "_auth_user_id" not in client.session


def test_who_is_signed_out_is_asked_to_sign_in_first(world: World) -> None:
    client = speaking("en")
    here = world.url("team/")

    assert client.get(here)["Location"] == f"/accounts/login/?next={here}"
    response = client.post("/accounts/login/", {"login": "bob@example.com", "password": PASSWORD, "next": here})
    assert response["Location"] == here


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "The email address and/or password you specified are not correct."),
        ("ko", "이메일 또는 비밀번호가 올바르지 않습니다."),
    ],
)
def test_a_wrong_password_and_an_unknown_address_get_one_answer(world: World, language: str, said: str) -> None:
    client = speaking(language)

    answers = [sign_in(client, "wrong"), sign_in(client, "wrong", "nobody@example.com")]

    assert [faults(a)["__all__"] for a in answers] == [[said], [said]]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Too many failed login attempts. Try again later."),
        ("ko", "로그인에 여러 번 실패했습니다. 잠시 뒤 다시 시도하세요."),
    ],
)
def test_the_sixth_guess_is_not_looked_at(world: World, language: str, said: str) -> None:
    client = speaking(language)
    for _guess in range(5):
        sign_in(client, "wrong")

    response = sign_in(client, PASSWORD)

    assert faults(response)["__all__"] == [said]
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(("language", "said"), [("en", "Too many attempts"), ("ko", "시도가 너무 많습니다")])
def test_guessing_at_many_addresses_is_stopped(db: None, language: str, said: str) -> None:
    client = speaking(language)
    for n in range(30):
        sign_in(client, "wrong", f"{n}@example.com")

    response = sign_in(client, "wrong", "one-more@example.com")

    assert response.status_code == 429
    assert "error.html" in [template.name for template in response.templates]
    assert said in response.content.decode()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_forgotten_password_is_reset_by_mail(world: World, language: str) -> None:
    client = speaking(language)
    assert client.post("/accounts/password/reset/", {"email": "Alice@example.com"}).status_code == 302
    link = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", str(mail.outbox[0].body))
    assert link is not None
    form_url = client.get(link[1])["Location"]

    client.post(form_url, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    subject = {"en": "Password Reset Email", "ko": "비밀번호 재설정 안내"}
    assert (mail.outbox[0].to, mail.outbox[0].subject) == (["alice@example.com"], subject[language])
    assert sign_in(client, NEW_PASSWORD)["Location"] == "/"


def test_a_reset_for_an_unknown_address_does_not_tell(world: World) -> None:
    known = Client().post("/accounts/password/reset/", {"email": "alice@example.com"})
    unknown = Client().post("/accounts/password/reset/", {"email": "nobody@example.com"})

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_changing_the_password(world: World, login: Login) -> None:
    client = login(world.alice)

    client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )

    assert User.objects.get(pk=world.alice.pk).check_password(NEW_PASSWORD)


def test_staff_sign_in_to_the_admin_by_the_one_door(db: None) -> None:
    User.objects.create_superuser("boss", "boss@example.com", PASSWORD)
    client = speaking("en")

    first = client.get("/admin/", follow=True)
    response = client.post(
        first.redirect_chain[-1][0], {"login": "boss@example.com", "password": PASSWORD, "next": "/admin/"}
    )

    assert first.redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"
    assert response["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_who_is_not_staff_gets_no_admin(world: World, login: Login) -> None:
    assert login(world.alice).get("/admin/", follow=True).status_code == 403


def test_a_long_name_from_the_command_line_makes_a_team(db: None) -> None:
    team = Team.objects.get(personal_for=make_user("n" * 150))

    assert len(team.name) <= 80

"""Inviting by e-mail, and joining by the link: once, within 14 days, with the invited address."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.db import IntegrityError
from django.db import connection as database
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import timezone

from ftsite.mail import mailer
from jobs.models import Invitation, Member, Team, User
from tests.conftest import World
from tests.factories import PASSWORD
from tests.meanwhile import meanwhile

type Login = Callable[..., Client]


def make_invitation(world: World, email: str = "mallory@example.com", **fields: Any) -> Invitation:
    return Invitation.objects.create(team=world.team, invited_by=world.alice, email=email, **fields)


def invite(client: Client, world: World, **data: str) -> Any:
    return client.post(world.url("team/invite/"), {"email": "New@Example.com", "role": "viewer", **data}, follow=True)


def told(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def is_member(world: World, user: User) -> bool:
    return Member.objects.filter(team=world.team, user=user).exists()


def test_inviting_sends_the_link(world: World, login: Login) -> None:
    response = invite(login(world.alice), world)

    invitation = world.team.invitations.get()
    assert (invitation.email, invitation.role, invitation.invited_by) == ("new@example.com", "viewer", world.alice)
    assert told(response) == ["Invitation sent to: new@example.com"]
    assert [(m.to, m.subject) for m in mail.outbox] == [(["new@example.com"], "Invitation to the team: 봄날편집부")]
    assert f"http://testserver/join/{invitation.token}/" in mail.outbox[0].body.splitlines()
    entry = world.team.audit.get()
    assert (entry.action, entry.actor, entry.after) == (
        "member.invited",
        world.alice,
        {"email": "new@example.com", "role": "viewer"},
    )


def test_the_mail_speaks_the_guests_language(world: World, login: Login) -> None:
    User.objects.filter(pk=world.mallory.pk).update(language="ko")

    invite(login(world.alice), world, email="mallory@example.com")

    assert [m.subject for m in mail.outbox] == ["팀 초대: 봄날편집부"]
    assert "역할: 열람자" in mail.outbox[0].body


def test_the_link_is_shown_to_owners_only(world: World, login: Login) -> None:
    token = make_invitation(world).token

    assert token in login(world.alice).get(world.url("team/")).content.decode()
    assert token not in login(world.bob).get(world.url("team/")).content.decode()
    assert "mallory@example.com" in login(world.bob).get(world.url("team/")).content.decode()


def test_a_mail_server_that_is_away_does_not_lose_the_invitation(world: World, login: Login, settings: Any) -> None:
    settings.MAILERS = {"default": mailer("smtp://127.0.0.1:1")}  # nobody listens there

    response = invite(login(world.alice), world)

    assert told(response) == [
        "The mail could not be sent. Copy the link below and pass it on yourself: new@example.com"
    ]
    assert world.team.invitations.get().email == "new@example.com"


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("not an address", "Enter a valid email address."),
        ("BOB@example.com", "bob@example.com is a member already."),
        (
            "mallory@example.com",
            "mallory@example.com has an open invitation already. Withdraw it first to send a new one.",
        ),
    ],
)
def test_an_invitation_that_makes_no_sense_is_refused(world: World, login: Login, email: str, said: str) -> None:
    make_invitation(world)

    response = invite(login(world.alice), world, email=email)

    assert response.status_code == 422
    assert response.context["invite_form"].errors["email"] == [said]
    assert world.team.invitations.count() == 1
    assert mail.outbox == []


def test_who_let_an_invitation_expire_may_be_invited_again(world: World, login: Login) -> None:
    make_invitation(world, "new@example.com", created_at=timezone.now() - timedelta(days=15))

    assert invite(login(world.alice), world).status_code == 200

    assert world.team.invitations.open().count() == 1


def test_a_team_has_at_most_fifty_open_invitations(world: World, login: Login) -> None:
    for n in range(50):
        make_invitation(world, f"{n}@example.com")

    response = invite(login(world.alice), world)

    assert response.context["invite_form"].errors["email"] == [
        "A team may have 50 open invitations. Withdraw some first."
    ]


def test_inviting_is_rate_limited(world: World, login: Login, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"invite": "1/h/user"}
    client = login(world.alice)
    invite(client, world)

    response = invite(client, world, email="second@example.com")

    assert response.status_code == 429
    assert told(response) == ["That were many invitations. Please wait an hour before you send more."]
    assert world.team.invitations.count() == 1


def test_withdrawing(world: World, login: Login) -> None:
    invitation = make_invitation(world)
    url = world.url(f"team/invitations/{invitation.pk}/withdraw/")
    client = login(world.alice)

    first, second = client.post(url, follow=True), client.post(url, follow=True)

    assert told(first) == ["Invitation withdrawn: mallory@example.com"]
    assert told(second) == ["This invitation was used or withdrawn before."]
    assert list(world.team.audit.values_list("action", flat=True)) == ["invitation.withdrawn"]
    assert login(world.mallory).get(f"/join/{invitation.token}/").status_code == 410


def test_the_invitation_of_another_team_is_not_there(world: World, login: Login) -> None:
    invitation = make_invitation(world)
    own = Team.objects.get(personal_for=world.mallory)

    response = login(world.mallory).post(f"/t/{own.slug}/team/invitations/{invitation.pk}/withdraw/")

    assert response.status_code == 404
    assert world.team.invitations.open().count() == 1


def test_looking_at_the_link_does_not_join(world: World, login: Login) -> None:
    invitation = make_invitation(world, role="trainer")

    page = login(world.mallory).get(f"/join/{invitation.token}/").content.decode()

    assert all(word in page for word in ("봄날편집부", "alice", "Trainer", "mallory@example.com"))
    assert not is_member(world, world.mallory)


def test_joining(world: World, login: Login) -> None:
    invitation = make_invitation(world, "Mallory@example.com".lower(), role="trainer")
    client = login(world.mallory)

    response = client.post(f"/join/{invitation.token}/")

    assert (response.status_code, response["Location"]) == (302, world.url("jobs/"))
    assert world.team.members.get(user=world.mallory).role == "trainer"
    assert world.team.invitations.get().accepted_at is not None
    entry = world.team.audit.get()
    assert (entry.action, entry.actor, entry.after["role"]) == ("member.joined", world.mallory, "trainer")
    assert client.get(f"/join/{invitation.token}/")["Location"] == world.url("jobs/")


def test_a_link_works_once(world: World, login: Login) -> None:
    invitation = make_invitation(world)
    client = login(world.mallory)
    client.post(f"/join/{invitation.token}/")
    Member.objects.filter(team=world.team, user=world.mallory).delete()

    response = client.post(f"/join/{invitation.token}/")

    assert response.status_code == 410
    assert "This invitation was used" in response.content.decode()
    assert not is_member(world, world.mallory)


def test_an_invitation_is_not_used_up_where_joining_cannot_be_written_down(world: World, login: Login) -> None:
    invitation = make_invitation(world)
    client = login(world.mallory)
    refuse = "BEFORE INSERT ON jobs_auditentry BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    with database.cursor() as cursor:
        cursor.execute(f"CREATE TRIGGER full_disk {refuse}")

    with pytest.raises(IntegrityError, match="disk full"):
        client.post(f"/join/{invitation.token}/")

    assert Invitation.objects.open().filter(pk=invitation.pk).exists()
    assert not is_member(world, world.mallory)


def test_a_member_who_joins_again_keeps_the_role(world: World, login: Login) -> None:
    invitation = make_invitation(world, "carol@example.com", role="owner")

    response = login(world.carol).post(f"/join/{invitation.token}/")

    assert response.status_code == 302
    assert world.team.members.get(user=world.carol).role == "viewer"
    assert not world.team.audit.exists()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_another_address_does_not_join(world: World, login: Login, language: str) -> None:
    invitation = make_invitation(world, "someone@example.com")

    response = login(world.mallory, language).post(f"/join/{invitation.token}/")

    assert response.status_code == 403
    page = response.content.decode()
    assert {
        "en": "This invitation is for someone@example.com, and you are signed in as mallory@example.com.",
        "ko": "이 초대를 받은 주소: someone@example.com, 지금 로그인한 주소: mallory@example.com.",
    }[language] in page
    assert not is_member(world, world.mallory)
    assert world.team.invitations.get().accepted_at is None


CLOSED = {
    ("withdrawn", "en"): "This invitation was withdrawn",
    ("withdrawn", "ko"): "취소된 초대입니다",
    ("expired", "en"): "This invitation has expired",
    ("expired", "ko"): "기한이 지난 초대입니다",
    ("unknown", "en"): "There is no such invitation",
    ("unknown", "ko"): "그런 초대가 없습니다",
}


@pytest.mark.parametrize(("reason", "language"), CLOSED)
def test_a_closed_invitation_says_why(world: World, client: Client, reason: str, language: str) -> None:
    fields: dict[str, Any] = {
        "withdrawn": {"withdrawn_at": timezone.now()},
        "expired": {"created_at": timezone.now() - timedelta(days=14)},
        "unknown": {},
    }[reason]
    token = "x" if reason == "unknown" else make_invitation(world, **fields).token

    response = client.get(f"/join/{token}/", headers={"accept-language": language})

    assert response.status_code == (404 if reason == "unknown" else 410)
    assert f"<h1>{CLOSED[reason, language]}</h1>" in response.content.decode()


def test_a_signed_out_guest_signs_in_and_comes_back(world: World, client: Client) -> None:
    invitation = make_invitation(world)
    here = f"/join/{invitation.token}/"
    assert client.get(here).status_code == 200

    sent = client.post(here)

    login_url = urlsplit(sent["Location"])
    assert (login_url.path, parse_qs(login_url.query)) == ("/accounts/login/", {"next": [here]})
    response = client.post(sent["Location"], {"login": "mallory@example.com", "password": PASSWORD})
    assert response["Location"] == here


def test_a_new_guest_signs_up_and_comes_back(world: World, client: Client) -> None:
    invitation = make_invitation(world, "new@example.com")
    here = f"/join/{invitation.token}/"
    signup = f"/accounts/signup/?next={here.replace('/', '%2F')}&amp;email=new%40example.com"
    assert signup in client.get(here).content.decode()

    page = client.get(signup.replace("&amp;", "&"))
    response = client.post(
        signup.replace("&amp;", "&"),
        {"email": "new@example.com", "username": "새봄", "password1": PASSWORD, "password2": PASSWORD, "next": here},
    )

    assert page.context["form"].initial["email"] == "new@example.com"
    assert response["Location"] == here
    assert client.post(here)["Location"] == world.url("jobs/")
    assert world.team.members.get(user__username="새봄").role == "trainer"


def test_signing_out_leads_back_to_the_invitation(world: World, login: Login) -> None:
    here = f"/join/{make_invitation(world, 'someone@example.com').token}/"
    client = login(world.mallory)

    assert client.post("/accounts/logout/", {"next": here})["Location"] == here
    assert "_auth_user_id" not in client.session


def test_a_token_no_database_takes_is_no_address() -> None:
    """PostgreSQL refuses a NUL with an error of its own."""
    with pytest.raises(Resolver404):
        resolve("/join/\0/")


USED_UP = 'UPDATE "jobs_invitation" SET "accepted_at"'


def test_an_invitation_that_is_withdrawn_while_someone_joins_lets_nobody_in(world: World, login: Login) -> None:
    invitation = make_invitation(world)
    withdrawn = Invitation.objects.filter(pk=invitation.pk)

    with meanwhile(USED_UP, lambda: withdrawn.update(withdrawn_at=timezone.now())):
        response = login(world.mallory).post(f"/join/{invitation.token}/")

    assert response.status_code == 410
    assert not is_member(world, world.mallory)
    assert withdrawn.get().accepted_at is None


def test_the_capitals_of_an_address_do_not_matter(world: World, login: Login) -> None:
    User.objects.filter(pk=world.mallory.pk).update(email="Mallory@Example.COM")
    invitation = make_invitation(world, "mallory@example.com")
    client = login(world.mallory)

    page = client.get(f"/join/{invitation.token}/")
    response = client.post(f"/join/{invitation.token}/")

    assert page.context["someone_else"] is False
    assert response.status_code == 302
    assert is_member(world, world.mallory)

"""The team page: roles, leave-taking, names, and the audit trail."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.audit_words import ACTIONS, changes
from jobs.models import AuditEntry, Member, Role, Team, User
from tests.conftest import World
from tests.factories import make_user
from tests.meanwhile import meanwhile

type Login = Callable[..., Client]


def place(world: World, user: User) -> Member:
    return Member.objects.get(team=world.team, user=user)


def roles(team: Team) -> dict[str, str]:
    return dict(team.members.values_list("user__username", "role"))


def told(response: Any) -> list[str]:
    """The messages a page shows."""
    return [str(message) for message in response.context["messages"]]


def last_act(team: Team) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    entry = team.audit.first()
    assert entry is not None
    return entry.action, entry.subject, entry.before, entry.after


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(url).status_code == 200
    return len(caught)


def test_team_page_lists_every_member(world: World, login: Login) -> None:
    response = login(world.carol).get(world.url("team/"))

    assert response.status_code == 200
    assert [m.user for m in response.context["members"]] == [world.alice, world.bob, world.carol]
    assert "bob@example.com" in response.content.decode()
    assert "Rename the team" not in response.content.decode()


def test_the_menu_marks_the_team_that_is_shown(world: World, login: Login) -> None:
    other = Team.objects.make("이웃", world.carol)

    page = login(world.carol).get(world.url("team/")).content.decode()

    assert f'<a href="/t/{world.team.slug}/jobs/" aria-current="true">' in page
    assert f'<a href="/t/{other.slug}/jobs/" >' in page


def test_team_page_is_not_there_for_a_stranger(world: World, login: Login) -> None:
    client = login(world.mallory)

    assert client.get(world.url("team/")).status_code == 404
    assert client.get(world.url("team/audit/")).status_code == 404


@pytest.mark.parametrize("who", ["bob", "carol"])
def test_only_an_owner_changes_anything(world: World, login: Login, who: str) -> None:
    client = login(getattr(world, who))
    pk = place(world, world.carol).pk

    answers = [
        client.post(world.url("team/invite/"), {"email": "new@example.com", "role": "owner"}),
        client.post(world.url("team/rename/"), {"name": "Mine"}),
        client.post(world.url(f"team/members/{pk}/role/"), {"role": "owner"}),
        client.post(world.url(f"team/members/{pk}/remove/")),
    ]

    assert [a.status_code for a in answers] == [403, 403, 403, 403]
    assert roles(world.team) == {"alice": "owner", "bob": "trainer", "carol": "viewer"}
    assert Team.objects.get(pk=world.team.pk).name == "봄날편집부"
    assert not world.team.invitations.exists()


def test_changing_a_role(world: World, login: Login) -> None:
    response = login(world.alice).post(
        world.url(f"team/members/{place(world, world.carol).pk}/role/"), {"role": "trainer"}, follow=True
    )

    assert response.redirect_chain == [(world.url("team/"), 302)]
    assert told(response) == ["New role of carol: Trainer"]
    assert roles(world.team)["carol"] == "trainer"
    assert last_act(world.team) == ("member.role", "carol", {"role": "viewer"}, {"role": "trainer"})


def test_a_role_that_does_not_exist_is_refused(world: World, login: Login) -> None:
    response = login(world.alice).post(
        world.url(f"team/members/{place(world, world.carol).pk}/role/"), {"role": "king"}
    )

    assert response.status_code == 422
    assert told(response) == ["Choose one of the three roles."]
    assert roles(world.team)["carol"] == "viewer"


def test_a_member_of_another_team_cannot_be_reached(world: World, login: Login) -> None:
    theirs = world.mallory.memberships.get()

    response = login(world.alice).post(world.url(f"team/members/{theirs.pk}/remove/"))

    assert response.status_code == 404
    assert Member.objects.filter(pk=theirs.pk).exists()


def test_removing_a_member(world: World, login: Login) -> None:
    response = login(world.alice).post(world.url(f"team/members/{place(world, world.bob).pk}/remove/"), follow=True)

    assert told(response) == ["Removed from the team: bob"]
    assert roles(world.team) == {"alice": "owner", "carol": "viewer"}
    assert last_act(world.team) == ("member.removed", "bob", {"role": "trainer", "email": "bob@example.com"}, {})
    assert login(world.bob).get(world.url("team/")).status_code == 404


def test_leaving_a_team(world: World, login: Login) -> None:
    response = login(world.carol).post(world.url("team/leave/"))

    assert (response.status_code, response["Location"]) == (302, "/")
    assert roles(world.team) == {"alice": "owner", "bob": "trainer"}
    assert last_act(world.team) == ("member.left", "carol", {"role": "viewer"}, {})


LAST_OWNER = {
    "en": "A team needs an owner. Make someone else an owner first.",
    "ko": "팀에는 소유자가 있어야 합니다. 먼저 다른 구성원을 소유자로 바꾸세요.",
}


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("act", ["leave", "remove", "demote"])
def test_the_last_owner_stays(world: World, login: Login, act: str, language: str) -> None:
    pk = place(world, world.alice).pk
    url = {"leave": "team/leave/", "remove": f"team/members/{pk}/remove/", "demote": f"team/members/{pk}/role/"}[act]

    response = login(world.alice, language).post(world.url(url), {"role": "viewer"})

    assert response.status_code == 409
    assert told(response) == [LAST_OWNER[language]]
    assert roles(world.team)["alice"] == "owner"
    assert not world.team.audit.exists()


def test_an_owner_who_made_another_owner_may_leave(world: World, login: Login) -> None:
    client = login(world.alice)
    client.post(world.url(f"team/members/{place(world, world.bob).pk}/role/"), {"role": "owner"})

    response = client.post(world.url("team/leave/"))

    assert response.status_code == 302
    assert roles(world.team) == {"bob": "owner", "carol": "viewer"}


def test_of_two_owners_who_demote_each_other_one_stays(world: World, login: Login) -> None:
    Member.objects.filter(team=world.team, user=world.bob).update(role=Role.OWNER)
    alice, bob = place(world, world.alice), place(world, world.bob)

    first = login(world.alice).post(world.url(f"team/members/{bob.pk}/role/"), {"role": "viewer"})
    second = login(world.bob).post(world.url(f"team/members/{alice.pk}/role/"), {"role": "viewer"})

    assert (first.status_code, second.status_code) == (302, 403)
    assert roles(world.team) == {"alice": "owner", "bob": "viewer", "carol": "viewer"}


def test_a_personal_team_offers_no_change_of_its_own_person(world: World, login: Login) -> None:
    team = Team.objects.get(personal_for=world.bob)
    Member.objects.create(team=team, user=world.alice, role=Role.OWNER)

    for owner in (world.bob, world.alice):
        page = login(owner).get(f"/t/{team.slug}/team/").content.decode()
        assert ("Role of bob" in page, "Remove bob" in page, "Role of alice" in page) == (False, False, True)


def test_nobody_is_put_out_of_their_personal_team(world: World, login: Login) -> None:
    team = Team.objects.get(personal_for=world.bob)
    Member.objects.create(team=team, user=world.alice, role=Role.OWNER)
    place_of_bob = team.members.get(user=world.bob)

    response = login(world.alice).post(f"/t/{team.slug}/team/members/{place_of_bob.pk}/remove/")

    assert response.status_code == 409
    assert told(response) == ["This is a personal team. Its person always stays its owner: bob"]
    assert roles(team)["bob"] == "owner"


def test_renaming_keeps_the_address_and_one_line(world: World, login: Login) -> None:
    response = login(world.alice).post(world.url("team/rename/"), {"name": "  가을\n편집부 "}, follow=True)

    team = Team.objects.get(pk=world.team.pk)
    assert told(response) == ["The team has its new name."]
    assert (team.name, team.slug) == ("가을 편집부", world.team.slug)
    assert last_act(team) == ("team.renamed", "가을 편집부", {"name": "봄날편집부"}, {"name": "가을 편집부"})


@pytest.mark.parametrize("name", ["", "   ", "가" * 81])
def test_a_name_that_is_no_name_is_refused(world: World, login: Login, name: str) -> None:
    response = login(world.alice).post(world.url("team/rename/"), {"name": name})

    assert response.status_code == 422
    assert list(response.context["name_form"].errors) == ["name"]
    assert response.context["team"].name == "봄날편집부"
    assert Team.objects.get(pk=world.team.pk).name == "봄날편집부"


def test_creating_a_team(world: World, login: Login) -> None:
    response = login(world.mallory).post("/teams/new/", {"name": "겨울 모임"}, follow=True)

    team = Team.objects.get(name="겨울 모임")
    assert response.redirect_chain == [(f"/t/{team.slug}/team/", 302)]
    assert roles(team) == {"mallory": "owner"}
    assert team.personal_for is None
    assert last_act(team) == ("team.created", "겨울 모임", {}, {"name": "겨울 모임"})


def test_a_team_without_a_name_is_not_created(world: World, login: Login) -> None:
    before = Team.objects.count()

    response = login(world.mallory).post("/teams/new/", {"name": ""})

    assert response.status_code == 422
    assert Team.objects.count() == before


def test_home_leads_to_ones_own_team(world: World, login: Login) -> None:
    own = Team.objects.get(personal_for=world.bob)
    later = make_user("zoe")
    Member.objects.create(team=Team.objects.get(personal_for=later), user=world.bob, role=Role.VIEWER)

    assert login(world.bob).get("/")["Location"] == f"/t/{own.slug}/jobs/"


def test_home_of_a_person_without_a_team(world: World, login: Login) -> None:
    world.mallory.memberships.all().delete()

    assert login(world.mallory).get("/")["Location"] == "/teams/new/"


def test_audit_trail_is_told_in_words(world: World, login: Login) -> None:
    login(world.alice).post(world.url(f"team/members/{place(world, world.carol).pk}/role/"), {"role": "trainer"})

    english = login(world.bob).get(world.url("team/audit/"))
    korean = login(world.bob, "ko").get(world.url("team/audit/"))

    assert [a["words"] for a in english.context["acts"]] == ["Changed a member's role"]
    assert english.context["acts"][0]["changes"] == [("Role", "Viewer", "Trainer")]
    assert [a["words"] for a in korean.context["acts"]] == ["구성원의 역할을 바꿨습니다"]
    assert korean.context["acts"][0]["changes"] == [("역할", "열람자", "훈련 담당")]


def test_only_owners_see_whence_an_act_came(world: World, login: Login) -> None:
    AuditEntry.objects.create(
        team=world.team, actor=world.bob, action="file.deleted", subject="a.jsonl", ip="192.0.2.7"
    )

    assert "192.0.2.7" in login(world.alice).get(world.url("team/audit/")).content.decode()
    assert "192.0.2.7" not in login(world.carol).get(world.url("team/audit/")).content.decode()


def test_audit_trail_has_pages_newest_first(world: World, login: Login) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(team=world.team, actor=world.bob, action="file.uploaded", subject=f"{n}.jsonl") for n in range(60)
    )
    client = login(world.carol)

    pages = [client.get(world.url(f"team/audit/?page={n}")).context["page"] for n in (1, 3, 99)]

    assert [p[0].subject for p in pages] == ["59.jsonl", "9.jsonl", "9.jsonl"]
    assert [len(p) for p in pages] == [25, 10, 10]


def test_query_counts_do_not_grow(world: World, login: Login) -> None:
    client = login(world.alice)
    AuditEntry.objects.create(team=world.team, actor=world.bob, action="file.uploaded", subject="a.jsonl")
    world.team.invitations.create(email="a@example.com", invited_by=world.alice)
    one = [queries(client, world.url(page)) for page in ("team/", "team/audit/")]
    for n in range(50):
        user = make_user(f"user{n}")
        Member.objects.create(team=world.team, user=user, role=Role.VIEWER)
        AuditEntry.objects.create(team=world.team, actor=user, action="file.uploaded", subject="a.jsonl")
        world.team.invitations.create(email=f"{n}@example.com", invited_by=user)

    many = [queries(client, world.url(page)) for page in ("team/", "team/audit/")]

    assert many == one


def test_changes_show_only_what_differs() -> None:
    entry = AuditEntry(before={"name": "a", "note": "x"}, after={"name": "a", "seed": 7, "long": ["가" * 200]})

    assert [(c.before, c.after[:5]) for c in changes(entry)] == [("x", ""), ("", "7"), ("", '["가가가')]
    assert max(len(c.after) for c in changes(entry)) == 120


def test_an_unknown_action_is_shown_as_it_is(world: World, login: Login) -> None:
    AuditEntry.objects.create(team=world.team, action="budget.raised", subject="$50")

    response = login(world.carol).get(world.url("team/audit/"))

    assert "budget.raised" not in ACTIONS
    assert [a["words"] for a in response.context["acts"]] == ["budget.raised"]


@pytest.mark.parametrize(
    ("tail", "above"),
    [("team/invite/", "team/"), ("team/members/7/role/", "team/"), ("team/leave/", "team/")],
)
def test_the_address_of_an_act_leads_a_browser_to_its_page(world: World, login: Login, tail: str, above: str) -> None:
    """As after a session that ended under an open page: the log-in's `next` is where the form was sent."""
    alice = login(world.alice)

    opened = alice.get(world.url(tail), headers={"accept": "text/html,*/*;q=0.8"})
    asked = alice.get(world.url(tail))

    assert (opened.status_code, opened.headers["Location"]) == (302, world.url(above))
    assert asked.status_code == 405


LOCKS = 'ORDER BY "jobs_member"."id"'  # the query that locks the team's members, and looks again


@pytest.mark.parametrize("act", ["role", "remove"])
def test_an_owner_who_is_demoted_meanwhile_changes_nothing(world: World, login: Login, act: str) -> None:
    Member.objects.filter(team=world.team, user=world.bob).update(role=Role.OWNER)
    mine = Member.objects.filter(team=world.team, user=world.alice)
    url = world.url(f"team/members/{place(world, world.carol).pk}/{act}/")
    client, before = login(world.alice), roles(world.team)  # a refusal rolls back what is done in the same transaction

    with meanwhile(LOCKS, lambda: mine.update(role=Role.VIEWER)):
        response = client.post(url, {"role": "owner"})

    assert response.status_code == 403
    assert roles(world.team) == before
    assert not world.team.audit.exists()


@pytest.mark.parametrize("act", ["role", "remove"])
def test_an_owner_who_is_removed_meanwhile_changes_nothing(world: World, login: Login, act: str) -> None:
    Member.objects.filter(team=world.team, user=world.bob).update(role=Role.OWNER)
    mine = Member.objects.filter(team=world.team, user=world.alice)
    url = world.url(f"team/members/{place(world, world.carol).pk}/{act}/")
    client, before = login(world.alice), roles(world.team)  # a refusal rolls back what is done in the same transaction

    with meanwhile(LOCKS, lambda: mine.delete()):
        response = client.post(url, {"role": "owner"})

    assert response.status_code == 403
    assert roles(world.team) == before


def test_who_was_removed_meanwhile_has_no_team_to_leave(world: World, login: Login) -> None:
    mine = Member.objects.filter(team=world.team, user=world.carol)
    client = login(world.carol)

    with meanwhile(LOCKS, lambda: mine.delete()):
        response = client.post(world.url("team/leave/"))

    assert response.status_code == 404
    assert not world.team.audit.exists()

"""What docs/security.md promises and no other file shows: headers, cookies, forged requests, sessions, downloads."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse

from jobs.models import Connection, User
from tests.conftest import World
from tests.factories import PASSWORD, make_file, make_job
from tests.test_access import PERSONAL, ROWS_THAT_POST, TEAM, address

type Login = Callable[..., Client]
ROOT = Path(__file__).resolve().parent.parent
DOWNLOADS = ["job-json", "job-events-csv", "job-metrics-csv", "job-result-csv", "file-download", "file-faults-csv"]
DOWNLOADS += ["file-remote-json", "team-export", "playground-download"]


# --- headers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/accounts/login/", "/no-such-page/", "/settings/", "/admin/"])
def test_every_answer_carries_the_headers(world: World, login: Login, path: str) -> None:
    answer = login(User.objects.create_superuser("root", "root@example.com", "pw")).get(path)

    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert {policy[name] for name in ("object-src", "base-uri", "frame-ancestors")} == {"'none'"}
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("tail", ["jobs/", "files/", "team/"])
def test_no_cache_keeps_a_page_of_a_team(world: World, login: Login, tail: str) -> None:
    answer = login(world.alice).get(world.url(tail))

    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_host_we_do_not_serve_is_refused(client: Client, db: None) -> None:
    assert client.get("/accounts/login/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("name", DOWNLOADS)
def test_what_people_brought_is_never_shown_inline(world: World, login: Login, name: str) -> None:
    method = next(row.method for row in TEAM if row.name == name)
    answer = getattr(login(world.alice), method)(address(world, name))

    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "text/html" not in answer.headers["Content-Type"]


# --- forged requests ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS_THAT_POST)
def test_a_request_from_another_site_is_refused(world: World, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.alice)

    assert client.post(address(world, name), headers={"origin": "https://evil.example"}).status_code == 403


@pytest.mark.parametrize("name", [name for name, method, *_ in PERSONAL if method == "post" and name != "hook"])
def test_a_persons_request_from_another_site_is_refused(world: World, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.alice)

    assert client.post(reverse(name)).status_code == 403


def test_only_machines_are_exempt_from_the_token() -> None:
    """A new exemption must be argued for here: the trainer knows bearer keys, a hook its signature."""
    exempt = {
        str(path.relative_to(ROOT))
        for folder in ("ftsite", "jobs", "trainer")
        for path in (ROOT / folder).rglob("*.py")
        if "csrf_exempt" in path.read_text()
    }

    assert exempt == {"jobs/views/hooks.py", "trainer/views/door.py"}


# --- sessions -----------------------------------------------------------------------------------------


def test_signing_in_gives_a_new_session(world: World) -> None:
    client = Client()
    session = client.session
    session["planted"] = "by somebody who will come back with this cookie"
    session.save()
    planted = client.cookies["sessionid"].value

    client.post("/accounts/login/", {"login": "alice@example.com", "password": PASSWORD})

    after = client.cookies["sessionid"]
    assert client.get(world.url("jobs/")).status_code == 200
    assert after.value != planted
    assert (after["httponly"], after["samesite"]) == (True, "Lax")


def test_a_changed_password_ends_every_other_session(world: World, login: Login) -> None:
    elsewhere = login(world.alice)
    assert elsewhere.get(world.url("jobs/")).status_code == 200

    world.alice.set_password("another-password-2")
    world.alice.save()

    assert elsewhere.get(world.url("jobs/")).status_code == 302
    assert elsewhere.get(world.url("jobs/poll/?since=0")).status_code == 302
    assert elsewhere.get("/notices/poll/?since=0").status_code == 302


def test_who_was_shut_out_is_out_at_once(world: World, login: Login) -> None:
    client = login(world.bob)
    assert client.get(world.url("jobs/")).status_code == 200

    world.team.members.filter(user=world.bob).delete()

    assert client.get(world.url("jobs/")).status_code == 404
    assert client.get(world.url("jobs/poll/?since=0")).status_code == 404


SAY_HASH = """
import django
django.setup()
from django.contrib.auth.hashers import make_password
print(*make_password("x").split("$")[:2])
"""


def test_passwords_are_kept_as_slow_hashes() -> None:
    """As settings.py has it; the tests themselves use a quick one."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "ftsite.settings"}
    told = subprocess.check_output([sys.executable, "-c", SAY_HASH], cwd=ROOT, env=environment, text=True)
    algorithm, rounds = told.split()

    assert algorithm == "pbkdf2_sha256"
    assert int(rounds) >= 1_000_000


# --- keys ---------------------------------------------------------------------------------------------


def test_stored_keys_are_not_readable_in_the_database(world: World) -> None:
    key = "sk-live-SECRET-IN-THE-CLEAR-1234"
    world.connection.set_key(key)
    world.connection.save()

    for row in Connection.objects.values():
        assert key not in repr(row)
        assert key[:-4] not in repr(row)


def test_error_mails_and_debug_pages_are_off(world: World) -> None:
    assert configured.DEBUG is False
    assert not configured.ADMINS  # a traceback stays in the log: a mail would carry what was posted


def test_a_stranger_learns_nothing_from_the_difference(world: World, login: Login) -> None:
    """What is not there and what is another team's get the same answer, to the byte but for the token."""
    client = login(world.mallory)
    job = make_job(world.team, training_file=make_file(world.team))

    there = client.get(world.url(f"jobs/{job.uuid}/"))
    nowhere = client.get(world.url("jobs/00000000-0000-0000-0000-000000000000/"))
    no_team = client.get("/t/no-such-team/jobs/")

    bodies = {re.sub(rb'(nonce|value|since)="?=?[^"&]*"?', b"", answer.content) for answer in (there, nowhere, no_team)}
    assert {answer.status_code for answer in (there, nowhere, no_team)} == {404}
    assert len(bodies) == 1


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"])
def test_signing_in_leads_to_no_other_site(world: World, back: str) -> None:
    answer = Client().post(
        f"/accounts/login/?next={back}", {"login": "alice@example.com", "password": PASSWORD, "next": back}
    )

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/")
    assert not answer.headers["Location"].startswith(("//", "/\\"))

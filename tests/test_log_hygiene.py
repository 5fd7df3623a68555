"""One long story with every secret in it; then logs, pages, admin, downloads and mails are searched for each of them.

Pages and downloads that show training text to members are exempt from the search for it, by name; none from keys.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

import pytest
import time_machine
from django.contrib import admin
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from jobs import sealing, tasks
from jobs.models import Connection, FineTuneJob, Invitation, RemoteFile, TrainingFile, User
from jobs.states import State
from tests.conftest import World
from tests.factories import chat_lines, make_connection, make_job
from tests.logging_out import Log, real_log
from tests.running import proposed
from tests.test_access import patterns
from tests.test_playground import ask, say
from tests.walking import fresh, step, walk

pytestmark = pytest.mark.django_db(transaction=True)

type Login = Callable[..., Client]

SENTENCE = "달무리도서관의열세번째책상"  # stands in every training example and in the chat
KEY = "trainer-geheim0123456789abcdefgood"
WRONG = "trainer-fault.invalid-key-geheim0123456789wrong"
PASTED = "sk-geheim0123456789pastedbymistake"
HOOK = "whsec_Z2VoZWltMDEyMzQ1Njc4OWhvb2s="
PASSWORD = "geheim-new-password-77"
FAULTS = (
    *("fail=server_error", "fail=unsafe_file", "500-before", "drop-after", "429-quota", "429-long", "html"),
    *("malformed", "training-not-available", "moderation", "unknown-status"),
)
SHOWS_TEXT = {  # to members, who may read their own training data and their own talks
    *("file-detail", "file-poll", "file-download", "file-faults-csv", "file-remote-json"),
    *("file-examples", "playground-job", "playground-download", "job-new"),
}


class Told(NamedTuple):
    """Something that somebody could read."""

    where: str
    text: str


@pytest.fixture
def log() -> Iterator[Log]:
    with real_log() as told:
        yield told


def upload(client: Client, world: World) -> TrainingFile:
    body = SimpleUploadedFile("winter.jsonl", chat_lines(word=SENTENCE))
    client.post(world.url("files/new/"), {"upload": body})
    file = TrainingFile.objects.get()
    tasks.check_file.apply(args=(file.pk,))
    return TrainingFile.objects.get()


def order_and_wait(client: Client, world: World) -> FineTuneJob:
    """Order what the form proposes."""
    page = client.get(world.url("jobs/new/")).content.decode()
    client.post(world.url("jobs/new/"), proposed(page))
    return walk(FineTuneJob.objects.get(), State.SUCCEEDED)


def fail_in_every_way(world: World, file: TrainingFile) -> list[str]:
    """A job for each fault, looked at four times; returns their keys."""
    keys: list[str] = []
    for fault in FAULTS:
        keys.append(f"trainer-fault.{fault}-geheim0123456789{len(keys)}")
        connection = make_connection(world.team, keys[-1], name=f"Fault {fault}")
        job = make_job(world.team, connection=connection, training_file=file)
        for _ in range(4):
            job = fresh(job)
            with time_machine.travel(max(job.due_at or timezone.now(), timezone.now()), tick=True):
                tasks.advance_job.apply(args=(job.pk,))
                tasks.follow_connection.apply(args=(connection.pk,))
                step(job)
    return keys


def mistype_keys(client: Client, world: World, trainer: str) -> None:
    page = f"connections/{world.connection.uuid}/"
    client.post(world.url(f"{page}key/"), {"key": WRONG})
    tasks.test_connection.apply(args=(world.connection.pk,))
    client.post(world.url("connections/new/"), {"name": PASTED, "profile": "openai", "key": f" {PASTED} \n x"})
    client.post(world.url("connections/new/"), {"name": "x", "profile": "custom", "base_url": "ftp://x", "key": PASTED})
    Client(headers={"Authorization": f"Bearer {PASTED}"}).get("/trainer/v1/models")


def come_in(world: World, owner: Client) -> list[str]:
    """An invitation taken up, a password lost, log-ins that fail; returns what opened doors."""
    owner.post(world.url("team/invite/"), {"email": "guest@example.com", "role": "viewer"})
    token = Invitation.objects.get().token
    guest = Client(enforce_csrf_checks=True)
    guest.get(f"/join/{token}/")
    guest.post(f"/join/{token}/")  # refused, and logged, by the CSRF check
    Client().get(f"/join/{token}x/")
    lost = Client()
    lost.post("/accounts/password/reset/", {"email": "carol@example.com"})
    link = re.findall(r"/accounts/password/reset/key/\S+", "".join(str(letter.body) for letter in mail.outbox))[0]
    page = lost.get(link, follow=True)
    lost.post(page.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD})
    Client().post("/accounts/login/", {"login": "carol@example.com", "password": PASSWORD + "x"})
    signed = Client()
    signed.post("/accounts/login/?next=/settings/", {"login": "carol@example.com", "password": PASSWORD})
    return [token, link.split("/")[-2], signed.cookies["sessionid"].value, signed.cookies["csrftoken"].value]


def chat(world: World, job: FineTuneJob, client: Client) -> None:
    for text in (SENTENCE, f"{SENTENCE} 둘"):
        told = ask(client, world, job, left=job.fine_tuned_model or "sim-small-2026-06-01", text=text)
        with suppress(AssertionError):
            say(world.bob, world, job, told["message"])


def pages(client: Client, world: World, job: FineTuneJob, file: TrainingFile) -> Iterator[Told]:
    """Every address of a team and of a person that can be read."""
    copy = RemoteFile.objects.filter(training_file=file).order_by("pk").first()
    values = {
        "slug:team": world.team.slug,
        "uuid:uuid": job.uuid,
        "uuid:job": job.uuid,
        "uuid:file": file.uuid,
        "uuid:connection": world.connection.uuid,
        "int:copy": copy.pk if copy else 0,
    }
    for name, route in patterns(get_resolver()):
        path = re.sub(r"<([^>]+)>", lambda found: str(values.get(found[1], found[0])), route)
        if route.startswith(("admin/", "trainer/", "accounts/")) or "<" in path:
            continue
        answer = client.get(f"/{path}")
        body = b"".join(answer) if answer.streaming else answer.content
        yield Told(name, body.decode() + str(answer.headers))


def admin_pages(client: Client) -> Iterator[Told]:
    yield Told("admin", client.get(reverse("admin:index")).content.decode())
    for model in admin.site._registry:
        at = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield Told(at, client.get(reverse(f"{at}_changelist")).content.decode())
        for row in model._default_manager.all()[:20]:
            for page in ("change", "history"):
                yield Told(f"{at}_{page}", client.get(reverse(f"{at}_{page}", args=[row.pk])).content.decode())


def test_no_secret_and_no_training_text_is_told(world: World, login: Login, trainer: str, log: Log) -> None:
    world.connection.set_key(KEY)
    world.connection.sealed_hook_secret = sealing.seal(HOOK)
    world.connection.save()
    alice, bob = login(world.alice), login(world.bob)
    staff = login(User.objects.create_superuser("root", "root@example.com", "long-enough-pw-1"))

    file = upload(bob, world)
    job = order_and_wait(bob, world)
    chat(world, job, bob)
    fault_keys = fail_in_every_way(world, file)
    tokens = come_in(world, alice)
    Client().post(f"/hooks/{world.connection.uuid}/", "{}", "application/json", headers={"webhook-signature": HOOK})
    seen = [*pages(alice, world, job, file), *pages(bob, world, job, file), *admin_pages(staff)]
    mistype_keys(alice, world, trainer)
    chat(world, job, bob)
    seen += [*pages(alice, world, job, file), *admin_pages(staff)]
    seen += [Told("log", line) for line in log.getvalue().splitlines()]

    sealed = Connection.objects.values_list("sealed_key", "sealed_hook_secret")
    keys = [KEY, WRONG, PASTED, HOOK, PASSWORD, *fault_keys, *(text for row in sealed for text in row if text)]
    assert job.state == State.SUCCEEDED
    assert {told.where for told in seen if _has(told.text, keys)} == set()
    assert {told.where for told in seen if _has(told.text, [SENTENCE])} <= SHOWS_TEXT
    assert [line for line in log.lines() if _has(json.dumps(line), tokens)] == []
    assert [letter.subject for letter in mail.outbox if _has(str(letter.body), [SENTENCE, *keys])] == []
    assert len(log.lines("ftsite.celery")) > 2 * len(FAULTS)  # the story was told, and by the loggers it should
    assert len(log.lines("ftsite.middleware")) > 50


def _has(text: str, secrets: list[str]) -> bool:
    return any(secret in text or json.dumps(secret)[1:-1] in text for secret in secrets)

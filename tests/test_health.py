"""/healthz and /readyz: what they tell, whom they answer, and that they answer whatever is broken."""

import socket
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from ftsite.celery import app as celery_app
from jobs import tasks
from jobs.models import Pulse
from jobs.pipeline import pulse
from tests.running import free_port

ANYHOW = {"host": "10.0.0.7:8000"}  # as a probe by number: no name this site answers to


@pytest.fixture(autouse=True)
def _closed_to_strangers(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["tuning.example.com"]
    settings.SECURE_SSL_REDIRECT = True


def test_a_living_process_says_ok_without_a_database(client: Client) -> None:
    response = client.get("/healthz", headers=ANYHOW)

    assert (response.status_code, response.content) == (200, b"ok\n")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.cookies == {}


def test_ready_where_database_broker_and_beat_work(client: Client, db: None) -> None:
    tasks.tick()

    response = client.get("/readyz", headers=ANYHOW)

    assert (response.status_code, response.json()) == (200, {"db": "ok", "broker": "ok", "beat": "ok"})
    assert Session.objects.count() == 0


@pytest.mark.parametrize(("seconds", "beat", "status"), [(29, "ok", 200), (31, "late", 503)])
def test_a_late_beat_is_told(client: Client, db: None, seconds: int, beat: str, status: int) -> None:
    pulse.beat("tick")

    with time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=False):
        response = client.get("/readyz", headers=ANYHOW)

    assert (response.status_code, response.json()["beat"]) == (status, beat)


def test_a_slow_tick_may_be_longer_away(client: Client, db: None, settings: Any) -> None:
    settings.TICK_SECONDS = 20.0
    pulse.beat("tick")

    with time_machine.travel(timezone.now() + timedelta(seconds=99), tick=False):
        assert client.get("/readyz", headers=ANYHOW).json()["beat"] == "ok"


def test_before_the_first_beat(client: Client, db: None) -> None:
    response = client.get("/readyz", headers=ANYHOW)

    assert (response.status_code, response.json()) == (503, {"db": "ok", "broker": "ok", "beat": "never"})


@pytest.mark.parametrize("answers", [False, True], ids=["refused", "silent"])
def test_a_broker_that_is_away_is_told_in_time_and_without_its_address(client: Client, db: None, answers: bool) -> None:
    pulse.beat("tick")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # takes the connection, never says a word
        port = silent.getsockname()[1] if answers else free_port()
        celery_app.conf.update(broker_url=f"redis://:topsecret@127.0.0.1:{port}/0")
        began = timezone.now()

        response = client.get("/readyz", headers=ANYHOW)

    assert (response.status_code, response.json()) == (503, {"db": "ok", "broker": "down", "beat": "ok"})
    assert timezone.now() - began < timedelta(seconds=8)


def test_a_database_that_is_away_is_told(client: Client, db: None) -> None:
    pulse.beat("tick")

    with connection.execute_wrapper(_broken):
        response = client.get("/readyz", headers=ANYHOW)
        alive = client.get("/healthz", headers=ANYHOW)

    assert (response.status_code, response.json()) == (503, {"db": "down", "broker": "ok", "beat": "unknown"})
    assert alive.status_code == 200


def _broken(*_args: Any) -> None:
    raise OperationalError("password authentication failed for user texthelper at db.internal")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_read_only(client: Client, db: None, path: str) -> None:
    assert client.post(path, headers=ANYHOW).status_code == 405
    assert client.head(path, headers=ANYHOW).status_code in (200, 503)


def test_every_other_address_keeps_its_doors(client: Client, db: None) -> None:
    assert client.get("/accounts/login/", headers=ANYHOW).status_code == 400
    there = client.get("/accounts/login/", headers={"host": "tuning.example.com"})
    assert (there.status_code, there["Location"]) == (301, "https://tuning.example.com/accounts/login/")


def test_the_tick_keeps_one_pulse(db: None) -> None:
    tasks.tick()
    first = Pulse.objects.get()
    tasks.tick()

    second = Pulse.objects.get()
    assert (second.pk, second.name) == (first.pk, "tick")
    assert second.at > first.at

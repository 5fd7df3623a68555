"""One small world: alice owns a team, bob trains in it, carol views, mallory is a stranger."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone, translation
from pytest_django.live_server_helper import LiveServer

from ftsite.celery import app as celery_app
from jobs.models import Connection, Member, Role, Team, User
from tests.factories import make_connection, make_user

pytest_plugins = ["tests.needs"]


@dataclass
class World:
    alice: User
    bob: User
    carol: User
    mallory: User
    team: Team
    connection: Connection

    def url(self, tail: str) -> str:
        return f"/t/{self.team.slug}/{tail}"


@pytest.fixture(autouse=True)
def _private_files(settings: Any, tmp_path: Path) -> None:
    """No test leaves files, hashes static names, slows down passwords, meets another's rate limit or language."""
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.TRAINER_DIR = tmp_path / "trainer"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    celery_app.conf.update(broker_url="memory://")  # a test's nudges must not reach a worker that runs beside it
    cache.clear()
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture
def world(db: None) -> World:
    alice, bob, carol, mallory = (make_user(name) for name in ("alice", "bob", "carol", "mallory"))
    team = Team.objects.make("봄날편집부", alice)
    Member.objects.create(team=team, user=bob, role=Role.TRAINER)
    Member.objects.create(team=team, user=carol, role=Role.VIEWER)
    return World(alice, bob, carol, mallory, team, make_connection(team))


@pytest.fixture
def login() -> Callable[[User], Client]:
    """Return a signed-in client; it asks for English unless the test says otherwise."""

    def sign_in(user: User, language: str = "en") -> Client:
        client = Client(headers={"accept-language": language})
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def trainer(live_server: LiveServer, settings: Any) -> str:
    """The bundled trainer behind real HTTP, fast; returns its address."""
    settings.TRAINER_URL = f"{live_server.url}/trainer/v1"
    settings.TRAINER_SPEED = 30.0
    return str(settings.TRAINER_URL)

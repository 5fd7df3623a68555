"""Staff see every team's rows in the admin: read-only, searchable, never a key."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from jobs.models import Transition, User
from jobs.states import State
from tests.conftest import World
from tests.factories import make_connection, make_job, make_tuned_model

MODELS = [model for model in admin.site._registry if model._meta.app_label == "jobs"]


@pytest.fixture
def staff(world: World, login: Callable[..., Client]) -> Client:
    return login(User.objects.create_superuser("root", "root@example.com", "long-enough-pw-1"))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_list_opens_and_searches_and_nothing_can_be_added(world: World, staff: Client, model: type) -> None:
    job = make_job(world.team, created_by=world.alice, state=State.FAILED)
    make_tuned_model(job)
    Transition.objects.create(job=job, after=State.FAILED)
    name = f"admin:jobs_{model._meta.model_name}"  # type: ignore[attr-defined]

    assert staff.get(reverse(f"{name}_changelist")).status_code == 200
    assert staff.get(reverse(f"{name}_changelist"), {"q": "alice"}).status_code == 200
    assert staff.get(reverse(f"{name}_add")).status_code == 403


def test_a_connections_page_never_shows_its_key(world: World, staff: Client) -> None:
    key = f"trainer-{uuid4().hex}"
    connection = make_connection(world.team, key)

    page = staff.get(reverse("admin:jobs_connection_change", args=[connection.pk])).content.decode()
    rows = staff.get(reverse("admin:jobs_connection_changelist")).content.decode()

    assert connection.key_hint in rows
    for text in (page, rows):
        assert key not in text
        assert connection.sealed_key not in text


def test_a_job_shows_its_history_and_cannot_be_changed(world: World, staff: Client) -> None:
    job = make_job(world.team, state=State.FAILED)
    Transition.objects.create(job=job, after=State.FAILED, reason="because of the test")
    url = reverse("admin:jobs_finetunejob_change", args=[job.pk])

    page = staff.get(url).content.decode()
    refused = staff.post(url, {"name": "other"})

    assert "because of the test" in page
    assert refused.status_code == 403
    job.refresh_from_db()
    assert job.name == "겨울 에세이"


def test_members_who_are_not_staff_stay_out(world: World, login: Callable[..., Client]) -> None:
    response = login(world.alice).get(reverse("admin:index"))

    assert response.status_code == 302

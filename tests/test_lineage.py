"""The chain of versions from a model or a job back to what came in."""

from collections.abc import Callable

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import Origin, TrainingFile
from jobs.states import State
from jobs.views.lineage import LONGEST, chain, chains
from tests.conftest import World
from tests.factories import make_file, make_job, make_tuned_model

type Login = Callable[..., Client]


@pytest.fixture
def versions(world: World) -> list[TrainingFile]:
    """The newest first: reduced, converted, uploaded (and deleted since)."""
    upload = make_file(world.team, name="old.jsonl", deleted_at=timezone.now())
    chat = make_file(world.team, name="chat.jsonl", parent=upload, origin=Origin.CONVERTED)
    return [make_file(world.team, name="reduced.jsonl", parent=chat, origin=Origin.REDUCED), chat, upload]


def test_a_chain_leads_back_to_the_upload(versions: list[TrainingFile]) -> None:
    assert chain(versions[0]) == versions
    assert chain(versions[2]) == [versions[2]]
    assert chain(None) == []
    assert [version.get_origin_display() for version in chain(versions[0])] == [
        "Examples left out",
        "Converted to chat",
        "Uploaded",
    ]


def test_many_chains_are_one_query_and_uploads_are_none(world: World, versions: list[TrainingFile]) -> None:
    alone = make_file(world.team)
    with CaptureQueriesContext(database) as captured:
        assert chains([versions[0], versions[1], alone]) == {
            versions[0].pk: versions,
            versions[1].pk: versions[1:],
            alone.pk: [alone],
        }
        assert chains([alone]) == {alone.pk: [alone]}
    assert len(captured) == 1


def test_a_chain_is_cut_where_a_page_would_be_endless(world: World) -> None:
    file = make_file(world.team)
    for number in range(LONGEST + 5):
        file = make_file(world.team, b"%d" % number, parent=file, origin=Origin.EDITED)

    assert len(chain(file)) == LONGEST + 1


def test_the_pages_of_file_job_and_model_show_it(world: World, login: Login, versions: list[TrainingFile]) -> None:
    job = make_job(world.team, training_file=versions[0], state=State.SUCCEEDED)
    model = make_tuned_model(job)
    client = login(world.carol)

    assert client.get(world.url(f"files/{versions[1].uuid}/")).context["ancestors"] == versions[:1:-1]
    assert client.get(world.url(f"jobs/{job.uuid}/")).context["chain"] == versions
    assert [(row["model"], row["chain"]) for row in client.get(world.url("models/")).context["rows"]] == [
        (model, versions)
    ]

"""Whether a call that failed may have been acted on: what surely was not sent is sent again, all else is in doubt."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from jobs import provider
from jobs.pipeline import launch
from jobs.provider_error import Access, ProviderError
from jobs.states import State
from tests.conftest import World
from tests.test_odd_answers import Answers, Refusal, pushed, service
from tests.walking import fresh

__all__ = ["service"]  # a fixture


def order_at(url: str) -> ProviderError:
    with pytest.raises(ProviderError) as failed:
        provider.create_job(Access(url, "sk-key"), {"model": "m", "training_file": "file-1"})
    return failed.value


@pytest.fixture
def mute(settings: Any) -> Iterator[int]:
    """The port of a server that takes connections and says nothing."""
    settings.ORDER_SECONDS = 0.3
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings.UPSTREAM_HOSTS = [f"127.0.0.1:{port}"]
        yield port


def test_a_request_without_an_answer_may_have_been_acted_on(mute: int) -> None:
    assert order_at(f"http://127.0.0.1:{mute}/v1").reached


def test_a_connection_that_did_not_come_to_stand_in_time_carried_nothing(mute: int) -> None:
    """TLS is part of connecting: the server never answers its first message."""
    error = order_at(f"https://127.0.0.1:{mute}/v1")

    assert (error.reached, str(error)) == (False, provider.NO_ANSWER)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/v1", "127.0.0.1/v1"])
def test_an_address_that_cannot_be_called_carried_nothing(url: str) -> None:
    assert not order_at(url).reached


def test_a_closed_port_carried_nothing(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings.UPSTREAM_HOSTS = [f"127.0.0.1:{port}"]

    assert not order_at(f"http://127.0.0.1:{port}/v1").reached


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("status", "state"),
    [
        (408, State.UNSURE),
        (409, State.UNSURE),
        (500, State.UNSURE),
        (503, State.UNSURE),
        (429, State.READY),
        (400, State.FAILED),
        (422, State.FAILED),
    ],
)
def test_an_answer_leaves_it_open_or_says_that_nothing_started(
    world: World, service: Answers, status: int, state: State
) -> None:
    job = pushed(world)
    service["/jobs"] = Refusal(status, {"error": {"message": "Not now."}})

    launch.submit(job)

    assert fresh(job).state == state


@pytest.mark.django_db
@pytest.mark.parametrize(("seed", "sent"), [(0, 0), (7, 7), (None, None)])
def test_the_seed_is_sent_as_it_was_chosen(world: World, seed: int | None, sent: int | None) -> None:
    job = pushed(world)
    job.seed = seed

    assert launch.order_body(job, {job.trained_on.pk: "file-1"}).get("seed") == sent


@pytest.mark.parametrize(("seconds", "all_wait"), [(None, False), (30, False), (30.5, True)])
def test_a_wait_of_more_than_half_a_minute_concerns_every_call(seconds: float | None, all_wait: bool) -> None:
    assert ProviderError("busy", status=429, retry_after=seconds).asks_all_to_wait is all_wait

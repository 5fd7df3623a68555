"""Beat goes on whatever happens to the clock."""

import pickle
from datetime import timedelta

import pytest
from celery import Celery

from ftsite.interval import Every


@pytest.fixture
def every() -> Every:
    return Every(2, app=Celery("clock", fixups=[], set_as_current=False))


def test_a_clock_set_back_does_not_stop_it(every: Every) -> None:
    """The last one was sent an hour from now, as the clock stands: an administrator, or NTP, set it back."""
    assert every.is_due(every.now() + timedelta(hours=1)) == (True, 2)


def test_it_waits_its_time_otherwise(every: Every) -> None:
    due, wait = every.is_due(every.now() - timedelta(seconds=0.5))

    assert not due
    assert 1 < wait <= 1.5
    assert every.is_due(every.now() - timedelta(seconds=3)) == (True, 2)


def test_beat_can_keep_it_on_disk() -> None:
    assert pickle.loads(pickle.dumps(Every(2))).seconds == 2

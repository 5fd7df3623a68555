"""How times and tables of numbers read."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from jobs.models import JobEvent
from jobs.templatetags.desk import ago, briefly, event_rows


@pytest.mark.parametrize(
    ("back", "in_english", "in_korean"),
    [
        (timedelta(seconds=9), "9 s ago", "9초 전"),
        (timedelta(minutes=59, seconds=59), "59 min ago", "59분 전"),
        (timedelta(hours=25), "1 day ago", "1일 전"),
        (timedelta(days=59), "59 days ago", "59일 전"),
        (timedelta(minutes=-5), "0 s ago", "0초 전"),
    ],
)
def test_a_time_reads_by_its_largest_part(back: timedelta, in_english: str, in_korean: str) -> None:
    moment = timezone.now() - back

    with override("en"):
        assert ago(moment) == in_english
    with override("ko"):
        assert ago(moment) == in_korean


def test_a_time_long_ago_is_told_by_its_day() -> None:
    moment = timezone.now() - timedelta(days=400)

    assert ago(moment) == f"{timezone.localtime(moment):%Y-%m-%d}"


def test_no_time_says_nothing() -> None:
    assert ago(None) == ""


def test_a_remaining_time_is_no_more_exact_than_it_is() -> None:
    with override("ko"):
        assert briefly(timedelta(minutes=9, seconds=41)) == "9분"
    assert briefly(None) == ""


@pytest.mark.parametrize(
    ("level", "words"),
    [
        ("info", "&lt;i&gt;1&lt;/i&gt;"),
        ("warn", '<span class="warn-text">&lt;i&gt;1&lt;/i&gt;</span>'),
        ("error", '<span class="bad-text">&lt;i&gt;1&lt;/i&gt;</span>'),
        ("loud", "&lt;i&gt;1&lt;/i&gt;"),
    ],
)
def test_an_event_is_shown_as_text_by_the_readers_clock(level: str, words: str) -> None:
    moment = datetime(2026, 11, 22, 5, 5, 9, tzinfo=UTC)
    event = JobEvent(pk=7, level=level, message="<i>1</i>", created_at=moment)
    with timezone.override("Asia/Seoul"):
        row, dated = event_rows([event]), event_rows([event], dated=True)

    assert f'<time datetime="{moment.isoformat()}">14:05:09</time>' in row
    assert ">11-22 14:05:09</time>" in dated
    assert f"data-service>{words}</td>" in row

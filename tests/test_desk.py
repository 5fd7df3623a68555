"""How times read."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from jobs.templatetags.desk import ago


@pytest.mark.parametrize(
    ("back", "in_english", "in_korean"),
    [
        (timedelta(seconds=9), "9 s ago", "9초 전"),
        (timedelta(minutes=59, seconds=59), "59 min ago", "59분 전"),
        (timedelta(hours=25), "1 day ago", "1일 전"),
        (timedelta(days=400), "400 days ago", "400일 전"),
        (timedelta(minutes=-5), "0 s ago", "0초 전"),
    ],
)
def test_a_time_reads_by_its_largest_part(back: timedelta, in_english: str, in_korean: str) -> None:
    moment = timezone.now() - back

    with override("en"):
        assert ago(moment) == in_english
    with override("ko"):
        assert ago(moment) == in_korean


def test_no_time_says_nothing() -> None:
    assert ago(None) == ""

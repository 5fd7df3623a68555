"""Every way in which services, SDKs and languages write a time is read as the same moment, or as none."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from jobs.moments import moment

MAY = datetime(2024, 5, 17, 17, 39, 51, tzinfo=UTC)
COUNT = 1715967591  # the same

SAME = [
    *(COUNT, float(COUNT), COUNT * 1000, COUNT * 10**6, COUNT * 10**9),
    *(f"{COUNT}", f" {COUNT} ", f"{COUNT}.0", f"{COUNT}.", f"{COUNT}000", "1.715967591e9", "1.715967591E+09"),
    *("2024-05-17T17:39:51Z", "2024-05-17t17:39:51z", "2024-05-17 17:39:51", "2024-05-17T17:39:51"),
    *("2024-05-17T17:39:51.000000000Z", "2024-05-17T17:39:51.0Z", "2024-05-17T17:39:51,000Z"),
    *("2024-05-18T02:39:51+09:00", "2024-05-18T02:39:51+0900", "2024-05-18T02:39:51+09", "2024-05-18 02:39:51 +0900"),
    *("2024-05-17T17:39:51+00:00", "20240517T173951Z", "20240517173951", "2024/05/17 17:39:51"),
    *("2024-05-17 17:39:51 UTC", "2024-05-17 17:39:51 GMT", "2024-05-17 17:39:51 +0000 UTC"),
    *("2024-05-17 17:39:51.000000001 +0000 UTC", "2024-05-18 02:39:51 +0900 GMT"),
    *("Fri, 17 May 2024 17:39:51 GMT", "17 May 2024 17:39:51 +0000", "/Date(1715967591000)/"),
    *({"seconds": COUNT, "nanos": 0}, {"seconds": f"{COUNT}"}, {"$date": "2024-05-17T17:39:51Z"}),
    *(MAY, MAY.replace(tzinfo=None), MAY.astimezone(timezone(timedelta(hours=9)))),
]


@pytest.mark.parametrize("written", SAME, ids=str)
def test_the_same_moment_however_it_is_written(written: object) -> None:
    read = moment(written)

    assert read == MAY
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "written",
    [
        *(None, "", " ", True, False, [], {}, [COUNT], {"seconds": {"seconds": COUNT}}, {"$date": None}),
        *("yesterday", "-1", "nan", "inf", "1_715_967_591", "soon", "2024", "2024-13-01", "2024-05-17T25:00:00Z"),
        *(0, -1, -COUNT, 1e20, 10**40, float("nan"), float("inf"), float("-inf"), "9" * 400, "2024-05-17" + " " * 100),
        *("0", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00"),
        *("1970-01-01T00:00:00Z", "１７１５９６７５９１", b"1715967591", object()),
    ],
    ids=lambda written: f"{written!r}".partition(" at 0x")[0],
)
def test_what_is_no_time_is_none(written: object) -> None:
    assert moment(written) is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2024-05-17", datetime(2024, 5, 17, tzinfo=UTC)),
        ("20240517", datetime(2024, 5, 17, tzinfo=UTC)),
        (f"{COUNT}.5", MAY + timedelta(seconds=0.5)),
        (COUNT * 1000 + 250, MAY + timedelta(seconds=0.25)),
        ("2024-05-17T17:39:51.123456789Z", MAY + timedelta(microseconds=123456)),
        (99_999_999_999, datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)),
        (4_000_000_000, datetime(2096, 10, 2, 7, 6, 40, tzinfo=UTC)),
    ],
    ids=str,
)
def test_parts_and_far_times(written: object, read: datetime) -> None:
    assert moment(written) == read

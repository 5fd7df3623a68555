"""The curve of a job's page: its points, its table, and that it is made once for what was told."""

import json

import pytest
from django.utils.html import json_script

from jobs.models import FineTuneJob, Metric
from jobs.states import State
from jobs.views.job_curve import curve_of, rows_of, script_of
from tests.conftest import World
from tests.factories import make_job


@pytest.fixture
def job(world: World) -> FineTuneJob:
    return make_job(world.team, state=State.RUNNING, total_steps=300)


def told(job: FineTuneJob, *steps: int) -> None:
    """The service tells these steps, in this order."""
    for step in steps:
        Metric.objects.create(job=job, step=step, values={"train_loss": 1 / step, "kl": step})


def test_steps_are_in_order_however_they_came(job: FineTuneJob) -> None:
    told(job, 2, 1, 4)

    curve = curve_of(job)

    assert json.loads(inside(curve.script)[1]) == {
        "steps": [1, 2, 4],
        "train": [1.0, 0.5, 0.25],
        "valid": [None, None, None],
        "full": [None, None, None],
        "total": 300,
    }
    assert (curve.is_empty, curve.last, curve.more) == (False, {"train_loss": 0.25, "kl": 4}, ["kl"])
    assert curve.rows.splitlines()[0].startswith('<tr><td class="num">4</td><td class="num">0.25</td>')


def test_the_table_shows_the_newest_hundred(job: FineTuneJob) -> None:
    told(job, *range(1, 103))

    assert curve_of(job).rows.count("<tr>") == 100


def test_it_is_made_once_for_what_was_told_and_anew_with_each_step(job: FineTuneJob) -> None:
    told(job, 1)
    first = curve_of(job)
    again = curve_of(FineTuneJob.objects.get(pk=job.pk))
    told(job, 2)

    assert again is first
    assert curve_of(job).last == {"train_loss": 0.5, "kl": 2}


def test_a_job_without_a_step_has_an_empty_curve(job: FineTuneJob) -> None:
    curve = curve_of(job)

    assert (curve.is_empty, curve.last, curve.more, curve.rows) == (True, {}, [], "")


def test_whatever_a_service_calls_a_number_is_shown_as_text() -> None:
    assert rows_of([(123_456, [0.123456, None, "<b>3</b>"])]) == (
        '<tr><td class="num">123456</td><td class="num">0.1235</td><td class="num">–</td>'
        '<td class="num">&lt;b&gt;3&lt;/b&gt;</td></tr>\n'
    )


def test_points_are_told_as_json_script_tells_them() -> None:
    points = {"steps": [1, 2], "train": [0.5, None], "valid": ["</script>&amp;", {"<b>": "겨울"}], "total": None}

    told = script_of(points, "loss-data")

    head, body, tail = inside(told)
    assert (head, tail) == inside(json_script(points, "loss-data"))[::2]
    assert json.loads(body) == points
    assert not {"<", ">", "&"} & set(body)


def test_what_is_no_number_is_no_point() -> None:
    """json_script says NaN there, and no browser reads on."""
    assert json.loads(inside(script_of({"train": [float("nan")]}, "x"))[1]) == {"train": [None]}


def inside(script: str) -> tuple[str, str, str]:
    head, body = script.removesuffix("</script>").split(">", 1)
    return head, body, "</script>"

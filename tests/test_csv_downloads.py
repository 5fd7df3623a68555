"""Every CSV that the portal hands out: no cell runs as a formula where a spreadsheet opens it (F13)."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from jobs.models import Answer, Evaluation, FileState, FineTuneJob, JobEvent, Judging, Judgment, Metric, TrainingFile
from jobs.pipeline.exporting import Archive
from jobs.pipeline.spreadsheets import harmless, harmless_csv
from jobs.states import State
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions
from tests.factories import make_file, make_job
from tests.judging import make_judging

type Login = Callable[..., Client]

EVIL = [
    "=cmd|' /C calc'!A0",
    "+1+cmd()",
    "-1+1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u200b=1",
    "\u00a0=1",
    "\ufeff=1",
    "\uff1d1+1",  # full width
    "\uff0b1+1",
    "\uff0d1+1",
    "\uff201",
    "\u22121+1",
    "=1\x00",
]
PLAIN = ["-0.5", "+3", "1e-05", "-1.25E+03", "-12%", "-1,234.5", "눈이 온다", "a=b", "", "3-1"]


@pytest.mark.parametrize("cell", EVIL)
def test_what_would_run_is_a_text(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", PLAIN)
def test_numbers_and_words_stay_as_they_are(cell: str) -> None:
    assert harmless(cell) == cell


@pytest.mark.parametrize("cell", [3, -0.5, None])
def test_what_is_no_text_stays(cell: object) -> None:
    assert harmless(cell) is cell


def test_a_plain_result_file_goes_out_byte_by_byte() -> None:
    text = 'step,train_loss\n1,-0.5\r\n2,"0,4"\n\n'

    assert harmless_csv(text) == text.encode()


@pytest.mark.parametrize("text", ['step,x\n1,"=1\n', "a\x00b,=1\n", "a,=" + "x" * 200_000, "\ud83d,=1\n"])
def test_a_broken_result_file_is_harmless_too(text: str) -> None:
    lines = harmless_csv(text).decode().splitlines()

    assert [cell for line in lines for cell in line.split(",") if cell.strip('"').startswith("=")] == []


def csv_routes(resolver: Any = None, before: str = "") -> Iterator[str]:
    """Every route that ends in .csv, the trainer's and the admin's too."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from csv_routes(pattern, route)
        elif isinstance(pattern, URLPattern) and route.endswith(".csv"):
            yield route


@pytest.fixture
def evil_job(world: World) -> FineTuneJob:
    """A job about which a service says nothing but formulas."""
    result = io.StringIO()
    csv.writer(result).writerows([["step", *EVIL], ["1", *EVIL]])
    job = make_job(world.team, state=State.SUCCEEDED, remote_id="ftjob-1", due_at=None)
    FineTuneJob.objects.filter(pk=job.pk).update(result_csv=result.getvalue().replace("\x00", ""))
    for number, cell in enumerate(each.replace("\x00", "") for each in EVIL):
        words = {"level": cell[:10], "type": cell[:20], "message": cell}
        JobEvent.objects.create(job=job, remote_id=f"={number}", created_at=timezone.now(), **words)
        Metric.objects.create(job=job, step=number + 1, values={cell: cell})
    return job


@pytest.fixture
def evil_file(world: World) -> TrainingFile:
    file = make_file(world.team, state=FileState.INVALID)
    lines = "\n".join(f'{{"{cell}": 1}}' for cell in ("=cmd()", "@x", "+y"))
    file.content.save("evil.jsonl", ContentFile(lines.encode()))
    return file


def cells(body: bytes) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")) for cell in row]


def evil_evaluation(world: World) -> Evaluation:
    """Answers and questions that would run as formulas."""
    evaluation = make_evaluation(world.team, EVIL[:1], make_questions(world.team, *EVIL[:-1]), name=EVIL[0])
    candidate = evaluation.candidates.get()
    Answer.objects.bulk_create(
        Answer(evaluation=evaluation, candidate=candidate, question=question, position=place, state="done", answer=cell)
        for place, (question, cell) in enumerate(zip(candidate.question_set.questions.all(), EVIL[:-1], strict=True))
    )
    return evaluation


def evil_judging(evaluation: Evaluation) -> Judging:
    """Replies of a judge that would run as formulas, about answers that would, too."""
    judging = make_judging(evaluation, EVIL[1])
    answers = list(evaluation.answers.all())
    Judgment.objects.bulk_create(
        Judgment(judging=judging, a=answer, b=answers[0], position=place, state="done", answer=answer.answer)
        for place, answer in enumerate(answers)
    )
    return judging


@pytest.mark.django_db
def test_every_csv_download_is_harmless(
    world: World, login: Login, evil_job: FineTuneJob, evil_file: TrainingFile
) -> None:
    client, seen, evaluation = login(world.bob), [], evil_evaluation(world)
    judging = evil_judging(evaluation)
    for route in csv_routes():
        url = "/" + route.replace("<slug:team>", world.team.slug)
        url = url.replace("<uuid:uuid>", str(evil_job.uuid)).replace("<uuid:file>", str(evil_file.uuid))
        url = url.replace("<uuid:evaluation>", str(evaluation.uuid)).replace("<uuid:judging>", str(judging.uuid))
        response = client.get(url)
        seen.append((route.rpartition("/")[2], response.status_code))
        body = b"".join(response) if response.streaming else response.content
        found = cells(body)
        assert len(found) > 5, route
        assert [cell for cell in found if harmless(cell) != cell] == [], route

    assert sorted(seen) == [
        (f"{name}.csv", 200) for name in ("answers", "events", "faults", "metrics", "replies", "result")
    ]


@pytest.mark.django_db
def test_the_csv_files_of_an_export_are_harmless(world: World, evil_job: FineTuneJob) -> None:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(Archive(world.team, world.alice).chunks())))

    names = [name for name in archive.namelist() if name.endswith(".csv")]
    assert names == [f"results/{evil_job.uuid}.csv"]
    assert [cell for cell in cells(archive.read(names[0])) if harmless(cell) != cell] == []

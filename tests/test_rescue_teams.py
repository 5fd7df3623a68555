"""The rescue of all teams, for staff: counts that say what each model's own steps say, and nothing of any text."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import Answer, Candidate, Evaluation, EvaluationKind, Question, RemoteModel, Team
from jobs.pipeline.rescue import overview, teams
from jobs.run_states import ChunkState, RunState
from jobs.states import State
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions
from tests.factories import make_connection, make_file, make_job, make_user

type Login = Callable[..., Client]
HERE = "/admin/rescue/"


@pytest.fixture
def staff(world: World, login: Login) -> Client:
    """Of the staff, no superuser, in no team of the world."""
    return login(make_user("root", is_staff=True))


def add(team: Team, name: str, days: int | None = 30, **fields: Any) -> RemoteModel:
    day = None if days is None else timezone.now().date() + timedelta(days=days)
    connection = team.connections.first() or make_connection(team)
    return RemoteModel.objects.create(team=team, connection=connection, name=name, shutdown_date=day, **fields)


def another(name: str) -> Team:
    return Team.objects.make(name, make_user(name.replace(" ", "")))


def record(team: Team, model: RemoteModel, *states: str, run: str = RunState.DONE, text: str = "x") -> Evaluation:
    evaluation = make_evaluation(team, [model.name], make_questions(team, *(f"{text}{n}" for n in range(len(states)))))
    candidate = evaluation.candidates.get()
    Answer.objects.filter(candidate=candidate).delete()
    for position, state in enumerate(states):
        question = Question.objects.get(question_set=candidate.question_set, position=position)
        Answer.objects.create(
            evaluation=evaluation, candidate=candidate, question=question, position=position, state=state, answer=text
        )
    Evaluation.objects.filter(pk=evaluation.pk).update(kind=EvaluationKind.RECORDING, state=run)
    RemoteModel.objects.filter(pk=model.pk).update(recording=candidate)
    return Evaluation.objects.get(pk=evaluation.pk)


def names(client: Client, url: str = HERE) -> list[str]:
    return [row.team.name for row in client.get(url).context["rows"]]


def test_the_most_urgent_team_comes_first(world: World, staff: Client) -> None:
    for name, days in [("later", 40), ("no day", None), ("five", 5), ("tomorrow", 1), ("off", -2)]:
        add(another(name), "ft:x", days)
    add(another("done"), "ft:x", 3, signed_at=timezone.now())
    add(world.team, "ft:x", 12)
    add(world.team, "ft:y", 2, signed_at=timezone.now())

    assert names(staff) == ["tomorrow", "five", "봄날편집부", "later", "no day", "off", "done"]


def test_each_team_has_its_figures(world: World, staff: Client) -> None:
    kept, part, _open = (add(world.team, f"ft:{name}", 9, remote_job="j") for name in ("kept", "part", "open"))
    record(world.team, kept, ChunkState.DONE, ChunkState.DONE)
    latest = record(world.team, part, ChunkState.DONE, ChunkState.FAILED, run=RunState.PAUSED)
    Evaluation.objects.filter(pk=latest.pk).update(done=1, total=2, failed=1)

    make_evaluation(world.team, ["x"], make_questions(world.team, "비"))  # no recording
    page = staff.get(HERE)

    [row] = page.context["rows"]
    assert (row.total, row.unsigned, row.recorded, row.days_left, row.owners) == (3, 3, 1, 9, ["alice@example.com"])
    assert {step.name.value: step.count for step in row.steps} == {
        "archive": 3,
        "record": 2,
        "train": 3,
        "compare": 3,
        "sign": 3,
    }
    assert row.recording == latest
    words = page.content.decode()
    for part_of_page in ("9 days left", "1 / 3", "Paused", "1 / 2", "Record answers: 2", "alice@example.com"):
        assert part_of_page in words
    assert f"/admin/jobs/remotemodel/?team={world.team.pk}" in words


def random_model(world: World, dice: random.Random, number: int) -> RemoteModel:
    """A model somewhere in the life of a rescue."""
    now, some = timezone.now(), dice.choice
    model = add(world.team, f"ft:{number:03}", some([None, -1, 0, 1, 20]), remote_job=some(["", "ftjob-1"]))
    fields: dict[str, Any] = {"trouble": some(["", "", "no"])}
    if some([True, False]):
        file = some([None, make_file(world.team), make_file(world.team, state="checking")])
        if file and some([True, False, False]):
            file.deleted_at = now
            file.save()
        states = [State.ADOPTING, State.RUNNING, State.SUCCEEDED, State.FAILED, State.RECORDED]
        job = make_job(world.team, state=some(states), collected_at=some([None, now]))
        type(job).objects.filter(pk=job.pk).update(training_file=file)
        fields["job"] = job
    elif some([True, False]):
        fields["archive_due_at"] = now
    if some([True, False]):
        fields["retrained"] = make_job(world.team, state=some([State.NEW, State.SUCCEEDED, State.FAILED]))
    if some([True, False]):
        fields["comparison"] = make_evaluation(world.team, ["x"], make_questions(world.team, "눈"))
        fields["comparison"].state = some([RunState.RUNNING, RunState.DONE, RunState.CAPPED])
        fields["comparison"].save()
    if some([True, False, False]):
        fields["signed_at"] = now
    RemoteModel.objects.filter(pk=model.pk).update(**fields)
    if some([True, False]):
        answers = [some([ChunkState.DONE, ChunkState.DONE, ChunkState.FAILED]) for _ in range(some([0, 1, 2]))]
        record(world.team, model, *answers, run=some([RunState.RUNNING, RunState.DONE, RunState.CANCELLED]))
    return model


@pytest.mark.parametrize("seed", range(4))
def test_the_counts_say_what_the_steps_of_each_model_say(world: World, seed: int) -> None:
    dice = random.Random(seed)
    for number in range(25):
        random_model(world, dice, number)

    rows = overview.rows_of(overview.related(RemoteModel.objects.filter(team=world.team)))
    expected = Counter(step.name for row in rows for step in row.steps if step.is_open)

    [row] = teams.rows_of(teams.by_urgency())
    assert {step.name: step.count for step in row.steps} == {step.name: expected[step.name] for step in row.steps}


def test_no_text_of_a_team_is_shown(world: World, staff: Client) -> None:
    text = "비밀스러운눈"
    model = add(world.team, "ft:x", 3, sign_note=text, raw={"model": {"x": text}}, trouble="")
    record(world.team, model, ChunkState.DONE, text=text)
    Candidate.objects.update(system_prompt=text)

    urls = [HERE, "/admin/jobs/remotemodel/", f"/admin/jobs/remotemodel/{model.pk}/change/"]

    assert [url for url in urls if text in staff.get(url).content.decode()] == []


def test_a_page_holds_25_teams_and_costs_the_same(world: World, staff: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(database) as queries:
            staff.get(HERE)
        return len(queries)

    model = add(world.team, "ft:x", 3)
    record(world.team, model, ChunkState.DONE)
    before = cost()
    for number in range(30):
        team = another(f"team {number:02}")
        record(team, add(team, "ft:x", 4 + number), ChunkState.DONE)

    assert cost() == before
    assert len(names(staff)) == 25
    assert names(staff, HERE + "?page=2") == [f"team {number:02}" for number in range(24, 30)]
    assert len(names(staff, HERE + "?page=nonsense")) == 25


def test_the_front_page_says_what_is_at_stake_and_leads_there(world: World, staff: Client) -> None:
    assert "switched off within 30 days" not in staff.get("/admin/").content.decode()
    record(world.team, add(world.team, "ft:kept", 5), ChunkState.DONE)
    add(world.team, "ft:open", 30)
    add(world.team, "ft:later", 31)
    add(another("two"), "ft:x", 1)

    page = staff.get("/admin/")

    assert page.context["ending"] == {"teams": 2, "models": 3, "recorded": 1, "unrecorded": 2}
    words = page.content.decode()
    assert "They belong to 2 teams." in words
    assert words.count(f'href="{HERE}"') == 2


def test_an_empty_page_says_so(world: World, staff: Client) -> None:
    assert "No team has tuned models at a service." in staff.get(HERE).content.decode()
    assert staff.post(HERE).status_code == 405


@pytest.mark.parametrize("who", ["alice", "mallory"])
def test_nobody_but_staff_gets_in(world: World, login: Login, who: str) -> None:
    assert login(getattr(world, who)).get(HERE).status_code == 302

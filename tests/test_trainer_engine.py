"""The simulated engine: the same row and moment give the same answer, whatever happened in between."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.factories import chat_lines
from trainer.engines import answering, apart, reading, tokens
from trainer.engines.clock import Clock
from trainer.engines.curve import Curve
from trainer.engines.simulated import Run
from trainer.models import File, Job
from trainer.ordering import auto_batch, auto_epochs

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def make_job(examples: int = 60, **more: Any) -> Job:
    file = File(uid="file-a", sha256="5" * 64, examples=examples, tokens=1000)
    given: dict[str, Any] = {"speed": 1.0, "n_epochs": 3, "batch_size": 1, "learning_rate": 1.8, "seed": 7}
    return Job(uid="ftjob-a", tuned_name="ft:b:o::abcdefgh", training_file=file, created_at=START, **given | more)


@pytest.mark.parametrize(
    ("seconds", "status"),
    [
        (0, "validating_files"),
        (2, "queued"),
        (4.5, "running"),
        (29.9, "running"),
        (30, "succeeded"),
        (1e7, "succeeded"),
    ],
)
def test_sixty_examples_take_half_a_minute(seconds: float, status: str) -> None:
    assert Run(make_job()).status(at(seconds)) == status
    assert Run(make_job(speed=10.0)).status(at(seconds / 10)) == status


def test_a_pause_stops_the_clock() -> None:
    clock = Clock(START, 2.0, [[at(10).timestamp(), at(60).timestamp()], [at(100).timestamp(), None]])
    assert [clock.active(at(second)) for second in (5, 10, 30, 61, 71, 100, 500)] == [10, 20, 20, 20, 40, 98, 98]
    assert [clock.standing(at(second)) for second in (30, 60.5, 90, 200)] == ["paused", "queued", "", "paused"]
    assert clock.wall(40) == at(71)
    assert clock.wall(98.5) is None


def test_a_pause_while_queued_again() -> None:
    clock = Clock(START, 1.0, [[at(10).timestamp(), at(20).timestamp()], [at(21).timestamp(), at(30).timestamp()]])
    assert clock.active(at(40)) == 40 - 22
    assert clock.wall(18) == at(40)
    assert clock.standing(at(31)) == "queued"


def test_events_never_change_once_told() -> None:
    job = make_job(20)
    early, late = Run(job).events(at(8), {}), Run(job).events(at(500), {})
    assert late[-len(early) :] == early
    assert len(late) > len(early)
    assert [event["created_at"] for event in late] == sorted((e["created_at"] for e in late), reverse=True)


def test_the_curve_is_drawn_from_data_and_seed() -> None:
    curve = Curve("data:7", 180, 3, 1.8, validated=True)
    losses = [curve.at(step)["train_loss"] for step in curve.points()]
    assert losses == [Curve("data:7", 180, 3, 1.8, validated=True).at(step)["train_loss"] for step in curve.points()]
    assert losses != [Curve("data:8", 180, 3, 1.8, validated=True).at(step)["train_loss"] for step in curve.points()]
    assert sum(losses[:20]) > 1.5 * sum(losses[-20:])
    assert [step for step in curve.points() if "full_valid_loss" in curve.at(step)] == [60, 120, 180]
    assert all(0 < curve.at(step)["train_mean_token_accuracy"] < 1 for step in curve.points())


def test_a_huge_job_is_told_in_at_most_550_points() -> None:
    curve = Curve("data", 5_000_000, 50, 1, validated=False)
    assert curve.points()[-1] == 5_000_000
    assert len(curve.points()) <= 550


def test_auto_values() -> None:
    assert [auto_epochs(examples) for examples in (0, 1, 10, 33, 60, 100, 5000)] == [25, 25, 10, 3, 3, 3, 3]
    assert [auto_batch(examples) for examples in (0, 100, 1000, 10**7)] == [1, 1, 2, 256]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("not json", "Invalid file format. Line 1 is not a JSON object."),
        ("[]", "Invalid file format. Line 1 is not a JSON object."),
        (
            '{"prompt": "a", "completion": "b"}',
            "Invalid file format. The file holds prompt/completion pairs, but the model is a chat model.",
        ),
        ('{"a": 1}', "Unexpected file format, expected either prompt/completion pairs or chat messages."),
        ('{"messages": []}', "Invalid file format. Example 1 has no messages."),
        (
            '{"messages": [{"role": "user", "content": "a"}, {"content": "b"}]}',
            "Invalid file format. Example 1, message 2 Discriminator 'role' is missing in value",
        ),
        (
            '{"messages": [{"role": "user", "content": "a"}]}',
            "Invalid file format. Example 1 has no assistant message.",
        ),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path: Path, line: str, fault: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(line + "\n\n")
    assert (reading.facts(path).examples, reading.facts(path).fault) == (1, fault)


def test_tokens_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    line = {"messages": [{"role": "user", "content": "안녕하세요"}, {"role": "assistant", "content": "hello"}]}
    path.write_text(json.dumps(line) + "\n" + json.dumps(line))
    assert reading.facts(path) == reading.Facts("chat", examples=2, tokens=2 * (3 + 2 * (3 + 1) + 2 + 1))


def test_a_line_beyond_the_limit_is_no_example(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"x" * (reading.LINE_LIMIT * 2 + 5) + b"\n" + b"{}")
    assert [len(line) for line in reading.lines(path)] == [2, 2]


def test_pieces_lose_no_letter() -> None:
    text = "봄날의 뷁, 그리고 😀🏳️‍🌈 hello."
    assert "".join(tokens.pieces(text, 1)) == text
    assert text.startswith(tokens.first(text, 5))
    assert tokens.count(tokens.first(text, 5)) <= 5


def test_the_nearest_example_answers(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    pairs = [("봄에 피는 꽃은?", "개나리"), ("겨울에 내리는 것은?", "눈"), ("Who wrote it?", "Nobody")]
    rows = [[{"role": "user", "content": ask}, {"role": "assistant", "content": said}] for ask, said in pairs]
    path.write_text("".join(json.dumps({"messages": row}) + "\n" for row in rows))
    for asked, said in (
        ("봄에는 무슨 꽃이 피나요", "개나리"),
        ("who WROTE this", "Nobody"),
        ("눈은 겨울에 내리는가", "눈"),
    ):
        assert answering.tuned_answer(path, [{"role": "user", "content": asked}]) == said


@pytest.mark.parametrize(("asked", "word"), [("안녕?", "시뮬레이션된"), ("Hello?", "simulated")])
def test_a_base_says_what_it_is_in_the_askers_language(asked: str, word: str) -> None:
    said = answering.base_answer("sim-small-2026-06-01", [{"role": "user", "content": asked}])
    assert word in said
    assert "sim-small-2026-06-01" in said


def test_what_is_counted_apart_is_what_is_counted_here(tmp_path: Path) -> None:
    text = "첫눈이 골목에 내려 발소리가 작아졌다. \ud800"
    path = tmp_path / "a.jsonl"
    path.write_bytes(chat_lines(12))

    apart_counted = (apart.count(text), apart.pieces(text, 2), apart.first(text, 3), apart.facts(path))

    assert apart_counted == (tokens.count(text), tokens.pieces(text, 2), tokens.first(text, 3), reading.facts(path))


def test_a_counter_that_has_ended_is_started_anew() -> None:
    counting = apart.Counting()
    once = counting.ask("count", "눈")
    first = psutil.Process(counting.pid or 0)
    first.kill()
    first.wait()

    assert counting.ask("count", "눈") == once
    assert counting.pid != first.pid

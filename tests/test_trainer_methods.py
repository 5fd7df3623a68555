"""Each method trains on files of its own format, and a file's faults are told in the service's words."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.factories import chat_lines, preference_lines
from trainer.engines import answering, reading
from trainer.engines.curve import Curve
from trainer.faults import Faults
from trainer.models import File
from trainer.ordering import planned_failure

ANSWER = {"role": "assistant", "content": "네"}
PAIR: dict[str, Any] = {
    "input": {"messages": [{"role": "user", "content": "눈"}]},
    "preferred_output": [ANSWER],
    "non_preferred_output": [ANSWER],
}


def read(tmp_path: Path, content: bytes) -> reading.Facts:
    path = tmp_path / "data.jsonl"
    path.write_bytes(content)
    return reading.facts(path)


def test_a_file_says_its_format_and_both_answers_count(tmp_path: Path) -> None:
    chat, pairs = read(tmp_path, chat_lines(12)), read(tmp_path, preference_lines(12))
    one, two = read(tmp_path, line(PAIR)), read(tmp_path, line(PAIR | {"non_preferred_output": []}))

    assert (chat.format, chat.examples, chat.fault) == ("chat", 12, "")
    assert (pairs.format, pairs.examples, pairs.fault) == ("preference", 12, "")
    assert one.tokens - two.tokens == 3 + 1 + 1  # the message, its role, its one word


def line(example: dict[str, Any]) -> bytes:
    return json.dumps(example).encode() + b"\n"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"input": "눈"}, "Example 1 has no input."),
        ({"input": {}}, "Example 1 has no messages."),
        ({"input": {"messages": [{}]}}, "Example 1, message 1 Discriminator 'role' is missing in value"),
        ({"preferred_output": []}, "Example 1: 'preferred_output' must hold exactly one assistant message."),
        ({"preferred_output": [ANSWER] * 2}, "Example 1: 'preferred_output' must hold exactly one assistant message."),
        (
            {"non_preferred_output": [{"role": "user", "content": "네"}]},
            "Example 1: 'non_preferred_output' must hold exactly one assistant message.",
        ),
        ({"non_preferred_output": None}, "Example 1: 'non_preferred_output' must hold exactly one assistant message."),
    ],
)
def test_a_broken_pair_is_named(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    assert read(tmp_path, line(PAIR | change)).fault == f"Invalid file format. {fault}"


def test_chats_and_pairs_in_one_file_are_a_fault(tmp_path: Path) -> None:
    mixed = read(tmp_path, preference_lines(2) + chat_lines(1))

    assert mixed.fault == "Invalid file format. Example 3 has another format."


@pytest.mark.parametrize(
    ("method", "kind", "said"),
    [
        ("supervised", "chat", None),
        ("dpo", "preference", None),
        ("dpo", "chat", "is in the fine-tune-chat format, but the specified fine-tuning job is not using 'supervised'"),
        ("supervised", "preference", "is in the fine-tune-preference format, but the specified fine-tuning job is not"),
    ],
)
def test_a_file_of_the_other_method_fails_the_job(method: str, kind: str, said: str | None) -> None:
    file, good = (File(uid=f"file-{word}", format=word, examples=60) for word in (kind, "chat"))
    good.format = "chat" if method == "supervised" else "preference"

    training = planned_failure(method, file, None, Faults(""))
    validation = planned_failure(method, good, file, Faults(""))

    assert (training is None, validation is None) == (said is None, said is None)
    if said and training and validation:
        assert (training["code"], training["param"]) == ("invalid_training_file", "training_file")
        assert said in training["message"]
        assert training["message"].endswith(f"(provided method={method}).")
        assert (validation["code"], validation["param"]) == ("invalid_validation_file", "validation_file")


def test_a_tuned_model_prefers_what_was_preferred(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(preference_lines(12))

    said = answering.tuned_answer(path, [{"role": "user", "content": "눈, 골목 7"}])

    assert said == "7번째 골목에 눈이 소리 없이 쌓였다."


def test_the_loss_of_dpo_begins_as_a_coin_would_decide() -> None:
    curve = Curve("data:7", 180, 3, 1.8, validated=True, method="dpo")
    points = [curve.at(step) for step in curve.points()]

    assert 0.58 < points[0]["train_loss"] < 0.8
    assert points[-1]["train_loss"] < 0.4
    assert {name for point in points for name in point} == {"train_loss", "valid_loss", "full_valid_loss"}

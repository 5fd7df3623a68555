"""The process that scores: all that it gives is what the functions give, and its caller loads nothing heavy."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.training_data.scoring.few_shot import few_shot
from jobs.training_data.scoring.nearest import Nearest
from jobs.training_data.scoring.orders import Given
from jobs.training_data.scoring.process import choose_questions, few_shot_prompts, find_leaks, score_answers
from jobs.training_data.scoring.prompts import digest, taken, with_examples
from jobs.training_data.scoring.records import Leak, Message
from jobs.training_data.scoring.scores import scores
from jobs.training_data.tokens import count_example
from tests.running import ROOT
from tests.scoring.test_questions import chat, different, written

TEXT = "할머니는 장독대 옆에 앉아 봄볕에 콩을 고르셨고 나는 그 곁에서 책을 읽었다."
QUESTION: list[Message] = [{"role": "user", "content": "낱말: 할머니, 장독대, 바다"}]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "file.jsonl", [*different(20), chat("봄은?", TEXT)])


def test_answers_are_scored_in_order(path: Path) -> None:
    given = [
        Given(key="one", question=QUESTION, answer=TEXT, reference="바다", finish_reason="length"),
        Given(key="두 번째", question=QUESTION, answer="\ud83d", finish_reason=None),
    ]
    beats: list[None] = []

    found = list(score_answers(given, path, keep=lambda: beats.append(None)))

    assert [each.key for each in found] == ["one", "두 번째"]
    assert found[0].scores == scores(QUESTION, TEXT, "바다", "length")
    assert found[0].scores.coverage is not None
    assert found[0].scores.coverage.missing == ("바다",)
    assert found[0].copying is not None
    assert (found[0].copying.line, found[0].copying.copied) == (21, True)
    assert len(beats) >= 2
    aside = list(score_answers(given[:1], path, without={21}))
    assert aside[0].copying is not None
    assert not aside[0].copying.copied
    assert [each.copying for each in score_answers(given)] == [None, None]


def test_questions_examples_and_leaks(path: Path) -> None:
    found = choose_questions(path, seed=1, share=0.2)
    puts = [each.messages for each in found.questions]

    assert len(puts) == 4
    assert find_leaks(path, puts, found.keep_out) == []
    assert find_leaks(path, puts) == [Leak(at, each.line or 0) for at, each in enumerate(found.questions)]
    shots = list(few_shot_prompts(path, puts, 2, found.keep_out))
    assert len(shots) == len(puts)
    assert all(len(each.lines) == 2 and not set(each.lines) & set(found.keep_out) for each in shots)
    nearest = Nearest(path, found.keep_out)
    for each, question in zip(shots, puts, strict=True):
        whole, examples = few_shot(nearest, question, 2), taken(path, each.places)
        assert with_examples(question, examples) == whole.messages
        assert (each.lines, each.digest) == (whole.lines, digest(examples))
        assert each.tokens == count_example(examples) - 3 - len(examples)  # less the example's, and each role's
    assert len(choose_questions(path, seed=1).questions) == 21


def test_a_missing_file_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(score_answers([], tmp_path / "gone.jsonl"))
    with pytest.raises(FileNotFoundError):
        choose_questions(tmp_path / "gone.jsonl", seed=1)


def test_a_process_that_ends_badly_is_no_result(tmp_path: Path) -> None:
    """A folder opens as no file: the child ends with an exception."""
    with pytest.raises(ChildProcessError):
        choose_questions(tmp_path, seed=1)
    with pytest.raises(ChildProcessError):
        list(score_answers([], tmp_path))


def test_what_keep_raises_ends_it(path: Path) -> None:
    def lost() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        choose_questions(path, seed=1, keep=lost)


def test_who_uses_it_loads_nothing_heavy() -> None:
    light = ("copying", "few_shot", "judge", "orders", "pasting", "process", "prompts", "records", "verdict")
    heavy = ("mecab_ko", "rensa", "numpy", "scipy", "sacrebleu", "lxml", "bpe_openai", "django")
    names = [f"jobs.training_data.scoring.{name}" for name in light]
    line = (
        f"import sys, json, {', '.join(names)}; print(json.dumps([each for each in {heavy!r} if each in sys.modules]))"
    )

    printed = subprocess.run([sys.executable, "-c", line], cwd=ROOT, capture_output=True, check=True).stdout

    assert json.loads(printed) == []

"""What cannot be trained is refused with its line, in words; nothing ends in a traceback."""

from pathlib import Path
from typing import Any

import pytest

from tests.engine.child import ESSAYS, PREFERENCES, Run, prepare, train_all
from tests.engine.training_rows import Row, chat, message, pair, with_row, write

pytestmark = pytest.mark.engine

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {}}}
CALL = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
ASK = message("user", "첫눈")
ANSWER = message("assistant", "눈이 왔다.")

# what line 7 is, and what is said of it
LINES: dict[str, tuple[Row | bytes, str]] = {
    "broken": (b'{"messages": [', "is not a JSON object"),
    "list": (b"[1]", "is not a JSON object"),
    "number": (b"7", "is not a JSON object"),
    "deep": (b'{"messages":' + b"[" * 100_000, "is not a JSON object"),
    "too long": (b'{"messages": "' + b"x" * (9 * 1024 * 1024) + b'"}', "is not a JSON object"),
    "not utf-8": (b'{"messages": "\xff\xfe"}', "is not a JSON object"),
    "nothing": ({}, "holds neither chat messages nor a pair"),
    "legacy": ({"prompt": "a", "completion": "b"}, "holds neither chat messages nor a pair"),
    "messages null": ({"messages": None}, "has no messages"),
    "messages empty": ({"messages": []}, "has no messages"),
    "message text": ({"messages": ["hello"]}, "without a role that is known (message 1)"),
    "role unknown": ({"messages": [message("critic", "1"), ANSWER]}, "without a role that is known (message 1)"),
    "role list": ({"messages": [message([], "1"), ANSWER]}, "without a role that is known (message 1)"),  # type: ignore[arg-type]
    "content null": ({"messages": [message("user", None), ANSWER]}, "without content (message 1)"),
    "content number": ({"messages": [ASK, message("assistant", 7)]}, "without content (message 2)"),
    "half a letter": (b'{"messages": [{"role": "user", "content": "\\ud800"}]}', "half of a surrogate pair"),
    "image": ({"messages": [message("user", [IMAGE]), ANSWER]}, "holds an image"),
    "audio": ({"messages": [message("user", [{"type": "input_audio"}]), ANSWER]}, "a part of type input_audio"),
    "no answer": ({"messages": [ASK]}, "has no answer to learn from"),
    "all of weight 0": ({"messages": [ASK, {**ANSWER, "weight": 0}]}, "has no answer to learn from"),
    "empty answer": ({"messages": [ASK, message("assistant", " \n")]}, "has no answer to learn from"),
    "weight 2": ({"messages": [ASK, {**ANSWER, "weight": 2}]}, "a weight that is neither 0 nor 1 (message 2)"),
    "weight text": ({"messages": [ASK, {**ANSWER, "weight": "0"}]}, "a weight that is neither 0 nor 1 (message 2)"),
    "tools": (chat(tools=[TOOL]), "no place for tools"),
    "tool call": ({"messages": [ASK, message("assistant", None, tool_calls=[CALL])]}, "no place for tools"),
    "tool answer": ({"messages": [ASK, message("tool", "1", tool_call_id="1"), ANSWER]}, "no place for tools"),
    "broken call": ({"messages": [ASK, message("assistant", None, tool_calls=[{}])]}, "tool call that cannot be read"),
    "name": ({"messages": [{**ASK, "name": "김"}, ANSWER]}, "no place for names"),
    "other format": (pair(), "is a preference example, not a chat one"),
    "prompt beyond the context": (chat("눈이 내리고 또 내려 골목을 덮었다. " * 600), "no answer within the 512 tokens"),
}
PAIRS: dict[str, tuple[Row | bytes, str]] = {
    "equal": (pair("눈.", "눈."), "two equal answers"),
    "two answers": (
        {**pair(), "preferred_output": [ANSWER, ANSWER]},
        "has not exactly one message in preferred_output",
    ),
    "one missing": (
        {key: value for key, value in pair().items() if key != "non_preferred_output"},
        "has not exactly one message in non_preferred_output",
    ),
    "no input": ({**pair(), "input": None}, "has no input"),
    "user prefers": ({**pair(), "preferred_output": [ASK]}, "has no assistant message with words in preferred_output"),
    "chat": (chat(), "is a chat example, not a preference one"),
}


@pytest.fixture(scope="module")
def refused(llama: Path, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """All of them, in one process."""
    folder = tmp_path_factory.mktemp("refused")
    runs: dict[str, Run] = {}

    def order(name: str, base: Path, training: list[Row | bytes] | Path, **settings: Any) -> None:
        where = folder / f"{len(runs)}"
        path = training if isinstance(training, Path) else write(folder / f"{len(runs)}.jsonl", training)
        runs[name] = prepare(where, base, path, **settings)

    for name, (row, _words) in LINES.items():
        order(name, llama, with_row(row))
    for name, (row, _words) in PAIRS.items():
        pairs: list[Row | bytes] = [pair(f"눈이 {number} 번 왔다.") for number in range(11)]
        order(f"pair {name}", llama, [*pairs[:6], row, *pairs[6:]], method="dpo")
    order("few", llama, [chat()] * 9)
    order("empty", llama, [b""])
    order("gone", llama, folder / "gone.jsonl")
    order("essays for dpo", llama, ESSAYS, method="dpo")
    order("preferences for chat", llama, PREFERENCES)
    validation = write(folder / "validation.jsonl", [chat(), pair()])
    order("validation of another format", llama, ESSAYS, validation=validation)
    order("empty validation", llama, ESSAYS, validation=write(folder / "none.jsonl", [b""]))
    order("early stopping", llama, ESSAYS, early_stopping=True)
    order("tiny without a start", tiny, PREFERENCES, method="dpo")
    order("no memory", llama, ESSAYS, memory_bytes=400 * 1024**2)
    train_all(runs.values())
    return runs


@pytest.mark.parametrize("name", LINES)
def test_a_row_is_refused_by_its_line(refused: dict[str, Run], name: str) -> None:
    end = refused[name].end

    assert (end["kind"], end["code"], end["param"]) == ("refused", "invalid_training_file", "training_file")
    assert end["line"] == 7
    assert LINES[name][1] in end["message"]
    assert "Example 7" in end["message"]
    assert refused[name].kinds() == ["refused"]


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_is_refused_by_its_line(refused: dict[str, Run], name: str) -> None:
    end = refused[f"pair {name}"].end

    assert (end["kind"], end["code"], end["line"]) == ("refused", "invalid_training_file", 7)
    assert PAIRS[name][1] in end["message"]


@pytest.mark.parametrize(
    ("name", "code", "line", "words"),
    [
        ("few", "invalid_n_examples", None, "9 example(s), but must have at least 10"),
        ("empty", "invalid_n_examples", None, "0 example(s)"),
        ("gone", "invalid_training_file", None, "No such file"),
        ("essays for dpo", "invalid_training_file", 1, "is a chat example"),
        ("preferences for chat", "invalid_training_file", 1, "is a preference example"),
        ("validation of another format", "invalid_validation_file", 2, "is a preference example"),
        ("empty validation", "invalid_validation_file", None, "has no examples"),
        ("early stopping", "invalid_validation_file", None, "needs a validation file"),
        ("tiny without a start", "invalid_base", None, "only after a supervised job"),
        ("no memory", "out_of_memory", None, "GiB can be used"),
    ],
)
def test_an_order_is_refused(refused: dict[str, Run], name: str, code: str, line: int | None, words: str) -> None:
    end = refused[name].end

    assert (end["kind"], end["code"], end["line"]) == ("refused", code, line)
    assert words in end["message"]

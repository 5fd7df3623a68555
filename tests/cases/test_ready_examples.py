"""Rows that already are examples: they go out as they are, and what is left out is named."""

import json

import pytest

from jobs.training_data.tables.mapping import is_bad
from tests.cases import path_of
from tests.cases.conftest import Convert, ConvertText, codes, texts


# --- 18: ready examples keep what makes them ----------------------------------------------------------------
@pytest.mark.parametrize(("case", "format_"), [("18a", "chat"), ("18c", "chat"), ("18d", "preference")])
def test_ready_examples_go_out_unchanged(convert: Convert, case: str, format_: str) -> None:
    given = json.loads(path_of(case).read_text(encoding="utf-8"))

    said, made = convert(path_of(case))

    assert made == given
    assert (said["format"], said["mapping"]["shape"], said["notes"]) == (format_, "ready", [])


def test_answers_marked_as_bad_are_left_out_and_said(convert: Convert) -> None:
    said, made = convert(path_of("18f"))

    assert [texts(each)[-1] for each in made] == [f"좋은 답 {n}" for n in range(1, 12, 2)]
    assert (said["mapping"]["shape"], said["mapping"]["label"]) == ("ready", "label")
    assert said["notes"] == [
        {
            "code": "bad_left_out",
            "message": "Rows whose label says that the answer is bad are left out: 6, the first is row 1.",
        }
    ]


def test_nan_is_empty(convert: Convert) -> None:
    _said, made = convert(path_of("18h"))

    assert [texts(each) for each in made] == [[f"q{n}", f"a{n}"] for n in range(12)]


@pytest.mark.parametrize("nothing", ["NaN", "Infinity", "-Infinity", "null", '""', "1e999"])
@pytest.mark.parametrize("lines", [False, True])
def test_what_is_no_value_is_empty(convert_text: ConvertText, nothing: str, lines: bool) -> None:
    row = f'{{"instruction": "q", "input": {nothing}, "output": "a"}}'

    _said, made = convert_text("\n".join([row] * 2) if lines else f"[{row}, {row}]", "a.jsonl" if lines else "a.json")

    assert [texts(each) for each in made] == [["q", "a"]] * 2


USER, ASSISTANT = {"role": "user", "content": "눈?"}, {"role": "assistant", "content": "온다"}
IMAGE = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
TALK = [USER, {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "눈"}, ASSISTANT]  # fmt: skip
READY = {
    "chat with an image": {"messages": [IMAGE, ASSISTANT]},
    "chat with tools": {"messages": TALK, "tools": [TOOL], "parallel_tool_calls": False},
    "chat with functions": {"messages": [USER, ASSISTANT], "functions": [{"name": "weather", "parameters": {}}]},
    "a weight of the whole": {"messages": [USER, {**ASSISTANT, "reasoning_content": "11월이니"}], "weight": 0.5},
    "a long integer": {"messages": [USER], "reference": 123456789012345678901234567890},
    "a grader's keys": {"messages": [USER], "label": False, "answer": {"value": [1, 2.0, "셋"]}},
    "a developer's question": {"messages": [{"role": "developer", "content": "짧게"}], "answer": "네"},
    "legacy": {"prompt": " 눈, 비 ->", "completion": " 온다\n"},
    "preference with tools": {
        "input": {"messages": [USER], "tools": [TOOL], "parallel_tool_calls": True},
        "preferred_output": [ASSISTANT],
        "non_preferred_output": [{"role": "assistant", "content": "아니"}],
    },
}


@pytest.mark.parametrize("wrap", ["array", "lines", "data", "pretty", "one line"])
@pytest.mark.parametrize("name", READY)
def test_every_kind_of_ready_example_goes_out_as_it_is(convert_text: ConvertText, name: str, wrap: str) -> None:
    rows = [READY[name], READY[name]]
    body = {
        "array": json.dumps(rows, ensure_ascii=False),
        "lines": "\n".join(json.dumps(row) for row in rows),
        "data": json.dumps({"version": 1, "data": rows}, indent=1),
        "pretty": "\n".join(json.dumps(row, indent=2) for row in rows),
        "one line": json.dumps({"data": rows}),
    }[wrap]

    said, made = convert_text(body)

    assert made == rows
    assert (said["refused"], codes(said)) == (None, ["keys_left_out"] if wrap == "data" else [])


def test_what_the_services_do_not_know_is_named_and_left_out(convert_text: ConvertText) -> None:
    message = {**ASSISTANT, "thinking": "…", "name": None}
    row = {"messages": [USER, message], "id": 7, "source": "a", "tools": None, "tags": []}

    said, made = convert_text([row] * 3)

    assert made == [{"messages": [USER, ASSISTANT]}] * 3
    assert said["notes"] == [
        {"code": "keys_left_out", "message": "Keys that are left out: id, source, messages.thinking"}
    ]


def test_a_misspelt_content_is_kept_for_the_check(convert_text: ConvertText) -> None:
    row = {"messages": [USER, {"role": "assistant", "contnet": "온다"}]}

    assert convert_text([row] * 2)[1] == [row] * 2


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ('{"messages": 1, "messages": 2}', "key_twice"),
        ('{"messages": [', "element_broken"),
        ("{'messages': 1}", "element_broken"),
    ],
)
@pytest.mark.parametrize("lines", [False, True])
def test_a_row_that_would_be_lost_is_refused(convert_text: ConvertText, broken: str, code: str, lines: bool) -> None:
    good = json.dumps({"messages": [USER, ASSISTANT]})
    body = f"{good}\n{broken}\n{good}" if lines else f"[{good}, {broken}, {good}]"

    said, made = convert_text(body, "a.jsonl" if lines else "a.json")

    assert (said["refused"]["code"], said["refused"]["line"], made) == (code, 2 if lines else 0, [])


def test_a_second_array_is_not_lost(convert_text: ConvertText) -> None:
    assert convert_text('[{"prompt": "a", "completion": "b"}] [{"prompt": "c", "completion": "d"}]')[0]["refused"]


def test_half_a_character_stays_for_the_check(convert_text: ConvertText) -> None:
    row = r'{"messages": [{"role": "user", "content": "\ud83d"}, {"role": "assistant", "content": "a"}]}'

    assert convert_text(f"[{row}]")[1][0]["messages"][0]["content"] == "\ud83d"


@pytest.mark.parametrize("key", ["system", "context", "input"])
def test_more_beside_a_prompt_is_no_legacy_example(convert_text: ConvertText, key: str) -> None:
    _said, made = convert_text([{"prompt": "눈?", "completion": "온다", key: "짧게"}] * 2)

    assert "짧게" in json.dumps(made, ensure_ascii=False)


@pytest.mark.parametrize(("value", "bad"), [(0, True), (0.0, True), ("no", True), (1, False), ("네", False)])
def test_what_a_chosen_label_says(value: object, bad: bool) -> None:
    assert is_bad(value) is bad

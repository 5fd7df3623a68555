"""Training files as people bring them: what is right passes, what is wrong gets its cause, once, and its remedy."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.training_data.codes import Code
from tests.cases import path_of, report_of

FEW = {"few_examples", "near_duplicates", "contradictions"}  # what small made-up files have beside their case


def checked(number: str) -> dict[str, Any]:
    return report_of(path_of(number))


def faults(report: dict[str, Any]) -> set[str]:
    return {error["code"] for error in report["errors"]}


def findings(report: dict[str, Any]) -> dict[str, int]:
    return {each["code"]: each["count"] for each in report["findings"] if each["code"] not in FEW}


def words(report: dict[str, Any]) -> set[tuple[str, str]]:
    return {(error["message"], error["remedy"]) for error in report["errors"]}


@pytest.mark.parametrize(
    ("number", "form", "noted"),
    [
        ("01", "chat", {Code.ARGUMENTS_TWICE: 1, "repair_arguments": 1}),
        ("05", "chat", {"repair_blank_lines": 1}),
        ("06", "chat", {"repair_whole_numbers": 12}),
        ("07", "preference", {Code.OUTPUT_OF_SEVERAL: 12}),
        ("09", "reinforcement", {Code.NO_GRADER_KEYS: 12}),
        ("10a", "chat", {Code.IMAGE_LABEL: 12, "repair_image_labels": 12}),
        ("17a", "chat", {"repair_apart": 12}),
    ],
)
def test_a_right_file_passes_and_what_is_odd_about_it_is_noted(number: str, form: str, noted: dict[str, int]) -> None:
    report = checked(number)

    assert (report["ok"], report["format"], report["errors"]) == (True, form, [])
    assert findings(report) == noted


@pytest.mark.parametrize(
    ("number", "code", "times"),
    [
        ("02a", Code.KEYS_WITHOUT_VALUE, 12),
        ("02b", Code.KEYS_WITHOUT_VALUE, 12),
        ("03a", Code.FUNCTION_NAME, 12),
        ("03c", Code.TOO_MANY_TOOLS, 12),
        ("04a", Code.CALL_UNANSWERED, 12),
        ("08", Code.PREFERENCE_OTHER_NAMES, 12),
        ("10c", Code.IMAGE_URL_TEXT, 12),
        ("10d", Code.IMAGE_BASE64, 12),
        ("13", Code.SPREAD_OVER_LINES, 1),
        ("14", Code.PYTHON, 12),
        ("15a", Code.CR_LINE_ENDS, 1),
    ],
)
def test_a_wrong_file_gets_its_cause_alone(number: str, code: Code, times: int) -> None:
    report = checked(number)

    assert report["ok"] is False
    assert [error["code"] for error in report["errors"]] == [code] * times


@pytest.mark.parametrize(
    ("number", "message", "remedy"),
    [
        ("02a", "Keys without a value: name, tool_call_id, tool_calls, tools", "Leave these keys out"),
        ("02b", "Keys without a value: annotations, tool_calls", "model_dump(exclude_none=True)"),
        ("03a", "날씨 조회", "a-z, A-Z, 0-9, _ and -"),
        ("03c", "Too many tools: 129. At most 128", "Leave out tools"),
        ("04a", "Message 2 calls a tool, but its answer does not follow", '"role": "tool"'),
        ("08", "preference pair (DPO) under other names: chosen_messages, rejected_messages", '"preferred_output": ['),
        ("10c", "The image in part 1 of message 1", '"image_url": {"url": …}'),
        ("10d", "base64", "Encode the whole image again"),
        ("13", "spread over several lines", "on one line"),
        ("14", "Python", "null, true and false"),
        ("15a", "CR", "LF"),
    ],
)
def test_the_message_names_the_cause_and_the_remedy(number: str, message: str, remedy: str) -> None:
    told = words(checked(number))

    assert any(message in said and remedy in done for said, done in told), told


@pytest.mark.parametrize(
    ("number", "repair"),
    [
        ("10c", "repair_image_urls"),
        ("02a", "repair_empty_keys"),
        ("02b", "repair_empty_keys"),
        ("13", "repair_one_line"),
        ("14", "repair_python"),
        ("15a", "repair_cr"),
    ],
)
def test_what_can_be_repaired_with_certainty_is_offered(number: str, repair: str) -> None:
    assert repair in findings(checked(number))


PAIRS, TEXTS = [["눈?", "온다"]] * 12, ["눈이 온다"] * 12


@pytest.mark.parametrize(("rows", "indent"), [(PAIRS, None), (PAIRS, 1), (PAIRS, "\t"), (TEXTS, 2)])
def test_lists_of_lists_or_texts_are_one_array(rows: list[Any], indent: int | str | None, tmp_path: Path) -> None:
    """That is one fault, not one on each line."""
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=indent))

    assert faults(report_of(path)) == {Code.JSON_ARRAY}


@pytest.mark.parametrize("kind", [[], {}, None, 1])
def test_a_part_of_no_known_type_is_a_fault(kind: object, tmp_path: Path) -> None:
    parts = [{"type": kind, "text": None}]
    example = {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": "눈"}]}
    path = tmp_path / "parts.jsonl"
    path.write_text(f"{json.dumps(example)}\n" * 12)

    assert Code.PART_INVALID in faults(report_of(path))

"""Every fault is found, on its line, alone; and nothing a file holds can stop the check."""

import json
import tracemalloc
from pathlib import Path
from pprint import pformat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.training_data.checking import check, iter_faults
from jobs.training_data.codes import WARNINGS, Code
from jobs.training_data.report import LIMITS, Fault, Limits, Params, Progress, Report
from tests.training_cases import (
    AMONG,
    DATA_IMAGE,
    ELSEWHERE,
    FILES,
    GOOD,
    GOOD_BYTES,
    LINES,
    PAIR_BYTES,
    answer,
    call,
    function_call,
    line,
    user,
    with_line_four,
)


def checked(tmp_path: Path, content: bytes, limits: Limits = LIMITS) -> Report:
    path = tmp_path / "data.jsonl"
    path.write_bytes(content)
    return check(path, limits=limits)


def found(report: Report) -> list[tuple[int, str]]:
    return [(fault.line, fault.code) for fault in report.faults]


def line_four(good: list[str] = GOOD) -> int:
    """The byte where it begins."""
    return sum(len(each.encode()) + 1 for each in good[:3])


def test_every_code_has_a_bad_input() -> None:
    assert {*FILES, *(code for bad, _good in AMONG.values() for code in bad)} | ELSEWHERE | WARNINGS == set(Code)


@pytest.mark.parametrize("code", FILES)
def test_a_bad_file_is_named(tmp_path: Path, code: Code) -> None:
    number, content = FILES[code]

    report = checked(tmp_path, content)

    assert found(report) == [(number, code)]
    assert report.ok is False


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, (bad, _good) in AMONG.items() for code in bad])
def test_a_bad_line_is_named_with_its_number_and_offset(tmp_path: Path, kind: str, code: Code) -> None:
    bad, good = AMONG[kind]

    report = checked(tmp_path, with_line_four(bad[code], good))

    assert found(report) == [(4, code)]
    assert (report.examples, report.lines, report.format) == (12, 13, kind)
    if report.faults[0].column is None:
        assert report.faults[0].offset == line_four(good)


@pytest.mark.parametrize(
    "example",
    [
        line({"role": "system", "content": "수필가"}, user(name="alice"), answer(weight=1)),
        line(user(), answer(weight=0), user(), answer(weight=1)),
        line(user([{"type": "image_url", "image_url": {"url": "HTTP://눈.example/1", "detail": "low"}}]), answer()),
        line(user([DATA_IMAGE]), answer()),
        line(user([{"type": "text", "text": "눈"}]), answer([{"type": "text", "text": "네"}])),
        line(
            user(),
            answer(None, tool_calls=[call()]),
            {"role": "tool", "tool_call_id": "call_1", "content": "눈"},
            answer(),
        ),
        line(user(), {"role": "assistant", "tool_calls": [call()]}, parallel_tool_calls=False),
        line(user(), answer(), tools=[{"type": "function", "function": {"name": "weather", "parameters": {}}}]),
        line(
            user(), function_call("weather", "{}"), {"role": "function", "name": "weather", "content": "눈"}, answer()
        ),
        line(user(), answer(), functions=[{"name": "weather"}]),
        line(user('":":"\\":'), answer('"a": "b\\\\"')),
        GOOD[0].replace(": ", " :\t"),
        GOOD[0] + "\r",
        GOOD[0].replace("첫눈", "\\ud83d\\ude00"),
    ],
)
def test_what_the_format_allows_is_no_fault(tmp_path: Path, example: str) -> None:
    report = checked(tmp_path, with_line_four(example))

    assert found(report) == []
    assert (report.ok, report.examples) == (True, 13)


def test_twins_hidden_by_white_space_and_colons_are_found(tmp_path: Path) -> None:
    bad = '{"messages": [{"role" : "user", "content" : "눈", "content":":x"}, {"role":"assistant","content":"네"}]}'

    report = checked(tmp_path, with_line_four(bad))

    assert report.faults == [Fault(4, Code.DUPLICATE_KEY, {"key": "content"}, None, line_four())]


def test_a_column_counts_characters_not_bytes(tmp_path: Path) -> None:
    report = checked(tmp_path, with_line_four('{"messages": "눈눈눈" 1}'))

    assert report.faults == [Fault(4, Code.INVALID_JSON, {"near": "1}"}, 20, line_four() + 25)]


@pytest.mark.parametrize(("role", "suggestion"), [("Assistant", "assistant"), ("human", "user"), ("sytem", "system")])
def test_a_misspelt_role_gets_a_suggestion(tmp_path: Path, role: str, suggestion: str) -> None:
    report = checked(tmp_path, with_line_four(line({"role": role, "content": "눈"}, answer())))

    params: Params = {"message": 1, "role": role, "suggestion": suggestion}
    assert report.faults == [Fault(4, Code.ROLE_MISSPELT, params, None, line_four())]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ('{"messages": [], "a\\\\": 1, "x": 1, "x": 2}', Code.DUPLICATE_KEY),
        ('{"messages": [{"role": "user", "content": "{\\"a\\": 1}", "content": "b"}]}', Code.DUPLICATE_KEY),
        ('{"messages": [{"role": "user", "content": "\\\\\\"a\\": 1", "role": "user"}]}', Code.DUPLICATE_KEY),
    ],
)
def test_keys_within_texts_hide_no_key_that_stands_twice(tmp_path: Path, row: str, code: Code) -> None:
    json.loads(row)

    assert found(checked(tmp_path, GOOD_BYTES + row.encode())) == [(13, code)]


def test_objects_of_python_over_several_lines_are_called_so_once(tmp_path: Path) -> None:
    spread = "\n".join(pformat(json.loads(each), width=40) for each in GOOD)

    report = checked(tmp_path, spread.encode())

    assert [(fault.line, fault.code, fault.params) for fault in report.faults] == [
        (1, Code.PYTHON, {"near": "{'messages': [{'cont"})
    ]
    assert found(checked(tmp_path, repr([json.loads(each) for each in GOOD]).encode())) == [(1, Code.PYTHON)]


def test_an_object_over_lines_is_named_where_it_begins_and_the_check_ends(tmp_path: Path) -> None:
    spread = "\n".join(json.dumps(json.loads(each), indent=2) for each in GOOD)

    report = checked(tmp_path, GOOD_BYTES + spread.encode() + b"\nx")

    assert [(fault.line, fault.code, fault.offset) for fault in report.faults] == [
        (13, Code.SPREAD_OVER_LINES, len(GOOD_BYTES))
    ]
    assert report.examples == 12


@pytest.mark.parametrize("broken", [b'{"messages": [', b'{"messages": ["\n"]}\n{', b"{'a': [", b'{"a": "\n"}'])
def test_a_line_that_breaks_off_is_not_followed_too_far(tmp_path: Path, broken: bytes) -> None:
    report = checked(tmp_path, (broken + b"\n") * 50 + GOOD_BYTES)

    assert report.fault_count >= 50
    assert report.examples == 12


@pytest.mark.parametrize("mark", ["\ufeff\ufeff", "\u200b", "\ufeff\u2060"])
def test_characters_that_cannot_be_seen_before_a_line_are_named(tmp_path: Path, mark: str) -> None:
    rows = [f"{mark}{each}" for each in GOOD]

    assert found(checked(tmp_path, "\n".join(rows).encode())) == [(n, Code.BOM_INSIDE) for n in range(1, 13)]


def test_a_huge_file_of_cr_alone_is_named(tmp_path: Path) -> None:
    assert found(checked(tmp_path, b"\r".join(GOOD_BYTES.splitlines()) * 200, Limits(line_bytes=4096))) == [
        (1, Code.CR_LINE_ENDS)
    ]


def test_a_file_of_empty_lines_has_no_example(tmp_path: Path) -> None:
    report = checked(tmp_path, b"\n\n")

    assert found(report) == [(0, Code.NO_EXAMPLES)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n\r\n", b"  \t\n\n\n", b"\n" * 200_000, b"   "])
def test_empty_lines_at_the_end_do_no_harm(tmp_path: Path, end: bytes) -> None:
    report = checked(tmp_path, GOOD_BYTES + end)

    assert (report.ok, report.faults, report.examples) == (True, [], 12)


def test_empty_lines_between_examples_are_faults(tmp_path: Path) -> None:
    report = checked(tmp_path, b"\n" + GOOD_BYTES + b" \n\n" + GOOD_BYTES + b"\n")

    assert found(report) == [(1, Code.EMPTY_LINE), (14, Code.EMPTY_LINE), (15, Code.EMPTY_LINE)]


def test_checking_stops_after_enough_faults(tmp_path: Path) -> None:
    report = checked(tmp_path, b"\n" * 50_000 + b"1", Limits(faults_before_stop=200))

    assert report.fault_counts == {"empty_line": 200, "too_many_faults": 1, "no_examples": 1}
    assert report.lines == 201
    assert len(report.faults) == 100


def test_all_faults_go_to_the_callback_and_the_generator(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"x\n" * 150)
    heard: list[Fault] = []

    report = check(path, on_fault=heard.append)

    assert (report.fault_count, len(report.faults), len(heard)) == (150, 100, 150)
    assert list(iter_faults(path)) == heard


def test_the_report_counts_and_shows(tmp_path: Path) -> None:
    report = checked(tmp_path, GOOD_BYTES)

    assert (report.ok, report.format, report.examples, report.bytes) == (True, "chat", 12, len(GOOD_BYTES))
    assert [warning.code for warning in report.warnings] == [Code.FEW_EXAMPLES]
    assert len(report.sample) == 5
    assert report.sample[0] == [
        {"role": "user", "content": "첫눈 0", "long": False},
        {"role": "assistant", "content": "함박눈이 내렸다.", "long": False},
    ]


def test_a_report_survives_json(tmp_path: Path) -> None:
    report = checked(tmp_path, with_line_four(LINES[Code.ROLE_MISSPELT]))

    assert Report.from_dict(json.loads(json.dumps(report.as_dict()))) == report


def test_a_legacy_file_shows_user_and_assistant(tmp_path: Path) -> None:
    report = checked(tmp_path, PAIR_BYTES)

    assert (report.ok, report.format, report.examples) == (True, "legacy", 12)
    assert [message["role"] for message in report.sample[0]] == ["user", "assistant"]


def test_warnings_count_and_name_the_first_line(tmp_path: Path) -> None:
    ending = line(answer(""), user())

    report = checked(tmp_path, with_line_four(ending), Limits(few_examples=0))

    assert report.ok is True
    assert report.warnings == [
        Fault(4, Code.LAST_NOT_ASSISTANT, {"count": 1}, None, line_four()),
        Fault(4, Code.EMPTY_ANSWERS, {"count": 1}, None, line_four()),
    ]


def test_examples_that_the_service_would_cut_are_warned_of(tmp_path: Path) -> None:
    long = line(user("눈 " * 100), answer())

    report = checked(tmp_path, with_line_four(long), Limits(few_examples=0, example_tokens=100))

    assert report.warnings == [Fault(4, Code.LONG_EXAMPLES, {"count": 1, "limit": 100}, None, line_four())]
    assert report.longest.line == 4


def test_progress_ends_at_the_last_byte(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(GOOD_BYTES)
    told: list[Progress] = []

    check(path, told.append)

    assert told[-1] == Progress(len(GOOD_BYTES), len(GOOD_BYTES), 12)


def test_a_line_of_fifty_megabytes_costs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(FILES[Code.LINE_TOO_LONG][1])
    tracemalloc.start()

    list(iter_faults(path))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25_000_000


def test_a_line_full_of_faults_names_twenty(tmp_path: Path) -> None:
    report = checked(tmp_path, with_line_four(line(*[1] * 1000)))

    assert report.fault_counts == {"message_not_object": 20}


JSONISH = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["user", "assistant"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "role", "content", "weight", "tools", "tool_calls", "function", "prompt", "name", "id"]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
NEARLY = st.lists(JSONISH.map(lambda value: json.dumps(value).encode()), max_size=5).map(b"\n".join)
MESSAGES = st.lists(JSONISH, max_size=4).map(lambda value: json.dumps({"messages": value}).encode())


@given(st.binary(max_size=300) | NEARLY | MESSAGES)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_whatsoever_give_a_report(tmp_path: Path, content: bytes) -> None:
    report = checked(tmp_path, content)

    said = json.dumps(report.as_dict(), ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in said.replace("\\\\", "")  # an escaped backslash before u0000 is text like any other
    assert said.encode()
    assert report.ok is (report.fault_count == 0)

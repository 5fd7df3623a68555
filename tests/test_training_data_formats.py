"""Chat, preferences (DPO) and reinforcement (RFT) are told apart, checked, counted and shown."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from jobs.faults import explain
from jobs.training_data import waiting
from jobs.training_data.checking import check
from jobs.training_data.codes import Code
from jobs.training_data.reading import examples, for_display
from jobs.training_data.report import LIMITS, Fault, Limits, Report
from jobs.training_data.tokens import count_example, count_text
from tests.training_cases import GOOD, PNG, PREFERENCE, QUESTION, answer, call, image, line, preference, user

TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]
FORGOTTEN = line(user("답을 잊은 줄"))


def checked(tmp_path: Path, *rows: str, limits: Limits = LIMITS) -> Report:
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join(rows) + "\n")
    return check(path, limits=limits)


def found(report: Report) -> list[tuple[int, str]]:
    return [(fault.line, fault.code) for fault in report.faults]


@pytest.mark.parametrize(
    "row",
    [
        PREFERENCE,
        preference(input={"messages": [user(), answer(), user()], "tools": TOOLS, "parallel_tool_calls": True}),
        preference(preferred_output=[answer(None, tool_calls=[call()])]),
    ],
)
def test_a_good_preference(tmp_path: Path, row: str) -> None:
    report = checked(tmp_path, *[row] * 10)

    assert (report.ok, report.format, report.examples) == (True, "preference", 10)


def test_both_answers_of_a_preference_are_counted_and_shown(tmp_path: Path) -> None:
    report = checked(tmp_path, *[preference(input={"messages": [user()], "tools": TOOLS})] * 10)

    one = count_example([user(), answer(), answer("눈.")], {"tools": TOOLS})
    assert report.tokens == 10 * one
    assert [(each["content"], each.get("side")) for each in report.sample[0]] == [
        ("눈", None),
        ("함박눈이 내렸다.", "preferred"),
        ("눈.", "rejected"),
    ]
    assert examples(tmp_path / "data.jsonl", 0, 1)[0].messages == report.sample[0]


@pytest.mark.parametrize("odd", [{}, {"input": 3}, {"preferred_output": 3}, {"non_preferred_output": [3]}])
def test_a_preference_in_pieces_is_shown_as_far_as_it_goes(odd: dict[str, Any]) -> None:
    assert len(for_display(json.loads(preference(**odd)))) == 3 - len(odd)


@pytest.mark.parametrize(
    ("preferred", "rejected"),
    [("preferred_completion", "non_preferred_completion"), ("chosen", "rejected")],
)
def test_the_wrong_keys_are_named_with_the_right_ones(tmp_path: Path, preferred: str, rejected: str) -> None:
    row = PREFERENCE.replace("non_preferred_output", rejected).replace("preferred_output", preferred)

    report = checked(tmp_path, *[PREFERENCE] * 9, row)

    assert [(fault.code, fault.params) for fault in report.faults] == [
        (Code.KEY_MISSPELT, {"key": key, "suggestion": right})
        for key, right in sorted({preferred: "preferred_output", rejected: "non_preferred_output"}.items())
    ]
    assert report.format == "preference"


def test_faults_within_a_preference_name_their_place(tmp_path: Path) -> None:
    bad = preference(preferred_output=[answer(3)], non_preferred_output=[answer(None, tool_calls=[{}])])

    report = checked(tmp_path, *[PREFERENCE] * 9, bad)

    assert [(fault.code, fault.params) for fault in report.faults] == [
        (Code.CONTENT_TYPE, {"message": "preferred_output"}),
        (Code.TOOL_CALL_INVALID, {"message": "non_preferred_output"}),
    ]
    with translation.override("en"):
        assert explain(report.faults[1])[0] == "A tool call in message 1 is incomplete. (non_preferred_output)"


def test_answers_that_teach_nothing_are_warned_of(tmp_path: Path) -> None:
    same = preference(non_preferred_output=[answer()])
    empty = preference(preferred_output=[answer("")])

    report = checked(tmp_path, *[PREFERENCE] * 9, same, empty, limits=Limits(few_examples=0))

    start = (len(PREFERENCE.encode()) + 1) * 9
    assert report.ok is True
    assert report.warnings == [
        Fault(11, Code.EMPTY_ANSWERS, {"count": 1}, None, start + len(same.encode()) + 1),
        Fault(10, Code.SAME_ANSWERS, {"count": 1}, None, start),
    ]


@pytest.mark.parametrize(
    "row",
    [
        QUESTION,
        line({"role": "developer", "content": "짧게"}, user(), answer(), user(), answer="4", tools=TOOLS),
        line(user(), reference_answer={"value": 4}),
    ],
)
def test_a_question_with_keys_for_a_grader_is_reinforcement(tmp_path: Path, row: str) -> None:
    report = checked(tmp_path, *[row] * 10)

    assert (report.ok, report.format, report.examples) == (True, "reinforcement", 10)


def test_what_only_the_grader_reads_is_not_counted(tmp_path: Path) -> None:
    report = checked(tmp_path, *[line(user(), solution=["아주 긴 풀이"] * 100)] * 10)

    assert report.tokens == 10 * (3 + 3 + count_text("user") + count_text("눈"))


def test_a_chat_that_lacks_its_answer_is_still_told_so(tmp_path: Path) -> None:
    report = checked(tmp_path, FORGOTTEN, *GOOD[:9], FORGOTTEN)

    assert (report.format, found(report)) == ("chat", [(1, Code.NO_ASSISTANT), (11, Code.NO_ASSISTANT)])


@pytest.mark.parametrize(
    "row", [FORGOTTEN, line(user(), tools=TOOLS), line({"role": "developer", "content": "눈"}, user())]
)
def test_a_file_of_questions_alone_is_for_a_grader_and_that_is_noted(tmp_path: Path, row: str) -> None:
    report = checked(tmp_path, *[row] * 10)

    assert (report.ok, report.format, report.examples, len(report.sample)) == (True, "reinforcement", 10, 5)
    assert report.tokens > 0
    assert [(one.code, one.line, one.params) for one in report.warnings[1:]] == [
        (Code.NO_GRADER_KEYS, 1, {"count": 10})
    ]


def test_a_file_of_more_questions_than_are_remembered_is_for_a_grader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOST", 4)

    report = checked(tmp_path, *[FORGOTTEN] * 4, GOOD[0], *[FORGOTTEN] * 5)

    assert (report.format, report.examples, found(report)) == ("reinforcement", 9, [(5, Code.MIXED_FORMATS)])


def test_questions_before_anything_else_take_its_format(tmp_path: Path) -> None:
    among_pairs = checked(tmp_path, FORGOTTEN, *[PREFERENCE] * 9)
    among_graded = checked(tmp_path, FORGOTTEN, FORGOTTEN, *[QUESTION] * 8)

    assert (among_pairs.format, found(among_pairs)) == ("preference", [(1, Code.NO_ASSISTANT)])
    assert (among_graded.ok, among_graded.format, among_graded.examples) == (True, "reinforcement", 10)
    assert [warning.code for warning in among_graded.warnings] == [Code.FEW_EXAMPLES, Code.GRADER_KEYS_DIFFER]


def test_a_misspelt_key_makes_no_reinforcement(tmp_path: Path) -> None:
    report = checked(tmp_path, *GOOD[:9], line(user(), answer(), user(), tool=TOOLS))

    assert (report.format, found(report)) == ("chat", [(10, Code.KEY_MISSPELT)])


def test_lines_of_a_reinforcement_file_may_lack_keys_but_not_end_in_an_answer(tmp_path: Path) -> None:
    report = checked(tmp_path, *[QUESTION] * 9, FORGOTTEN, line(user(), answer(), solution="4"))

    assert (report.format, found(report)) == ("reinforcement", [(11, Code.LAST_NOT_USER)])
    assert [(warning.code, warning.line) for warning in report.warnings] == [
        (Code.FEW_EXAMPLES, 0),
        (Code.GRADER_KEYS_DIFFER, 10),
    ]


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        ([*GOOD[:9], QUESTION], ("chat", "reinforcement")),
        ([*[QUESTION] * 9, GOOD[0]], ("reinforcement", "chat")),
        ([*GOOD[:9], PREFERENCE], ("chat", "preference")),
        ([*[PREFERENCE] * 9, '{"prompt": "눈", "completion": "비"}'], ("preference", "legacy")),
    ],
)
def test_mixed_formats_are_a_fault_with_the_line(tmp_path: Path, rows: list[str], kinds: tuple[str, str]) -> None:
    report = checked(tmp_path, *rows)

    assert report.format == kinds[0]
    assert report.faults[0].line == 10
    assert report.faults[0].params == {"found": kinds[1], "expected": kinds[0], "first": 1}


def test_more_than_the_services_take_is_a_fault_of_the_file(tmp_path: Path) -> None:
    few = Limits(image_examples=9, reinforcement_examples=9)

    pictured = checked(tmp_path, *[image("https://example.com/1.webp")] * 10, limits=few)
    graded = checked(tmp_path, *[QUESTION] * 10, limits=few)

    assert pictured.faults == [Fault(0, Code.TOO_MANY_IMAGE_EXAMPLES, {"examples": 10, "limit": 9})]
    assert graded.faults == [Fault(0, Code.TOO_MANY_EXAMPLES, {"examples": 10, "limit": 9})]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("data:image/png;base64,R0lGODlh", Code.IMAGE_KIND),
        ("data:image/svg+xml;base64,PHN2Zy8+", Code.IMAGE_KIND),
        ("data:image/webp;base64,UklGRgAAAABBVkkg", Code.IMAGE_KIND),
        ("data:image/jpg;base64,/9j/4AAQ", Code.IMAGE_CUT),
        (f"data:image/png;base64,{PNG[:40]}", Code.IMAGE_CUT),
        ("data:image/webp;base64,UklGRmQAAABXRUJQ", Code.IMAGE_CUT),
        ("data:image/webp;base64,UklGRggAAABXRUJQ", Code.IMAGE_CUT),  # four bytes short
        ("data:image/png;base64,%%%%", Code.IMAGE_BASE64),
        ("data:;base64,", Code.IMAGE_BASE64),
        (f"data:image/png;base64,{PNG[:-1]}", Code.IMAGE_BASE64),
        (f"data:image/png;base64,{PNG[:40]}\n{PNG[40:]}", Code.IMAGE_BASE64),
        (f"data:image/png;base64, {PNG}", Code.IMAGE_BASE64),
        (f"data:image/png,{PNG}", Code.IMAGE_ADDRESS),
        (PNG, Code.IMAGE_ADDRESS),
    ],
)
def test_only_whole_images_of_the_documented_kinds_are_taken(tmp_path: Path, url: str, code: Code) -> None:
    report = checked(tmp_path, *GOOD[:9], image(url))

    assert found(report) == [(10, code)]

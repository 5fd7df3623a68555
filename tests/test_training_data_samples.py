"""The samples that a newcomer meets first are what the README says they are."""

import json
from pathlib import Path

import pytest

from jobs.training_data.checking import check

SAMPLES = Path(__file__).resolve().parent.parent / "samples"


@pytest.mark.parametrize(
    ("name", "kind", "examples"),
    [
        ("winter-essay-chat.jsonl", "chat", 72),
        ("winter-essay-validation.jsonl", "chat", 12),
        ("keywords-legacy.jsonl", "legacy", 24),
        ("preferences-dpo.jsonl", "preference", 24),
    ],
)
def test_a_good_sample_has_no_fault(name: str, kind: str, examples: int) -> None:
    report = check(SAMPLES / name)

    assert (report.ok, report.format, report.examples) == (True, kind, examples)


def test_no_example_stands_twice_or_in_both_files() -> None:
    lines = [
        row
        for name in ("winter-essay-chat.jsonl", "winter-essay-validation.jsonl")
        for row in (SAMPLES / name).read_text().splitlines()
    ]

    assert len(set(lines)) == len(lines) == 84


def test_preferences_prefer_something() -> None:
    pairs = [json.loads(row) for row in (SAMPLES / "preferences-dpo.jsonl").read_text().splitlines()]

    asked = {pair["input"]["messages"][-1]["content"] for pair in pairs}
    answers = {pair[key][0]["content"] for pair in pairs for key in ("preferred_output", "non_preferred_output")}
    assert (len(asked), len(answers)) == (24, 48)


def test_the_faulty_sample_has_ten_different_faults() -> None:
    report = check(SAMPLES / "ten-faults.jsonl")

    assert [(fault.line, fault.code) for fault in report.faults] == [
        (2, "role_misspelt"),
        (4, "trailing_comma"),
        (6, "content_missing"),
        (8, "empty_line"),
        (9, "key_misspelt"),
        (11, "mixed_formats"),
        (13, "weight_role"),
        (15, "duplicate_key"),
        (17, "python"),
        (19, "no_assistant"),
    ]

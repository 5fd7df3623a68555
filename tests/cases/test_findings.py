"""What tells examples from each other is not their texts alone; and what only looks different is not different."""

import pytest

from tests.cases import path_of, report_of


@pytest.mark.parametrize(
    ("case", "absent"),
    [
        ("11a", {"contradictions", "near_duplicates"}),
        ("11d", {"contradictions"}),
        ("12", {"near_duplicates", "exact_duplicates"}),
    ],
)
def test_examples_that_only_look_alike_are_no_finding(case: str, absent: set[str]) -> None:
    assert not absent & {one["code"] for one in report_of(path_of(case))["findings"]}


def test_composed_and_decomposed_hangul_are_the_same_text() -> None:
    (finding,) = (one for one in report_of(path_of("17b"))["findings"] if one["code"] == "exact_duplicates")

    assert finding["count"] == 20
    assert finding["message"].endswith("10")

"""Texts that hold personal data however it is written, and texts that only look like it."""

import json

import pytest

from jobs.training_data.privacy import find
from tests.cases import path_of

MISSED = json.loads(path_of("21b").read_text(encoding="utf-8"))
FALSE_ALARMS = json.loads(path_of("21a").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("text", "kinds"), MISSED)
def test_personal_data_is_found(text: str, kinds: list[str]) -> None:
    assert [found.kind for found in find(text)] == kinds


@pytest.mark.parametrize("text", [text for text, _ in FALSE_ALARMS])
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert find(text) == []

"""Counts equal tiktoken's, which is built from the same ranks and needs no network."""

import base64
import gzip
from importlib.resources import files
from typing import Any

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken_ext import openai_public  # type: ignore[import-untyped]

from jobs.training_data.tokens import IMAGE_LOW, IMAGE_OTHER, count_example, count_text


def ranks(*_: object, **__: object) -> dict[bytes, int]:
    packed = (files("bpe_openai") / "data" / "o200k_base.tiktoken.gz").read_bytes()
    rows = (row.split() for row in gzip.decompress(packed).splitlines())
    return {base64.b64decode(token): int(rank) for token, rank in rows}


@pytest.fixture(scope="module")
def oracle() -> tiktoken.Encoding:
    patch = pytest.MonkeyPatch()  # tiktoken's loader, not our code: it would download the ranks
    patch.setattr(openai_public, "load_tiktoken_bpe", ranks)
    built = tiktoken.Encoding(**openai_public.o200k_base())
    patch.undo()
    return built


@pytest.mark.parametrize(
    "text",
    [
        "",
        "함박눈이 소리 없이 내려 장독대 위에 소복이 쌓였다.",
        "The first snow fell — 12,345 flakes!\r\n\t둘째 줄 😀👨‍👩‍👧",
        "<|endoftext|> is only text",
        "a" * 5_000,
        " " * 5_000 + "끝",
        "ㅋㅋㅋㅋ 漢字 ﷽ \u200b\u00a0",
    ],
)
def test_a_text_counts_as_tiktoken_counts_it(oracle: tiktoken.Encoding, text: str) -> None:
    assert count_text(text) == len(oracle.encode(text, disallowed_special=()))


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_counts_as_tiktoken_counts_it(oracle: tiktoken.Encoding, text: str) -> None:
    assert count_text(text) == len(oracle.encode(text, disallowed_special=()))


def test_an_example_counts_by_the_cookbook(oracle: tiktoken.Encoding) -> None:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "당신은 수필가입니다."},
        {"role": "user", "content": "첫눈, 골목", "name": "alice"},
        {"role": "assistant", "content": "첫눈이 골목을 덮었다.", "weight": 1},
    ]
    texts = [value for message in messages for value in message.values() if isinstance(value, str)]

    count = count_example(messages)

    assert count == 3 * 3 + 1 + 3 + sum(len(oracle.encode(text)) for text in texts)


def test_tools_and_calls_count_as_their_json(oracle: tiktoken.Encoding) -> None:
    calls = [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]
    tools = [{"type": "function", "function": {"name": "weather"}}]
    json_texts = [
        '[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{}"}}]',
        '[{"type":"function","function":{"name":"weather"}}]',
    ]

    count = count_example([{"role": "assistant", "tool_calls": calls}], {"tools": tools, "parallel_tool_calls": True})

    assert count == 3 + 3 + len(oracle.encode("assistant")) + sum(len(oracle.encode(text)) for text in json_texts)


def test_images_count_by_their_detail() -> None:
    low = {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}
    other = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    text = {"type": "text", "text": "눈"}

    count = count_example([{"role": "user", "content": [low, other, text]}])

    assert count == 3 + 3 + count_text("user") + IMAGE_LOW + IMAGE_OTHER + count_text("눈")


def test_a_long_run_of_spaces_and_half_a_character_are_counted() -> None:
    assert count_text(" " * 1_000_000) == 7_813
    assert count_text("\ud83d") == 1

"""Text out of tokens: whatever the tokens cut, no character is cut."""

import random

import pytest

from trainer.engines.transformers.chat.pieces import Pieces

TEXT = "첫눈이 내렸다 🙂 👨‍👩‍👧 hello — 𝒳 끝"


def decode(tokens: list[int]) -> str:
    """Tokens are bytes, here."""
    return bytes(tokens).decode("utf-8", "replace")


def said(data: bytes, stops: list[str]) -> list[str]:
    pieces, found = Pieces(decode, stops), []
    for byte in data:
        found.append(pieces.add(byte))
        if pieces.stopped:
            break
    return [*found, pieces.rest()]


def test_every_piece_is_whole_characters() -> None:
    found = said(TEXT.encode(), [])

    assert "".join(found) == TEXT
    assert max(map(len, found)) == 1
    assert not any("\ufffd" in piece for piece in found)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_an_unfinished_character_is_left_out(cut: int) -> None:
    assert "".join(said("눈🙂".encode()[:-cut], [])) == "눈"


def test_bytes_that_are_no_text_hold_nothing_up() -> None:
    found = said(b"\x80" * 30 + "🙂".encode(), [])

    assert sum(1 for piece in found[:30] if piece) > 15
    assert "".join(found) == "\ufffd" * 30 + "🙂"


@pytest.mark.parametrize("seed", range(20))
def test_any_bytes_come_out_as_they_would_at_once(seed: int) -> None:
    chance = random.Random(seed)
    parts = [chance.choice([TEXT.encode(), chance.randbytes(chance.randint(1, 12))]) for _ in range(6)]
    data = b"".join([*parts, b"."])

    assert "".join(said(data, [])) == decode(list(data))


@pytest.mark.parametrize(
    ("stops", "expected"),
    [
        (["내렸다"], "첫눈이 "),
        (["없다"], TEXT),
        (["hello —", "🙂"], "첫눈이 내렸다 "),
        (["첫"], ""),
        ([TEXT + "!"], TEXT),
        (["끝"], TEXT[:-1]),
    ],
)
def test_nothing_of_a_stop_string_is_said(stops: list[str], expected: str) -> None:
    assert "".join(said(TEXT.encode(), stops)) == expected

"""A key must not come back: what a service answers is searched for the key that it was called with.

Some services repeat it in a complaint, in full, in part or encoded. Encodings are found as far as they are certain:
JSON, HTML and URL escapes, hex, and base64 at any offset. No Django in here.
"""

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote

HIDDEN = "···"
SHORTEST = 8  # characters: what is shorter ("EMPTY", "none") is no secret, and would be found in honest words
PIECE = 12  # characters in a row that are no chance
STEP = 6  # so a part of 17 characters and more is found wherever in the key it begins
WORDS = re.compile(r"\A(?=[a-z]*[_.=])[a-z_.=\-]{1,12}")  # `fail=invalid_training_file` in a practice key is no secret
ESCAPED = re.compile(r"\\u[0-9a-fA-F]{4}|\\/")


class KeyMask:
    """Hides one key in texts and in whole answers."""

    def __init__(self, key: str) -> None:
        self.key = key if len(key) >= SHORTEST else ""
        own = self._own_part()
        pieces = [key[at : at + PIECE] for at in range(own, len(self.key) - PIECE + 1, STEP)]
        pieces += [self.key[-PIECE:]] if pieces else []
        self.pieces = [piece for piece in pieces if not WORDS.fullmatch(piece)]
        self.encoded = list(_encoded(self.key.encode())) if self.key else []

    def _own_part(self) -> int:
        """Where the key becomes its own: `sk-proj-` and `trainer-` are in many texts."""
        return max(self.key.rfind("-", 0, PIECE), self.key.rfind("_", 0, PIECE)) + 1

    def answer[T](self, value: T) -> T:
        """The same answer with the key hidden in every text, names of fields included."""
        joined = "\n".join(_texts(value))  # one look: most answers hold nothing
        return value if self.text(joined) == joined else self._hidden(value)

    def _hidden(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self._hidden(each) for name, each in value.items()}
        return [self._hidden(each) for each in value] if isinstance(value, list) else value

    def text(self, text: str) -> str:
        if not self.key or len(text) < SHORTEST:
            return text
        text = self._whole(text)
        for decode in _decoders(text):
            plain = decode(text)
            if (hidden := self._parts(self._whole(plain))) != plain:
                text = hidden
        return self._parts(text)

    def _whole(self, text: str) -> str:
        for written in (self.key, *self.encoded):
            text = text.replace(written, HIDDEN)
        return text

    def _parts(self, text: str) -> str:
        for piece in self.pieces:
            while (at := text.find(piece)) >= 0:
                start, end = self._widest(text, at, self.key.index(piece))
                text = text[:start] + HIDDEN + text[end:]
        return text

    def _widest(self, text: str, at: int, place: int) -> tuple[int, int]:
        """How far the text goes on like the key, in both directions, from `at` and the key's `place` on."""
        start, end, behind = at, at, place
        while start > 0 and place > 0 and text[start - 1] == self.key[place - 1]:
            start, place = start - 1, place - 1
        while end < len(text) and behind < len(self.key) and text[end] == self.key[behind]:
            end, behind = end + 1, behind + 1
        return start, end

    def chunks(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """A file that comes piece by piece, also where the key lies across two of them."""
        key, kept = self.key.encode(), b""
        for chunk in chunks:
            kept = (kept + chunk).replace(key, HIDDEN.encode()) if key else chunk
            ready = len(kept) - max(0, len(key) - 1)
            if ready > 0:
                yield kept[:ready]
                kept = kept[ready:]
        if kept:
            yield kept

    def content(self, content: bytes) -> bytes:
        """A whole small file: a text, or a text in base64, as result files are."""
        inner = _from_base64(content)
        if inner is not None:
            hidden = self._bytes(inner)
            return content if hidden == inner else base64.b64encode(hidden)
        return self._bytes(content)

    def _bytes(self, content: bytes) -> bytes:
        for codec in ("utf-16-le", "utf-16-be"):
            content = content.replace(self.key.encode(codec), HIDDEN.encode(codec)) if self.key else content
        text = content.decode("utf-8", "surrogateescape")
        return self.text(text).encode("utf-8", "surrogateescape")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


class StreamMask:
    """Hides a key in a text that comes in pieces: what may be its beginning is held back until the next one."""

    def __init__(self, key: str) -> None:
        self.mask, self.held = KeyMask(key), ""

    def feed(self, piece: str) -> str:
        text, key = self.held + piece, self.mask.key
        begun = next((n for n in range(min(len(key) - 1, len(text)), 0, -1) if text.endswith(key[:n])), 0)
        self.held = text[len(text) - begun :]
        return self.mask.text(text[: len(text) - begun])

    def rest(self) -> str:
        return self.mask.text(self.held)


def _encoded(key: bytes) -> Iterator[str]:
    """What surely is the key: in hex, and the inner part of its base64 at each of the three offsets."""
    yield key.hex()
    yield key.hex().upper()
    for offset in range(3):
        whole = (offset + len(key)) * 8 // 6
        inner = base64.b64encode(bytes(offset) + key).decode()[-(-offset * 4 // 3) : whole]
        yield from {inner, inner.replace("+", "-").replace("/", "_")}


def _decoders(text: str) -> Iterator[Callable[[str], str]]:
    if "\\" in text:
        yield lambda text: ESCAPED.sub(lambda found: str(json.loads(f'"{found[0]}"')), text)
    if "%" in text:
        yield unquote
    if "&" in text:
        yield html.unescape


def _from_base64(content: bytes) -> bytes | None:
    try:
        return base64.b64decode(b"".join(content.split()), validate=True)
    except ValueError:
        return None

"""Text out of tokens, piece by piece: no half characters, nothing of a stop string."""

from collections.abc import Callable

HALF = "\ufffd"  # what a decoder makes of the first bytes of a character
MOST_HALVES = 3  # a character has four bytes at most
PATIENCE = 8  # tokens; with so many that complete no character, the model writes bytes that are no text


class Pieces:
    """`stopped` is set as soon as a stop string has come; what follows it is never given."""

    def __init__(self, decode: Callable[[list[int]], str], stops: list[str]) -> None:
        self._decode, self._stops = decode, stops
        self._before: list[int] = []  # tokens of the last piece: some tokenizers decode a token by what precedes it
        self._pending: list[int] = []
        self._given = 0  # characters of the pending tokens that were given already
        self._held = ""  # may be the beginning of a stop string
        self.stopped = False

    def add(self, token: int) -> str:
        """The text that is certain now; often empty."""
        self._pending.append(token)
        return self._before_a_stop(self._complete())

    def rest(self) -> str:
        """The text that was held back, at the end. A character whose last bytes never came is left out."""
        text = "" if self.stopped else self._before_a_stop(self._whole_characters()) + self._held
        self._held, self._pending = "", []
        return text

    def _complete(self) -> str:
        text = self._pending_text()
        if not text.endswith(HALF):
            fresh = text[self._given :]
            self._before, self._pending, self._given = self._pending, [], 0
            return fresh
        return self._whole_characters() if len(self._pending) > PATIENCE else ""

    def _whole_characters(self) -> str:
        text = self._pending_text()
        halves = min(MOST_HALVES, len(text) - len(text.rstrip(HALF)))
        end = max(self._given, len(text) - halves)
        fresh, self._given = text[self._given : end], end
        return fresh

    def _pending_text(self) -> str:
        return self._decode(self._before + self._pending)[len(self._decode(self._before)) :]

    def _before_a_stop(self, text: str) -> str:
        text = self._held + text
        places = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if places:
            self.stopped, self._held = True, ""
            return text[: min(places)]
        kept = max((_begun(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - kept :]
        return text[: len(text) - kept]


def _begun(text: str, stop: str) -> int:
    """How many of the last characters of `text` are the first of `stop`."""
    most = min(len(text), len(stop) - 1)
    return next((length for length in range(most, 0, -1) if text.endswith(stop[:length])), 0)

"""The form of one example: a text area for each of its texts, or its JSON where texts alone would lose something."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Self

import orjson
from django.http import QueryDict

from jobs.training_data.codes import Code
from jobs.training_data.editing import LISTS, PAIR, Slot, assembled, checked, one_line, slots, typed, unbroken
from jobs.training_data.report import Fault, Format, fault

EDITABLE_BYTES = 1024 * 1024  # a larger example stays as it is, or goes
MOST_SLOTS = 200
ROLES = ("system", "user", "assistant")
PARTS = ("messages", "input", "preferred_output", "non_preferred_output", *PAIR)


@dataclass
class ExampleForm:
    """`slots` are the texts, or None: then `raw` is the JSON. `faults` say why it was not saved."""

    key: str  # a line's number, "d" and the pk of an added example, or "new"
    slots: list[Slot] | None
    raw: str = ""
    faults: list[Fault] = field(default_factory=list)
    too_large: bool = False
    too_many: bool = False  # changes, for one version
    opened: str = ""  # digest of the example as it was when the form was opened
    overtaken: bool = False  # by a change kept elsewhere since

    @classmethod
    def of(cls, key: str, content: bytes, *, as_json: bool = False) -> Self:
        """As a person opens it."""
        if len(content) > EDITABLE_BYTES:
            return cls(key, None, too_large=True)
        opened = digest(content)
        example, _faults = checked(typed(1, content.decode("utf-8", "replace")))
        texts = _texts(example)
        if texts is None or as_json:
            raw = readable(example) if example else content.decode("utf-8", "replace")
            return cls(key, None, raw=raw, opened=opened)
        return cls(key, texts, opened=opened)

    @classmethod
    def sent(cls, key: str, data: QueryDict, before: bytes) -> Self:
        """As a person sent it; `before` is the example that was opened."""
        opened = data.get("opened", "")[:40]
        if "raw" in data:
            return cls(key, None, raw=str(data["raw"]), opened=opened)
        told = zip(data.getlist("part"), data.getlist("role"), data.getlist("content"), strict=False)
        given = [Slot(part, role, text) for part, role, text in told if part in PARTS and role in ROLES]
        return cls(key, unbroken(given[:MOST_SLOTS], cls.of(key, before).slots or []), opened=opened)

    def is_overtaken(self, now: bytes) -> bool:
        """Whether it would silently take the place of what was kept since it was opened. Sent again, it may."""
        self.overtaken = bool(self.opened) and self.opened != digest(now)
        self.opened = digest(now)
        return self.overtaken

    @property
    def example(self) -> dict[str, Any] | None:
        return assembled(self.slots) if self.slots is not None else checked(typed(1, self.raw))[0]

    @property
    def can_show_texts(self) -> bool:
        return self.slots is None and _texts(self.example) is not None

    @property
    def addable(self) -> str:
        """The part that may have a message more."""
        return next((slot.part for slot in self.slots or () if slot.part in LISTS), "")

    def content(self, expected: Format) -> str | None:
        """The line it makes; None where it has faults, which are then told."""
        text = one_line(assembled(self.slots)) if self.slots is not None else self.raw
        example, self.faults = checked(typed(1, text), expected)
        self.faults = [*self._blank(), *self.faults]
        line = one_line(example) if example and not self.faults else ""
        self.too_large = len(line.encode()) > EDITABLE_BYTES
        return None if self.too_large else line or None

    def _blank(self) -> list[Fault]:
        numbers = [n for n, slot in enumerate(self.slots or (), 1) if not slot.content.strip()]
        return [fault(1, Code.CONTENT_MISSING, message=n) for n in numbers]

    def changed(self, act: str) -> bool:
        """Do what a button of the form asks for, and say whether it was one: nothing is saved by that."""
        word, _, what = act.partition("-")
        if word == "add" and what in LISTS and self.slots is not None:
            self._add(what)
        elif word == "remove" and what.isdecimal() and self.slots is not None:
            del self.slots[int(what[:4]) : int(what[:4]) + 1]
        elif word == "json" and (example := self.example):
            self.slots, self.raw = None, readable(example)
        elif word == "texts" and (texts := _texts(self.example)):
            self.slots = texts
        else:
            return False
        return True

    def _add(self, part: str) -> None:
        """One message more: whose turn it is."""
        assert self.slots is not None
        last = max((n for n, slot in enumerate(self.slots) if slot.part == part), default=-1)
        role = "assistant" if last >= 0 and self.slots[last].role == "user" else "user"
        self.slots.insert(last + 1, Slot(part, role, ""))  # type: ignore[arg-type]


def digest(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()


def _texts(example: dict[str, Any] | None) -> list[Slot] | None:
    texts = slots(example) if example else None
    return texts if texts and len(texts) <= MOST_SLOTS else None


def readable(example: dict[str, Any]) -> str:
    return orjson.dumps(example, option=orjson.OPT_INDENT_2).decode()


def blank(first: bytes) -> bytes:
    """A new example of the same shape as a file's first one: its system prompt stays, its other texts are left out."""
    example, _faults = checked(typed(1, first.decode("utf-8", "replace")))
    texts = _texts(example)
    if texts is None:
        texts = [Slot("messages", "user", ""), Slot("messages", "assistant", "")]
    return orjson.dumps(assembled([slot if slot.role == "system" else slot._replace(content="") for slot in texts]))

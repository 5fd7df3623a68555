"""The fast road: chat examples that are roles and texts and nothing else, many lines at a time.

It says yes only where the exact road would find no fault and no warning on any of the lines; else it says nothing, and
they take the exact road. A typed decoder tells at once that all keys are there, no other one is, and that the types
are right; what it does not tell is looked for in the bytes.
"""

import re
from typing import Annotated, Literal

import msgspec

KEY = re.compile(rb'"[ \t\r]*:')
SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")  # NUL and halves of characters


class PlainMessage(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["system", "user", "assistant"]
    content: str


class PlainExample(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    messages: Annotated[list[PlainMessage], msgspec.Meta(min_length=1)]


DECODER = msgspec.json.Decoder(PlainExample)


def plain_examples(raw: bytes) -> list[PlainExample] | None:
    """The examples on the lines of `raw`, one each; None where any line must be looked at exactly."""
    breaks = raw.count(b"\n")
    if not _is_object_a_line(raw, breaks) or (b"\\u" in raw and SUSPECT.search(raw)):
        return None
    try:
        examples = DECODER.decode_lines(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    keys = breaks + 2 * sum([len(example.messages) for example in examples])
    if len(examples) != breaks or len(KEY.findall(raw)) != keys:  # more keys than needed: a twin, or a text with `":`
        return None
    return examples if _are_usual(raw, examples) else None


def _is_object_a_line(raw: bytes, breaks: int) -> bool:
    """Every line begins with { and ends with }: nothing that is JSON goes on from } to { on the next line."""
    if not raw.startswith(b"{") or not raw.endswith((b"}\n", b"}\r\n")):
        return False
    between = raw.count(b"}\n{")
    return between == breaks - 1 or between + raw.count(b"}\r\n{") == breaks - 1


def _are_usual(raw: bytes, examples: list[PlainExample]) -> bool:
    """Each ends in an answer, and no answer is empty."""
    if any(example.messages[-1].role != "assistant" for example in examples):
        return False
    return b'""' not in raw or all(m.content or m.role != "assistant" for each in examples for m in each.messages)

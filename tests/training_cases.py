"""One bad input for every fault that a check can name; the good lines around it are fine."""

import json
from collections.abc import Mapping
from typing import Any

from jobs import table_faults
from jobs.training_data.codes import Code


def line(*messages: Any, **beside: Any) -> str:
    return json.dumps({"messages": list(messages), **beside}, ensure_ascii=False)


def user(content: Any = "눈", **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def answer(content: Any = "함박눈이 내렸다.", **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def call(arguments: Any = '{"city": "서울"}', **more: Any) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": arguments}, **more}


def function_call(name: Any, arguments: Any) -> dict[str, Any]:
    return {"role": "assistant", "function_call": {"name": name, "arguments": arguments}}


IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/snow.png"}}
GOOD = [line(user(f"첫눈 {number}"), answer()) for number in range(12)]
GOOD_BYTES = "\n".join(GOOD).encode() + b"\n"
PAIR = json.dumps({"prompt": "첫눈", "completion": " 함박눈이 내렸다.\n"}, ensure_ascii=False)
PAIR_BYTES = f"{PAIR}\n".encode() * 12


def preference(**other: Any) -> str:
    """A good one, but for `other`."""
    good = {"input": {"messages": [user()]}, "preferred_output": [answer()], "non_preferred_output": [answer("눈.")]}
    return json.dumps({**good, **other}, ensure_ascii=False)


PREFERENCE = preference()
QUESTION = line(user("2 + 2는?"), solution="4")
DATA_IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="}}


def image(url: str, **more: Any) -> str:
    return line(user([{"type": "image_url", "image_url": {"url": url, **more}}]), answer())


def with_line_four(bad: str | bytes, among: list[str] = GOOD) -> bytes:
    raw = bad if isinstance(bad, bytes) else bad.encode()
    good = [each.encode() for each in among]
    return b"\n".join([*good[:3], raw, *good[3:]]) + b"\n"


FILES: dict[Code, tuple[int, bytes]] = {  # the line that is named (0: the whole file), the bytes
    Code.EMPTY_FILE: (0, b""),
    Code.NOT_TEXT: (1, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40),
    Code.UTF16: (1, GOOD_BYTES.decode().encode("utf-16")),
    Code.BOM: (1, b"\xef\xbb\xbf" + GOOD_BYTES),
    Code.JSON_ARRAY: (1, json.dumps([json.loads(each) for each in GOOD]).encode()),
    Code.SPREAD_OVER_LINES: (1, json.dumps(json.loads(GOOD[0]), indent=2).encode()),
    Code.TOO_FEW_EXAMPLES: (0, "\n".join(GOOD[:9]).encode()),
    Code.INCOMPLETE_FILE: (12, GOOD_BYTES[:-10]),
    Code.LINE_TOO_LONG: (13, GOOD_BYTES + b'{"messages": "' + b"a" * 50_000_000),
}

LINES: dict[Code, str | bytes] = {
    Code.EMPTY_LINE: "  ",
    Code.CP949: GOOD[0].encode("cp949"),
    Code.NOT_UTF8: GOOD[0].encode()[:30] + b"\xff\xff\xff" + GOOD[0].encode()[30:],
    Code.NUL: GOOD[0].encode()[:30] + b"\0" + GOOD[0].encode()[30:],
    Code.BROKEN_LINE: '{"messages": [{"role": "user", "content": "첫눈이',
    Code.NOT_JSON: "첫눈 오는 날",
    Code.INVALID_JSON: '{"messages": [{"role": "user" "content": "눈"}]}',
    Code.TRAILING_COMMA: GOOD[0][:-1] + ",}",
    Code.SINGLE_QUOTES: GOOD[0].replace('"', "'"),
    Code.CONTROL_CHARACTER: GOOD[0].replace("첫눈", "첫\t눈"),
    Code.EXTRA_DATA: GOOD[0] + ",",
    Code.NOT_A_NUMBER: line(user(), answer()).replace('"눈"', "NaN"),
    Code.NUMBER_TOO_LARGE: line(user(), answer()).replace('"눈"', "1e999"),
    Code.LONE_SURROGATE: GOOD[0].replace("첫눈", "\\ud83d"),
    Code.TOO_DEEP: '{"messages": ' + "[" * 10_000 + "]" * 10_000 + "}",
    Code.DUPLICATE_KEY: line(user(), answer()).replace('"role": "user"', '"role": "user", "role": "user"'),
    Code.NOT_OBJECT: "[1, 2]",
    Code.UNKNOWN_FORMAT: '{"zzz": 1}',
    Code.MIXED_FORMATS: PAIR,
    Code.KEY_MISSPELT: GOOD[0].replace("messages", "mesages"),
    Code.KEY_UNKNOWN: line(user(), answer(), zzz=1),
    Code.MESSAGES_NOT_LIST: '{"messages": "눈"}',
    Code.MESSAGES_EMPTY: line(),
    Code.NO_ASSISTANT: line(user()),
    Code.NOTHING_TO_TRAIN: line(user(), answer(weight=0)),
    Code.TOOLS_INVALID: line(user(), answer(), tools=[{"name": "weather"}]),
    Code.FUNCTIONS_INVALID: line(user(), answer(), functions=[]),
    Code.PARALLEL_NOT_BOOL: line(user(), answer(), parallel_tool_calls="yes"),
    Code.TOO_MANY_IMAGES: line(user([IMAGE] * 11), answer()),
    Code.MESSAGE_NOT_OBJECT: line("눈", answer()),
    Code.ROLE_MISSING: line({"content": "눈"}, answer()),
    Code.ROLE_MISSPELT: line(user(), {"role": "assistent", "content": "네"}),
    Code.ROLE_UNKNOWN: line({"role": "zzz", "content": "눈"}, answer()),
    Code.MESSAGE_KEY_MISSPELT: line(user(), answer(wieght=1)),
    Code.MESSAGE_KEY_UNKNOWN: line(user(zzz=1), answer()),
    Code.CONTENT_MISSING: line(user(), answer(None)),
    Code.CONTENT_EMPTY: line(user([]), answer()),
    Code.CONTENT_TYPE: line(user(3), answer()),
    Code.PART_INVALID: line(user([{"type": "text"}]), answer()),
    Code.PART_TYPE_UNKNOWN: line(user([{"type": "input_audio", "input_audio": {}}]), answer()),
    Code.IMAGE_NOT_ALLOWED: line(user(), answer([IMAGE])),
    Code.IMAGE_ADDRESS: image("C:\\눈.png"),
    Code.IMAGE_KIND: image("data:image/gif;base64,R0lGODlhAQABAIAAAA=="),
    Code.IMAGE_DETAIL: image("https://example.com/snow.png", detail="tiny"),
    Code.NAME_INVALID: line(user(name=3), answer()),
    Code.WEIGHT_VALUE: line(user(), answer(weight=2)),
    Code.WEIGHT_ROLE: line(user(weight=1), answer()),
    Code.TOOL_CALLS_ROLE: line(user(tool_calls=[call()]), answer()),
    Code.TOOL_CALL_INVALID: line(user(), answer(None, tool_calls=[{"id": "call_1"}])),
    Code.ARGUMENTS_NOT_TEXT: line(user(), answer(None, tool_calls=[call({"city": "서울"})])),
    Code.ARGUMENTS_NOT_JSON: line(user(), function_call("weather", "서울"), answer()),
    Code.TOOL_CALL_ID_MISSING: line(user(), {"role": "tool", "content": "눈"}, answer()),
    Code.TOOL_CALL_ID_UNKNOWN: line(user(), {"role": "tool", "content": "눈", "tool_call_id": "call_9"}, answer()),
}

LEGACY_LINES: dict[Code, str] = {
    Code.LEGACY_KEY_MISSING: '{"prompt": "눈"}',
    Code.LEGACY_NOT_TEXT: '{"prompt": 3, "completion": "눈"}',
    Code.LEGACY_EMPTY: '{"prompt": "눈", "completion": " \\n"}',
}
PREFERENCE_LINES: dict[Code, str] = {
    Code.PREFERENCE_KEY_MISSING: json.dumps({"preferred_output": [answer()], "non_preferred_output": [answer()]}),
    Code.PREFERENCE_INPUT_INVALID: preference(input=[user()]),
    Code.PREFERENCE_OUTPUT_INVALID: preference(preferred_output=[answer(), answer()]),
    Code.PREFERENCE_IMAGE: preference(input={"messages": [user([IMAGE])]}),
}
REINFORCEMENT_LINES: dict[Code, str] = {Code.LAST_NOT_USER: line(user(), answer(), solution="4")}
AMONG: dict[
    str, tuple[Mapping[Code, str | bytes], list[str]]
] = {  # the bad lines of each format, and the good line that stands around them
    "chat": (LINES, GOOD),
    "legacy": (LEGACY_LINES, [PAIR] * 12),
    "preference": (PREFERENCE_LINES, [PREFERENCE] * 12),
    "reinforcement": (REINFORCEMENT_LINES, [QUESTION] * 12),
}
# tested on their own
ELSEWHERE = {
    Code.NO_EXAMPLES,
    Code.TOO_MANY_FAULTS,
    Code.BYTES_MISSING,
    Code.TOO_MANY_EXAMPLES,
    Code.TOO_MANY_IMAGE_EXAMPLES,
    Code.CHECK_STOPPED,
    *(Code.UNFIT, *table_faults.WORDS),  # tests/test_tables.py, tests/test_operations.py
}


def bad_input(code: Code) -> bytes:
    """A file with this fault and no other."""
    if code in FILES:
        return FILES[code][1]
    bad, good = next((bad, good) for bad, good in AMONG.values() if code in bad)
    return with_line_four(bad[code], good)

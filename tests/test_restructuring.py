"""Examples in the wrong form get the right one, with nothing guessed and nothing lost."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as some

from jobs.models import FileState, TrainingFile
from jobs.origin_words import recorded
from jobs.pipeline.checking import check
from jobs.training_data import checking, python
from jobs.training_data.forms import Form, rewritten
from jobs.training_data.objects import MOST, NotObjectsError, objects, on_one_line
from jobs.training_data.offering import offered, reasons
from jobs.training_data.repairing import Repair, look, repair
from tests.conftest import World
from tests.test_files_check import waiting
from tests.training_cases import GOOD, GOOD_BYTES, PNG, answer, call, image, line, preference, user

Login = Callable[..., Client]
EXAMPLES = [json.loads(each) for each in GOOD]
TWICE = call('"{\\"city\\": \\"서울\\"}"')


def indented(how: int | str = 2, between: str = "\n") -> str:
    return between.join(json.dumps(each, ensure_ascii=False, indent=how) for each in EXAMPLES) + "\n"


def lines_of(each: Callable[[dict[str, Any]], str]) -> str:
    return "".join(each(example) + "\n" for example in EXAMPLES)


def with_answers(**more: Any) -> str:
    return "".join(line(user(f"첫눈 {n}"), answer(**more)) + "\n" for n in range(12))


WRITTEN: dict[str, tuple[str, Repair]] = {
    "indented": (indented(), Repair(forms=[Form.ONE_LINE])),
    "indented by tabs, empty lines between": (indented("\t", "\n\n"), Repair(forms=[Form.ONE_LINE])),
    "indented, commas between": (indented(4, ",\n"), Repair(forms=[Form.ONE_LINE])),
    "indented, on Windows": (indented().replace("\n", "\r\n"), Repair(crlf=True, forms=[Form.ONE_LINE])),
    "all on one line": ("".join(GOOD), Repair(forms=[Form.ONE_LINE])),
    "all on one line, spaces between": (" ".join(GOOD), Repair(forms=[Form.ONE_LINE])),
    "commas at the ends": (",\n".join(GOOD), Repair(forms=[Form.ONE_LINE])),
    "two files joined": (
        GOOD_BYTES.decode()[:-1] + "\ufeff" + GOOD_BYTES.decode(),
        Repair(zero_width=True, forms=[Form.ONE_LINE]),
    ),
    "a BOM inside": (GOOD_BYTES.decode() + "\ufeff" + GOOD_BYTES.decode(), Repair(zero_width=True)),
    "CR": ("\r".join(GOOD) + "\r", Repair(cr=True)),
    "CR here and there": (GOOD_BYTES.decode() + "\r".join(GOOD) + "\n", Repair(cr=True)),
    "CR CR LF": (GOOD_BYTES.decode().replace("\n", "\r\r\n"), Repair(crlf=True)),
    "empty lines": ("\n" + "\n \n".join(GOOD) + "\n\n\n", Repair(forms=[Form.BLANK_LINES])),
    "repr": (lines_of(repr), Repair(forms=[Form.PYTHON])),
    "repr with None": (
        lines_of(lambda each: repr(each | {"tools": None})),
        Repair(forms=[Form.PYTHON, Form.EMPTY_KEYS]),
    ),
    "words of Python": (
        lines_of(lambda each: json.dumps(each)[:-1] + ', "parallel_tool_calls": True}'),
        Repair(forms=[Form.PYTHON]),
    ),
    "repr with commas": (lines_of(lambda each: f"{each!r},"), Repair(forms=[Form.PYTHON])),
    "JSON within texts": (
        lines_of(lambda each: json.dumps(json.dumps(each, indent=1))),
        Repair(forms=[Form.ENCODED_TWICE]),
    ),
    "messages within texts": (
        lines_of(lambda each: json.dumps({"messages": json.dumps(each["messages"])})),
        Repair(forms=[Form.ENCODED_TWICE]),
    ),
    "null": (with_answers(tool_calls=None), Repair(forms=[Form.EMPTY_KEYS])),
    "1.0": (with_answers(weight=1.0), Repair(forms=[Form.WHOLE_NUMBERS])),
    "an address as text": (
        (line(user([{"type": "image_url", "image_url": "https://a.b/1"}]), answer()) + "\n") * 12,
        Repair(forms=[Form.IMAGE_URLS]),
    ),
    "image/jpg": ((image(f"data:image/jpg;base64,{PNG}") + "\n") * 12, Repair(forms=[Form.IMAGE_LABELS])),
    "arguments twice": ((line(user(), answer(None, tool_calls=[TWICE])) + "\n") * 12, Repair(forms=[Form.ARGUMENTS])),
    "pairs": ((preference(input={"messages": [user()], "tools": None}) + "\n") * 12, Repair(forms=[Form.EMPTY_KEYS])),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_was_written_in_another_form_is_put_right(tmp_path: Path, name: str) -> None:
    text, expected = WRITTEN[name]
    path, made = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_bytes(text.encode())

    found = look(path)
    assert found.repair == expected
    repair(path, made, expected)

    report = checking.check(made)
    assert (report.faults, report.lines, report.examples) == ([], report.lines, report.lines)
    assert report.examples in (12, 24)
    assert look(made).repair is None


def test_the_same_text_comes_out() -> None:
    assert [json.loads(each) for each in objects([indented()])] == EXAMPLES
    assert json.loads(python.as_json(repr(EXAMPLES[0])) or "") == EXAMPLES[0]


@pytest.mark.parametrize(
    "text",
    [
        '{"messages": 1, "messages": null}',  # one of two would be lost
        '{"messages": [{"role": "user", "content": null}]}',
        '{"messages": [], "answer": null}',
        '{"prompt": null, "completion": ""}',
        "{'a': 1e999}",
        "{'a': b'1'}",
        "{1: 2}",
        "{'a': {2, 3}}",
        "{'a': __import__('os')}",
        "{'a': [x for x in ()]}",
        "{'a': None",
        '{"a": None, "b": }',
        "{" * 3000 + "'",
        "{'a': " + "-" * 5000 + "1}",
        "null",
        "[]",
    ],
)
def test_what_is_not_certain_stays_as_it_is(text: str) -> None:
    assert rewritten(text)[:2] == (text, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"messages": [], "id": 123456789012345678901234567890, "tools": null}',
            '{"messages": [], "id": 123456789012345678901234567890}\n',
        ),
        ('{"a": None, "b": "None, \\"True\\""}', '{"a": null, "b": "None, \\"True\\""}\n'),
        (
            "{'a': \"it's\", 'b': 'say \"hi\"', 'c': '\\u1112\\n'}",
            '{"a": "it\'s", "b": "say \\"hi\\"", "c": "ᄒ\\n"}\n',
        ),
        ("{'a': (1, 2.50, True)}", '{"a": [1, 2.5, true]}\n'),
    ],
)
def test_nothing_is_lost_on_the_way(text: str, expected: str) -> None:
    assert rewritten(text)[0] == expected


@pytest.mark.parametrize(
    "text",
    [
        indented()[:-20],
        indented() + "x",
        "[" + ",".join(GOOD) + "]",
        '{"messages": [\n{"role": "user", "content": "두\n줄"}]}\n{}',
        GOOD[0] + "\n" + '{"a": \n',
        '{"data": [\n{"a": 1}\n]}',  # one object is no file of examples
    ],
)
def test_lines_that_are_torn_in_another_way_are_not_offered(tmp_path: Path, text: str) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(text)

    assert Form.ONE_LINE not in look(path).forms


@pytest.mark.parametrize(
    "text", ["\n[\n" + ",\n".join(GOOD) + "]", repr(EXAMPLES), "[" + ",\n".join(map(repr, EXAMPLES)) + "\n]"]
)
def test_a_list_of_examples_is_not_rewritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(text)

    assert look(path).repair is None


def test_braces_within_texts_are_no_sign(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text((line(user("\\frac{a}{b}"), answer("{}{}")) + "\n") * 12)

    assert look(path).repair is None


def test_an_object_of_many_pieces_is_followed_and_an_endless_one_given_up() -> None:
    large = json.dumps({"a": ["눈" * 1000] * 300}, ensure_ascii=False, indent=1)

    assert list(objects(iter([large[n : n + 999] for n in range(0, len(large), 999)]))) == [on_one_line(large)]
    pieces = endless()
    with pytest.raises(NotObjectsError):
        list(objects(pieces))
    assert next(pieces)  # it did not read to the end


def endless() -> Iterator[str]:
    yield '{"a": "'
    for _ in range(5 * MOST // 100_000):
        yield "눈" * 100_000


def test_only_what_was_ordered_is_done(tmp_path: Path) -> None:
    path, made = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    path.write_text("\n" + WRITTEN["null"][0])

    repair(path, made, Repair(forms=[Form.BLANK_LINES]))

    assert made.read_text() == WRITTEN["null"][0]


@pytest.mark.parametrize(
    "text", ["{'a': 1e999}", "{'a': -1e999}", "{'a': b'1'}", "{1: 2}", "{'a': {'b': (1, {2: 3})}}"]
)
def test_what_json_cannot_hold_is_not_written(text: str) -> None:
    assert python.as_json(text) is None


def test_a_carriage_return_between_tokens_is_white_space(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(GOOD_BYTES.replace(b'", "content"', b'",\r "content"'))

    assert look(path).repair is None
    assert checking.check(path).ok


@given(
    some.lists(
        some.sampled_from([*GOOD[:3], "\n", "\r", ",", "{", "}", "\ufeff", "None", "{'a': 1}", '"', " ", "null"]),
        max_size=12,
    ).map("".join)
)
@settings(max_examples=100, deadline=None)
def test_a_repair_never_loses_an_example(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path, made = (tmp_path_factory.getbasetemp() / name for name in ("any.jsonl", "made.jsonl"))
    path.write_text(text, newline="")
    found = look(path)
    if not found.repair:
        return

    repair(path, made, found.repair)

    assert made.read_text().count('"role": "assistant"') == text.count('"role": "assistant"')
    assert checking.check(made).examples >= checking.check(path).examples


# --- on the page, and on the command line ----------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "done"),
    [
        ("indented", ["Each example on a line of its own"]),
        ("CR", ["Line ends of an old Mac (CR) replaced"]),
        ("empty lines", ["Empty lines left out"]),
        ("repr with None", ["Python rewritten as JSON", "Keys without a value left out"]),
        ("1.0", ["Weights of 1.0 written as 1"]),
    ],
)
def test_one_click_makes_a_version_in_the_right_form(world: World, login: Login, name: str, done: list[str]) -> None:
    file = waiting(world, WRITTEN[name][0].encode())
    check(file)
    client = login(world.bob)

    page = client.get(world.url(f"files/{file.uuid}/"))
    client.post(world.url(f"files/{file.uuid}/repair/"))
    made = TrainingFile.objects.get(parent=file)
    check(made)
    made.refresh_from_db()
    file.refresh_from_db()

    assert f"files/{file.uuid}/repair/" in page.text
    assert ("The file can be put right below" in page.text) is (file.state == FileState.INVALID)
    assert (made.state, made.examples, recorded(made)) == (FileState.READY, 12, done)


def test_a_repair_that_leaves_faults_is_not_called_enough(world: World, login: Login) -> None:
    file = waiting(world, WRITTEN["null"][0].encode() + b"{}\n")
    check(file)

    page = login(world.bob).get(world.url(f"files/{file.uuid}/"))

    assert "The file can be put right below" not in page.text
    assert "Examples with keys that are null or empty, which services refuse: 12" in page.text


def test_data_under_other_names_is_mapped_and_what_one_click_mends_is_not(world: World, login: Login) -> None:
    pairs = [json.dumps({"prompt": "눈", "chosen": f"{n}", "rejected": "비"}) for n in range(12)]
    files = [waiting(world, body.encode()) for body in ("\n".join(pairs), indented())]
    for file in files:
        check(file)
    client = login(world.bob)

    pages = [client.get(world.url(f"files/{file.uuid}/")).text for file in files]

    assert [world.url(f"files/{file.uuid}/map/") in page for file, page in zip(files, pages, strict=True)] == [
        True,
        False,
    ]


def test_a_table_is_not_rewritten_as_examples(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("질문,답\n\nNone,True\n")

    assert offered(path, path.name) is None


def test_reasons_name_what_the_page_names(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + WRITTEN["null"][0].replace("\n", "\r\n").encode())
    marked = offered(path, path.name)
    path.write_bytes(GOOD_BYTES.decode().encode("cp949"))
    korean = offered(path, path.name)

    assert marked
    assert korean
    assert reasons(marked) == {"mark": 1, "crlf": 12, "empty_keys": 12}
    assert reasons(korean) == {"encoding": 12}

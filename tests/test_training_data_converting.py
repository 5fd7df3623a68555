"""Legacy pairs become chat examples; examples can be read for a page."""

import json
from pathlib import Path

from jobs.training_data.checking import check
from jobs.training_data.converting import legacy_to_chat
from jobs.training_data.reading import BEYOND, SHOWN_CHARACTERS, examples
from tests.training_cases import GOOD_BYTES, PAIR_BYTES, answer, call, line, user


def test_pairs_become_messages_without_white_space_around(tmp_path: Path) -> None:
    src, dst = tmp_path / "pairs.jsonl", tmp_path / "chat.jsonl"
    src.write_text(
        '{"prompt": "눈 ->", "completion": " 첫눈이\\n왔다.\\n"}\nnot json\n{"prompt": 1, "completion": ""}\n'
    )

    written = legacy_to_chat(src, dst)

    assert written == 1
    assert [json.loads(row) for row in dst.read_text().splitlines()] == [
        {"messages": [{"role": "user", "content": "눈 ->"}, {"role": "assistant", "content": "첫눈이\n왔다."}]}
    ]


def test_a_converted_file_checks_out_with_its_system_prompt(tmp_path: Path) -> None:
    src, dst = tmp_path / "pairs.jsonl", tmp_path / "chat.jsonl"
    src.write_bytes(b"\xef\xbb\xbf" + PAIR_BYTES)

    written = legacy_to_chat(src, dst, " 당신은 수필가입니다. ")

    report = check(dst)
    assert (written, report.ok, report.format, report.examples) == (12, True, "chat", 12)
    assert report.sample[0][0] == {"role": "system", "content": "당신은 수필가입니다.", "long": False}


def test_examples_are_read_from_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"broken\n" + GOOD_BYTES)

    read = examples(path, 2, 4)

    assert [(each.line, each.messages[0]["content"]) for each in read] == [(4, "첫눈 2"), (5, "첫눈 3")]


def test_an_example_is_shown_cut_with_its_calls(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(line(user("눈" * 3_000 + "\0"), answer(None, tool_calls=[call("{}")], weight=1)))

    [example] = examples(path, 0, 5)

    assert example.messages == [
        {"role": "user", "content": "눈" * (SHOWN_CHARACTERS + BEYOND), "long": True},
        {
            "role": "assistant",
            "content": "",
            "long": False,
            "tool_calls": '[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{}"}}]',
            "weight": 1,
        },
    ]

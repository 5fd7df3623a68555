"""Examples as other programs keep them: converted, or refused by name."""

import json
from typing import Any

import pytest

from tests.cases.conftest import ConvertText, codes, texts

USER, ASSISTANT = {"role": "user", "content": "눈?"}, {"role": "assistant", "content": "온다"}
# --- 18: other programs' forms ----------------------------------------------------------------------------
FUNCTION = {"name": "weather", "parameters": {"type": "object", "properties": {}}}
SHAREGPT_CALLS = {
    "conversations": [
        {"from": "human", "value": "서울 날씨?"},
        {"from": "function_call", "value": '{"name": "weather", "arguments": {"city": "서울"}}'},
        {"from": "observation", "value": "맑음"},
        {"from": "gpt", "value": "맑습니다"},
    ],
    "system": "짧게",
    "tools": json.dumps([FUNCTION]),
}
CALLED = [
    {"role": "user", "content": "서울 날씨?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"서울"}'}}
        ],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "맑음"},
    {"role": "assistant", "content": "맑습니다"},
]
TOOLS = [{"type": "function", "function": FUNCTION}]
SYSTEM = {"role": "system", "content": "짧게"}
BAD = {"role": "assistant", "content": "몰라"}
HH = "\n\nHuman: 눈?\n\nAssistant: "
GLAIVE = {
    "system": "SYSTEM: 짧게 -\n" + json.dumps(FUNCTION),
    "chat": "USER: 서울 날씨?\n\n\nASSISTANT: <functioncall> "
    '{"name": "weather", "arguments": \'{"city":"서울"}\'} <|endoftext|>\n\n\n'
    "FUNCTION RESPONSE: 맑음\n\n\nASSISTANT: 맑습니다 <|endoftext|>",
}
DPO = {"input": {"messages": [USER]}, "preferred_output": [ASSISTANT], "non_preferred_output": [BAD]}
CHAT = {"messages": [USER, ASSISTANT]}
FORMS: dict[str, tuple[Any, Any]] = {
    "ShareGPT with calls": (SHAREGPT_CALLS, {"messages": [SYSTEM, *CALLED], "tools": TOOLS}),
    "Glaive": (GLAIVE, {"messages": [SYSTEM, *CALLED], "tools": TOOLS}),
    "trl with calls": (
        {
            "messages": [
                CALLED[0],
                {"role": "assistant", "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "서울"}}}]},
                {"role": "tool", "name": "weather", "content": "맑음"},
                CALLED[3],
            ],
            "tools": [FUNCTION],
        },
        {"messages": CALLED, "tools": [FUNCTION]},
    ),
    "ShareGPT with weights": (
        {"conversations": [{"from": "human", "value": "눈?"}, {"from": "gpt", "value": "온다", "weight": 0}]},
        {"messages": [USER, {**ASSISTANT, "weight": 0}]},
    ),
    "trl's preference": ({"prompt": "눈?", "chosen": "온다", "rejected": "몰라"}, DPO),
    "trl's preference of talks": ({"prompt": [USER], "chosen": [ASSISTANT], "rejected": [BAD]}, DPO),
    "whole talks": ({"prompt": "눈?", "chosen": [USER, ASSISTANT], "rejected": [USER, BAD]}, DPO),
    "LLaMA-Factory's preference": (
        {
            "conversations": [{"from": "human", "value": "눈?"}],
            "chosen": {"from": "gpt", "value": "온다"},
            "rejected": {"from": "gpt", "value": "몰라"},
        },
        DPO,
    ),
    "Alpaca's preference": (
        {"instruction": "눈?", "input": "", "chosen": "온다", "rejected": "몰라"},
        DPO,
    ),
    "Orca's preference": (
        {"system": "짧게", "question": "눈?", "chosen": "온다", "rejected": "몰라"},
        {**DPO, "input": {"messages": [SYSTEM, USER]}},
    ),
    "whole talks under longer names": (
        {"chosen_messages": [USER, ASSISTANT], "rejected_messages": [USER, BAD]},
        DPO,
    ),
    "a preference whose keys say more": ({"prompt": "눈?", "model_chosen": "온다", "model_rejected": "몰라"}, DPO),
    "HH-RLHF": ({"chosen": HH + "온다", "rejected": HH + "몰라"}, DPO),
    "trl's pair of talks": ({"prompt": [USER], "completion": [ASSISTANT]}, CHAT),
    "a request with its answer": (
        {"request": {"model": "gpt-4o", "messages": [USER]}, "response": {"choices": [{"message": ASSISTANT}]}},
        CHAT,
    ),
    "the Responses API": (
        {
            "instructions": "짧게",
            "input": [{"role": "user", "content": [{"type": "input_text", "text": "눈?"}]}],
            "output": [
                {"type": "reasoning", "summary": []},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "온다"}]},
            ],
        },
        {"messages": [SYSTEM, USER, ASSISTANT]},
    ),
    "the Evals API": ({"item": {"messages": [USER], "answer": "온다"}}, {"messages": [USER], "answer": "온다"}),
    "a bare talk": ([USER, ASSISTANT], CHAT),
    "Alpaca with a past": (
        {"instruction": "비?", "input": "", "output": "온다", "history": [["눈?", "온다"]]},
        {"messages": [USER, ASSISTANT, {"role": "user", "content": "비?"}, ASSISTANT]},
    ),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("lines", [False, True])
def test_forms_of_other_programs_are_converted(convert_text: ConvertText, name: str, lines: bool) -> None:
    row, right = FORMS[name]
    body = "\n".join([json.dumps(row, ensure_ascii=False)] * 3) if lines else [row] * 3

    said, made = convert_text(body, "a.jsonl" if lines else "a.json")

    assert made == [right] * 3
    assert codes(said) == []


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": CHAT | {"messages": [USER]}},
         "requests_alone"),
        ({"custom_id": "1", "response": {"status_code": 200, "body": {"choices": [{"message": ASSISTANT}]}}},
         "answers_alone"),
        ({"id": "x", "object": "chat.completion", "choices": [{"message": ASSISTANT}]}, "answers_alone"),
        ({"id": "x", "object": "response", "output": [{"type": "message", "role": "assistant", "content": []}]},
         "answers_alone"),
    ],
)  # fmt: skip
def test_half_of_a_talk_is_refused_by_name(convert_text: ConvertText, row: dict[str, Any], code: str) -> None:
    said, made = convert_text([row] * 3)

    assert (said["refused"]["code"], made) == (code, [])


@pytest.mark.parametrize("label", [True, "True", "TRUE", "true"])
@pytest.mark.parametrize("name", ["label", "kto_tag"])
def test_labels_of_kto_count_whatever_the_row_is(convert_text: ConvertText, label: Any, name: str) -> None:
    bad = type(label)(False) if isinstance(label, bool) else "false"
    rows = [{"prompt": "눈?", "completion": "온다", name: label}, {"prompt": "눈?", "completion": "몰라", name: bad}]

    said, made = convert_text(rows * 3)

    assert made == [{"prompt": "눈?", "completion": "온다"}] * 3
    assert codes(said) == ["bad_left_out"]


def test_a_label_in_words_is_a_column_and_named(convert_text: ConvertText) -> None:
    said, made = convert_text([{"messages": [USER, ASSISTANT], "label": "날씨"}] * 2)

    assert made == [CHAT] * 2
    assert codes(said) == ["keys_left_out"]


def test_pairs_that_are_none_are_left_out_and_said(convert_text: ConvertText) -> None:
    other = {"chosen": [USER, ASSISTANT], "rejected": [{"role": "user", "content": "비?"}, BAD]}

    said, made = convert_text([{"chosen": [USER, ASSISTANT], "rejected": [USER, BAD]}, other])

    assert (made, "pairs_differ" in codes(said)) == ([DPO], True)


def test_rows_of_another_form_are_converted_by_their_own(convert_text: ConvertText) -> None:
    odd = {"text": "홀로"}

    said, made = convert_text([*[CHAT] * 60, FORMS["Alpaca's preference"][0], odd])

    assert made == [*[CHAT] * 60, DPO, odd]
    assert codes(said) == ["rows_as_they_are"]


PAIRS = [{"질문": f"{n}?", "답변": f"답 {n}"} for n in range(3)]
WRAPPED: dict[str, Any] = {
    "a list": {"data": PAIRS},
    "deeper": {"result": {"total": 3, "items": PAIRS}},
    "by columns": {"질문": {"0": "0?", "1": "1?", "2": "2?"}, "답변": {"0": "답 0", "1": "답 1", "2": "답 2"}},
    "lists by columns": {"질문": ["0?", "1?", "2?"], "답변": ["답 0", "답 1", "답 2"]},
    "pandas' split": {"columns": ["질문", "답변"], "index": [0, 1], "data": [[f"{n}?", f"답 {n}"] for n in range(3)]},
    "rows of a viewer": {"rows": [{"row_idx": n, "row": row, "truncated_cells": []} for n, row in enumerate(PAIRS)]},
    "lists": [["질문", "답변"], *[[f"{n}?", f"답 {n}"] for n in range(3)]],
}  # fmt: skip


@pytest.mark.parametrize("name", WRAPPED)
@pytest.mark.parametrize("indent", [None, 2])
def test_rows_are_found_however_they_are_wrapped(convert_text: ConvertText, name: str, indent: int | None) -> None:
    said, made = convert_text(json.dumps(WRAPPED[name], ensure_ascii=False, indent=indent))

    assert [texts(each) for each in made] == [[f"{n}?", f"답 {n}"] for n in range(3)]
    assert (said["mapping"]["user"], said["mapping"]["assistant"]) == ("질문", "답변")


def test_korquad_becomes_questions_with_their_passage(convert_text: ConvertText) -> None:
    asked = {"id": "1", "question": "언제?", "answers": [{"text": "11월", "answer_start": 0}]}
    body = {
        "version": "v1",
        "data": [{"title": "눈", "paragraphs": [{"context": "11월에 온다.", "qas": [asked, asked]}]}],
    }

    said, made = convert_text(body)

    assert [texts(each) for each in made] == [["언제?\n\n11월에 온다.", "11월"]] * 2
    assert "keys_left_out" in codes(said)


def test_other_lists_of_a_file_are_named(convert_text: ConvertText) -> None:
    said, made = convert_text({"train": PAIRS, "test": PAIRS[:1]})

    assert len(made) == 3
    assert said["notes"] == [
        {"code": "sheets_not_read", "message": "Other sheets or lists of this file are not read: test"}
    ]

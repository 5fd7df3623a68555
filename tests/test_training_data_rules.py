"""What the services' references say of tools, calls, images, empty keys and pairs, each rule with its neighbours."""

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from jobs.faults import explain
from jobs.training_data.checking import check
from jobs.training_data.codes import Code
from jobs.training_data.empty_keys import without_empty
from jobs.training_data.pair_names import other_names
from jobs.training_data.report import Report
from tests.training_cases import GOOD, PAIR, PNG, PREFERENCE, QUESTION, answer, call, image, line, preference, user


def tool(call_id: str = "call_1", **more: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "맑음", **more}


def calls(*ids: str) -> dict[str, Any]:
    return answer(None, tool_calls=[call() | {"id": one} for one in ids])


def named(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {}}}


def checked(tmp_path: Path, row: str, good: list[str] = GOOD) -> Report:
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join([*good[:9], row]) + "\n")
    return check(path)


def codes(report: Report) -> list[str]:
    return [fault.code for fault in report.faults]


def warned(report: Report) -> list[str]:
    return [warning.code for warning in report.warnings if warning.code != Code.FEW_EXAMPLES]


# --- calls and their answers ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "messages",
    [
        [user(), calls("call_1")],
        [user(), calls("a", "b")],
        [user(), calls("call_1"), tool(), answer()],
        [user(), calls("a", "b"), tool("b"), tool("a"), answer()],
        [user(), calls("a"), tool("a"), calls("a"), tool("a"), answer()],  # the same id again, as in the cookbook
        [user(), calls("a", "a"), tool("a"), tool("a"), answer()],
        [user(), answer(None, function_call={"name": "f", "arguments": "{}"}), answer()],
    ],
)
def test_calls_that_are_answered_or_come_last_are_right(tmp_path: Path, messages: list[dict[str, Any]]) -> None:
    assert codes(checked(tmp_path, line(*messages))) == []


@pytest.mark.parametrize(
    ("messages", "place", "missing"),
    [
        ([user(), calls("a"), answer()], 2, "a"),
        ([user(), calls("a"), user(), answer()], 2, "a"),
        ([user(), calls("a"), calls("b"), tool("b"), answer()], 2, "a"),
        ([user(), calls("a", "b"), tool("a"), answer()], 2, "b"),
        ([user(), calls("a", "b"), tool("a")], 2, "b"),
        ([user(), calls("a", "b"), tool("a"), tool("a"), answer()], 2, "b"),
        ([user(), calls("a"), answer(), tool("a"), answer()], 2, "a"),
    ],
)
def test_a_call_without_its_answer_is_named(
    tmp_path: Path, messages: list[dict[str, Any]], place: int, missing: str
) -> None:
    (fault,) = checked(tmp_path, line(*messages)).faults

    assert (fault.code, fault.params) == (Code.CALL_UNANSWERED, {"message": place, "call": missing})


def test_an_answer_without_a_call_is_named(tmp_path: Path) -> None:
    assert codes(checked(tmp_path, line(user(), tool(), answer()))) == [Code.TOOL_CALL_ID_UNKNOWN]


# --- names and numbers of tools ---------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["날씨", "get weather", "get.weather", "a" * 65, "f\n", "함수_1", "😀"])
@pytest.mark.parametrize("place", ["tools", "functions", "tool_calls", "function_call", "function"])
def test_a_name_that_the_reference_does_not_allow_is_named_once(tmp_path: Path, place: str, name: str) -> None:
    function = {"name": name, "arguments": "{}"}
    rows = {
        "tools": line(user(), answer(), tools=[named(name), named(name), named("f")]),
        "functions": line(user(), answer(), functions=[{"name": name}]),
        "tool_calls": line(user(), answer(None, tool_calls=[{"id": "a", "type": "function", "function": function}])),
        "function_call": line(user(), answer(None, function_call=function)),
        "function": line(user(), {"role": "function", "name": name, "content": "1"}, answer()),
    }

    report = checked(tmp_path, rows[place])

    assert codes(report) == [Code.FUNCTION_NAME]


def test_names_in_preferences_and_questions_are_looked_at_too(tmp_path: Path) -> None:
    bad = {"id": "a", "type": "function", "function": {"name": "날씨", "arguments": "{}"}}
    pair = preference(non_preferred_output=[answer(None, tool_calls=[bad])])

    assert codes(checked(tmp_path, pair, [PREFERENCE] * 9)) == [Code.FUNCTION_NAME]
    asked = line(user(), solution="4", tools=[named("날씨")])
    assert codes(checked(tmp_path, asked, [QUESTION] * 9)) == [Code.FUNCTION_NAME]


@pytest.mark.parametrize("key", ["tools", "functions"])
@pytest.mark.parametrize(("count", "expected"), [(128, []), (129, [Code.TOO_MANY_TOOLS])])
def test_at_most_128_tools_are_allowed(tmp_path: Path, key: str, count: int, expected: list[str]) -> None:
    some = [named(f"f-{n}_A") for n in range(count)]

    row = line(user(), answer(), **{key: some if key == "tools" else [each["function"] for each in some]})

    assert codes(checked(tmp_path, row)) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('"{\\"city\\": \\"서울\\"}"', ([], [Code.ARGUMENTS_TWICE])),
        ('  {"a": 1}', ([], [])),
        ('"서울"', ([Code.ARGUMENTS_NOT_JSON], [])),
        ('"[1]"', ([Code.ARGUMENTS_NOT_JSON], [])),
        ('"{', ([Code.ARGUMENTS_NOT_JSON], [])),
    ],
)
@pytest.mark.parametrize("way", ["tool_calls", "function_call"])
def test_arguments_encoded_twice_are_noted(
    tmp_path: Path, arguments: str, expected: tuple[list[str], list[str]], way: str
) -> None:
    function = {"name": "f", "arguments": arguments}
    calling = {"tool_calls": [{"id": "a", "type": "function", "function": function}], "function_call": function}

    report = checked(tmp_path, line(user(), answer(None, **{way: calling[way]})))

    assert (codes(report), [w for w in warned(report) if w != Code.LAST_NOT_ASSISTANT]) == expected


# --- weights ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("weight", "fine"),
    [(1.0, True), (0.0, True), (-0.0, True), (0.5, False), (1.5, False), (True, False), ("1", False)],
)
def test_whole_numbers_may_be_written_as_data_frames_do(tmp_path: Path, weight: object, fine: bool) -> None:
    report = checked(tmp_path, line(user(), answer(), user(), answer(weight=weight)))

    assert codes(report) == ([] if fine else [Code.WEIGHT_VALUE])


def test_an_example_whose_only_answer_weighs_nothing_teaches_nothing(tmp_path: Path) -> None:
    assert codes(checked(tmp_path, line(user(), answer(weight=0.0)))) == [Code.NOTHING_TO_TRAIN]


# --- what one service alone takes -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("row", "code"),
    [
        (line(user(), answer(), weight=0.5), Code.EXAMPLE_WEIGHT),
        (line(user(), answer(), weight=2), Code.EXAMPLE_WEIGHT),
        (line(user(), answer(reasoning="생각")), Code.REASONING),
        (line(user(), answer(reasoning_content="생각")), Code.REASONING),
    ],
)
def test_it_is_noted_and_not_refused(tmp_path: Path, row: str, code: Code) -> None:
    report = checked(tmp_path, row)

    assert (report.ok, warned(report)) == (True, [code])


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (line(user(), answer(), weight="1"), Code.KEY_UNKNOWN),
        (line(user(), answer(), weight=True), Code.KEY_UNKNOWN),
        (line(user(reasoning="생각"), answer()), Code.MESSAGE_KEY_UNKNOWN),
        (line(user(), answer(reasoning=3)), Code.MESSAGE_KEY_UNKNOWN),
    ],
)
def test_what_no_service_takes_is_a_fault(tmp_path: Path, row: str, code: Code) -> None:
    assert codes(checked(tmp_path, row)) == [code]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ([calls("a"), tool("a"), answer()], ([], [Code.OUTPUT_OF_SEVERAL])),
        ([answer(), answer()], ([], [Code.OUTPUT_OF_SEVERAL])),
        ([calls("a")], ([], [])),
        ([tool("a")], ([Code.PREFERENCE_OUTPUT_INVALID], [])),
        ([user(), answer()], ([Code.PREFERENCE_OUTPUT_INVALID], [])),
        ([], ([Code.PREFERENCE_OUTPUT_INVALID], [])),
        ([calls("a"), answer()], ([Code.CALL_UNANSWERED], [])),
        ([tool("b"), answer()], ([Code.TOOL_CALL_ID_UNKNOWN], [])),
    ],
)
def test_outputs_of_several_messages_are_for_azure(
    tmp_path: Path, output: list[dict[str, Any]], expected: tuple[list[str], list[str]]
) -> None:
    report = checked(tmp_path, preference(preferred_output=output), [PREFERENCE] * 9)

    assert (codes(report), warned(report)) == expected


def test_an_output_may_begin_with_the_answer_to_a_call_before_it(tmp_path: Path) -> None:
    row = preference(input={"messages": [user(), calls("a")]}, preferred_output=[tool("a"), answer()])

    assert codes(checked(tmp_path, row, [PREFERENCE] * 9)) == []


def test_a_fault_in_a_later_message_of_an_output_names_it(tmp_path: Path) -> None:
    row = preference(preferred_output=[calls("a"), tool("a"), answer(3)])

    report = checked(tmp_path, row, [PREFERENCE] * 9)

    with translation.override("en"):
        assert explain(report.faults[0])[0] == (
            "The content of message 3 is neither a text nor a list of parts. (preferred_output)"
        )


# --- keys without a value ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("row", "names"),
    [
        (line(user(name=None), answer()), "name"),
        (line(user(), answer(weight=None, tool_calls=None)), "tool_calls, weight"),
        (line(user(), answer(tool_calls=[])), "tool_calls"),
        (line(user(), answer(annotations=[], audio=None, refusal=None, function_call=None)), "annotations"),
        (
            line(user(), answer(), tools=None, functions=None, parallel_tool_calls=None),
            "functions, parallel_tool_calls, tools",
        ),
        (line(user(), answer(), prompt=None, metadata=None), "metadata, prompt"),
        (line(user(refusal=None), answer()), "refusal"),
        (line(user([{"type": "text", "text": "눈", "image_url": None}]), answer()), "image_url"),
        (
            line(user([{"type": "image_url", "image_url": {"url": "https://a.b/1.png", "detail": None}}]), answer()),
            "detail",
        ),
        (
            line(
                user(),
                answer(),
                tools=[{"type": "function", "function": {"name": "f", "description": None, "parameters": None}}],
            ),
            "description, parameters",
        ),
    ],
)
def test_they_are_one_fault_a_line_that_names_them(tmp_path: Path, row: str, names: str) -> None:
    report = checked(tmp_path, row)

    assert [(fault.code, fault.params) for fault in report.faults] == [(Code.KEYS_WITHOUT_VALUE, {"keys": names})]


@pytest.mark.parametrize(
    "row",
    [
        line(user(), answer(refusal=None, audio=None, function_call=None)),
        line(user(), answer(None, tool_calls=[call()], refusal=None)),
        line(user(), answer(), tools=[{"type": "function", "function": {"name": "f", "strict": None}}]),
        line(
            user(),
            answer(),
            tools=[named("f") | {"function": {"name": "f", "parameters": {"default": None, "enum": []}}}],
        ),
        line(user("null [] null"), answer()),
    ],
)
def test_null_where_the_reference_allows_it_is_fine(tmp_path: Path, row: str) -> None:
    assert codes(checked(tmp_path, row)) == []


@pytest.mark.parametrize(
    ("row", "good", "code"),
    [
        (line(user(None), answer()), GOOD, Code.CONTENT_MISSING),
        (line({"role": None, "content": "눈"}, answer()), GOOD, Code.ROLE_MISSING),
        ('{"messages": null}', GOOD, Code.MESSAGES_NOT_LIST),
        ('{"prompt": "눈", "completion": null}', [PAIR] * 9, Code.LEGACY_NOT_TEXT),
        (preference(preferred_output=None), [PREFERENCE] * 9, Code.PREFERENCE_OUTPUT_INVALID),
    ],
)
def test_null_in_place_of_what_must_be_there_is_named_for_what_it_is(
    tmp_path: Path, row: str, good: list[str], code: Code
) -> None:
    assert codes(checked(tmp_path, row, good)) == [code]


def test_null_that_a_grader_reads_stays() -> None:
    example = json.loads(line(user(), answer=None, tools=None))

    assert without_empty(example) == ({"messages": [user()], "answer": None}, ["tools"])


# --- preferences under other names ------------------------------------------------------------------------
@pytest.mark.parametrize(
    "keys",
    [
        ("chosen", "rejected"),
        ("rejected", "chosen"),
        ("chosen_response", "rejected_response"),
        ("preferred", "dispreferred"),
        ("preferred_response", "non_preferred_response"),
        ("responseChosen", "responseRejected"),
        ("good_answer", "bad_answer"),
        ("winner", "loser"),
        ("better", "worse"),
        ("positive", "negative"),
        ("선택", "거절"),
    ],
)
@pytest.mark.parametrize("beside", [{}, {"prompt": "눈"}, {"conversations": [{"from": "human", "value": "눈"}]}])
def test_they_are_called_preferences_once_a_line(tmp_path: Path, keys: tuple[str, str], beside: dict[str, Any]) -> None:
    row = json.dumps({**beside, keys[0]: "함박눈이 내렸다.", keys[1]: "눈."}, ensure_ascii=False)

    report = checked(tmp_path, row, [PREFERENCE] * 9)

    assert codes(report) == [Code.PREFERENCE_OTHER_NAMES]
    assert set(str(report.faults[0].params["keys"]).split(", ")) == set(keys)


@pytest.mark.parametrize(
    "example",
    [
        {"messages": [user()], "good_answer": "4", "bad_answer": "5"},  # a grader may read them
        {"messages": [user(), answer()]},
        {"prompt": "눈", "completion": "비"},
        {"chosen": "눈"},
        {"chosen": 1, "rejected": 2},
        {"good_question": "눈", "bad_answer": "비"},
        {"preferred_output": [], "rejected": []},
    ],
)
def test_other_pairs_of_keys_are_no_preferences(example: dict[str, Any]) -> None:
    assert other_names(example) is None


def test_messages_with_a_rejected_answer_beside_are_a_preference(tmp_path: Path) -> None:
    assert codes(checked(tmp_path, line(user(), answer(), rejected_response="눈."))) == [
        Code.MIXED_FORMATS,
        Code.PREFERENCE_OTHER_NAMES,
    ]


@pytest.mark.parametrize("judged", [{"winner": "a"}, {"better_response_id": 0}, {"preference": 1}, {"labels": 1}])
@pytest.mark.parametrize("keys", [("response_a", "response_b"), ("answer_0", "answer_1"), ("ref_A", "ref_B")])
def test_two_answers_and_a_judgement_are_a_preference(
    tmp_path: Path, keys: tuple[str, str], judged: dict[str, Any]
) -> None:
    row = json.dumps({"prompt": "눈", keys[0]: "함박눈", keys[1]: "눈.", **judged}, ensure_ascii=False)

    report = checked(tmp_path, row, [PREFERENCE] * 9)

    assert [(fault.code, fault.params) for fault in report.faults] == [
        (Code.PREFERENCE_OTHER_NAMES, {"keys": ", ".join(keys)})
    ]


def test_two_answers_without_a_judgement_are_none(tmp_path: Path) -> None:
    assert other_names({"prompt": "눈", "answer_1": "함박눈", "answer_2": "눈."}) is None


def test_prompts_and_completions_of_messages_are_called_so(tmp_path: Path) -> None:
    row = json.dumps({"prompt": [user()], "completion": [answer()]}, ensure_ascii=False)

    assert codes(checked(tmp_path, row, [PAIR] * 9)) == [Code.LEGACY_MESSAGES]


@pytest.mark.parametrize("label", [True, False, 0, 1])
def test_answers_labelled_good_or_bad_are_never_taken_as_they_are(tmp_path: Path, label: object) -> None:
    pair = json.dumps({"prompt": "눈", "completion": "비", "label": label}, ensure_ascii=False)

    assert codes(checked(tmp_path, pair, [PAIR] * 9)) == [Code.LABELLED]
    assert codes(checked(tmp_path, line(user(), answer(), label=label))) == [Code.LABELLED]


# --- images, and what the API itself writes ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"data:image/png;base64,{PNG}", []),
        (f"data:IMAGE/PNG;base64,{PNG}", []),
        (f"data:image/png;charset=utf-8;base64,{PNG}", []),
        (f"data:image/jpeg;base64,{PNG}", [Code.IMAGE_LABEL]),
        (f"data:image/x-png;base64,{PNG}", [Code.IMAGE_LABEL]),
        (f"data:;base64,{PNG}", [Code.IMAGE_LABEL]),
        ("data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2Q==", []),
        ("data:image/webp;base64,UklGRgQAAABXRUJQ", []),
    ],
)
def test_whole_images_pass_and_a_wrong_label_is_noted(tmp_path: Path, url: str, expected: list[str]) -> None:
    report = checked(tmp_path, image(url))

    assert (codes(report), warned(report)) == ([], expected)


def test_the_end_of_a_small_picture_inside_is_not_the_end_of_the_image(tmp_path: Path) -> None:
    small = b"\xff\xd8\xff\xd9"
    head = b"\xff\xd8\xff\xe1" + (len(small) + 2).to_bytes(2) + small
    picture = b"\xff\xda\0\x02" + b"\x12" * 40
    urls = [f"data:image/jpeg;base64,{b64encode(raw).decode()}" for raw in (head + picture, head + picture + small[2:])]

    assert [codes(checked(tmp_path, image(url))) for url in urls] == [[Code.IMAGE_CUT], []]


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"type": "image_url", "image_url": "https://a.b/1.png"}, Code.IMAGE_URL_TEXT),
        ({"type": "image_url", "url": "https://a.b/1.png"}, Code.IMAGE_URL_TEXT),
        ({"type": "image_url", "image_url": {"uri": "https://a.b/1.png"}}, Code.IMAGE_URL_TEXT),
        ({"type": "input_image", "image_url": "https://a.b/1.png"}, Code.IMAGE_URL_TEXT),
        ({"type": "image", "image": "1.png"}, Code.IMAGE_URL_TEXT),
        ({"type": "input_text", "text": "눈"}, Code.PART_INVALID),
        ({"type": "input_audio", "input_audio": {}}, Code.PART_TYPE_UNKNOWN),
    ],
)
def test_a_part_of_another_form_is_told_the_right_one(tmp_path: Path, part: dict[str, Any], code: Code) -> None:
    assert codes(checked(tmp_path, line(user([part]), answer()))) == [code]


@pytest.mark.parametrize(
    "example",
    [
        {"id": "chatcmpl-1", "object": "chat.completion", "choices": []},
        {"object": "response", "output": []},
        {"custom_id": "1", "response": {"body": {}}},
        {"model": "gpt-4o", "messages": [user()], "temperature": 0.2},
        {"model": "gpt-4o", "messages": [user(), answer()], "max_tokens": 20},
        {"custom_id": "1", "method": "POST", "body": {"messages": []}},
    ],
)
def test_what_the_api_said_is_no_example(tmp_path: Path, example: dict[str, Any]) -> None:
    assert codes(checked(tmp_path, json.dumps(example))) == [Code.RESPONSE_DUMP]

"""What the look at a checked file finds, line by line; and the versions without it."""

import json
import string
import time
from pathlib import Path
from random import Random
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.training_data import duplicates
from jobs.training_data.checking import check
from jobs.training_data.compact import Firsts
from jobs.training_data.findings import Looked, hashes, lines_with, look_apart, sidecar
from jobs.training_data.labels import PLACEHOLDER
from jobs.training_data.languages import language_of
from jobs.training_data.leakage import known_leakage, leakage
from jobs.training_data.likeness import jaccard
from jobs.training_data.looking import look
from jobs.training_data.masking import Placeholders, mask_file
from jobs.training_data.personal import Kind
from jobs.training_data.privacy import find
from jobs.training_data.reducing import reduce_file
from jobs.training_data.report import Finding, Progress
from jobs.training_data.spoken import Spoken, spoken, strings
from jobs.training_data.statistics import histogram, summary

PROSE = (
    "할머니는 장독대 옆에 앉아 봄볕에 콩을 고르셨고 나는 그 곁에서 책을 읽었다.",
    "밤기차는 불 꺼진 역들을 지나 바다 쪽으로 달렸고 창에는 내 얼굴만 비쳤다.",
    "시장 골목 끝 국숫집에서는 새벽마다 멸치 육수 끓는 냄새가 먼저 문을 열었다.",
    "그해 겨울 우리는 연탄 두 장으로 하루를 났지만 이불 속은 늘 웃음으로 따뜻했다.",
    "우체부 아저씨는 편지보다 안부를 먼저 건네고 물 한 잔을 천천히 비우고 갔다.",
    "비가 그친 논둑에 서면 개구리 소리가 하늘까지 차올라 별을 흔드는 것 같았다.",
)


def chat(prompt: str, answer: str, system: str = "") -> dict[str, Any]:
    first = [{"role": "system", "content": system}] if system else []
    return {"messages": [*first, {"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]}


def write(path: Path, examples: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in examples))
    return path


def essays() -> list[dict[str, Any]]:
    return [chat(f"글감 {name}", prose) for name, prose in zip("봄밤시겨우비", PROSE, strict=True)]


def lines_of(looked: Looked) -> dict[str, list[int]]:
    return {finding.code: finding.lines for finding in looked.findings}


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert look(write(tmp_path / "a.jsonl", essays())).findings == []


def test_exact_duplicates_are_grouped_whatever_the_order_of_keys(tmp_path: Path) -> None:
    one, other, *rest = essays()
    turned = {"messages": [dict(reversed(message.items())) for message in one["messages"]]}

    looked = look(write(tmp_path / "a.jsonl", [one, other, turned, *rest, one, other]))

    assert looked.findings == [
        Finding("exact_duplicates", 5, [1, 2, 3, 8, 9], {"groups": 2, "extra": 3}),
    ]
    assert looked.statistics["groups"]["exact_duplicates"] == [[1, 3, 8], [2, 9]]


def test_near_duplicates_are_grouped_under_the_first(tmp_path: Path) -> None:
    one = chat("봄과 밤", f"{PROSE[0]} {PROSE[1]} {PROSE[2]}")
    changed = chat("봄과 밤!", f"{PROSE[0]}  {PROSE[1]} {PROSE[2].replace('멸치', '다시마')}")

    looked = look(write(tmp_path / "a.jsonl", [one, *essays()[3:], changed]))

    assert looked.findings == [Finding("near_duplicates", 2, [1, 5], {"groups": 1, "extra": 1})]


def test_of_a_very_long_file_the_last_examples_are_compared_with_the_first_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "MOST", 3)
    one, late = chat("봄과 밤", " ".join(PROSE[:3])), chat("가을", " ".join(PROSE[3:]))
    changed, late_too = chat("봄과 밤!", " ".join(PROSE[:3])), chat("가을!", " ".join(PROSE[3:]))
    others = [chat(f"글감 {n}", PROSE[n]) for n in range(2)]

    looked = look(write(tmp_path / "a.jsonl", [one, *others, late, late_too, changed]))

    assert looked.findings == [Finding("near_duplicates", 2, [1, 6], {"groups": 1, "extra": 1})]
    assert looked.statistics["forgotten"] == 2


@given(st.lists(st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 1025, 2050, 2**64 - 1]), max_size=60))
def test_what_came_first_is_remembered_as_a_dict_would(keys: list[int]) -> None:
    firsts, known = Firsts(), dict[int, int]()

    assert [firsts.setdefault(key, n) for n, key in enumerate(keys, 1)] == [
        known.setdefault(key, n) for n, key in enumerate(keys, 1)
    ]


def test_it_remembers_more_than_it_had_places_for() -> None:
    firsts = Firsts()
    for n in range(1, 5001):
        firsts.setdefault(n * 2**20, n)

    assert [firsts.setdefault(n * 2**20, 9) for n in (1, 2500, 5000)] == [1, 2500, 5000]


def test_near_duplicates_are_found_among_thousands(tmp_path: Path) -> None:
    chance = Random(7)
    texts = [" ".join(chance.choices(string.ascii_lowercase, k=200)) for _ in range(1500)]
    near = duplicates.NearDuplicates(lambda number: _said(texts[number]))
    for number, text in enumerate(texts):
        near.join(number, _said(text))
    for number in range(0, 1500, 100):
        near.join(number, _said(texts[number]))

    assert sorted(near.groups.members) == list(range(0, 1500, 100))


def _said(text: str) -> Spoken:
    return spoken(chat("봄", text))


def test_one_long_document_with_two_questions_is_no_near_duplicate(tmp_path: Path) -> None:
    document = " ".join(PROSE) * 3
    asked = [
        chat(f"{document}\n누가 콩을 골랐나요?", "할머니가 봄볕에 고르셨습니다."),
        chat(f"{document}\n기차는 어디로 갔나요?", "바다 쪽으로 달렸다고 합니다."),
    ]

    assert "near_duplicates" not in lines_of(look(write(tmp_path / "a.jsonl", asked)))


def test_a_shared_system_prompt_makes_nobody_alike(tmp_path: Path) -> None:
    system = "너는 수필가다. " * 50

    looked = look(write(tmp_path / "a.jsonl", [chat(f"글 {prose[:3]}", prose, system) for prose in PROSE]))

    assert looked.findings == []


def test_different_answers_to_one_prompt_contradict(tmp_path: Path) -> None:
    asked = [chat("수도는?", PROSE[0]), chat("나라는?", PROSE[2]), chat(" 수도는?\n", PROSE[1])]

    looked = look(write(tmp_path / "a.jsonl", asked))

    assert looked.findings == [Finding("contradictions", 2, [1, 3], {"groups": 1})]
    assert looked.statistics["groups"]["contradictions"] == [[1, 3]]


def test_empty_answers_and_those_that_are_next_to_nothing(tmp_path: Path) -> None:
    long = [chat(f"글감 {n}", f"{prose} {PROSE[n - 1]}") for n, prose in enumerate(PROSE)]

    looked = look(write(tmp_path / "a.jsonl", [*long, chat("가", " "), chat("나", "네.")]))

    assert {code: lines for code, lines in lines_of(looked).items() if "answers" in code} == {
        "empty_answers": [7],
        "short_answers": [8],
    }


def test_short_answers_are_right_where_answers_are_labels(tmp_path: Path) -> None:
    labels = [chat(prose, "긍정") for prose in PROSE]

    assert lines_of(look(write(tmp_path / "a.jsonl", labels))) == {}


def test_an_example_over_the_context_limit_is_named(tmp_path: Path) -> None:
    long = chat("길게", "가나다라 마바사 " * 30_000)

    looked = look(write(tmp_path / "a.jsonl", [*essays(), long]))

    assert looked.findings == [Finding("long_examples", 1, [7], {"limit": 65_536})]


def test_strays_in_another_language(tmp_path: Path) -> None:
    english = chat("Describe", "The old mill stood beside the river, and nobody remembered its miller.")

    looked = look(write(tmp_path / "a.jsonl", [*essays(), english]))

    assert looked.findings == [Finding("language_mix", 1, [7], {"main": "ko"})]
    assert looked.statistics["languages"] == {"ko": 6, "en": 1, "other": 0}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("이 함수는 return 값을 list로 돌려준다.", "ko"),
        ("The answer is 42.", "en"),
        ("東京は日本の首都です。", "other"),
        ("漢字", "other"),
        ("42 !? 😀", None),
        (normalize("NFD", "한글"), "ko"),
    ],
)
def test_language_of(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_personal_data_by_kind_with_lines(tmp_path: Path) -> None:
    one, other, *rest = essays()
    one["messages"][1]["content"] += " 문의 010-1234-5678, 02-345-6789"
    other["messages"][0]["content"] += " 900101-1234567"

    looked = look(write(tmp_path / "a.jsonl", [one, other, *rest]))

    assert looked.findings == [
        Finding("personal_resident_number", 1, [2], {"places": 1, "unsure": 1}),
        Finding("personal_phone", 1, [1], {"places": 2, "unsure": 0}),
    ]
    assert look(tmp_path / "a.jsonl", personal=False).findings == []


@pytest.mark.parametrize(
    "example",
    [
        {"prompt": "번호는?", "completion": "010-1234-5678"},
        {
            "input": {"messages": [{"role": "user", "content": "번호는?"}]},
            "preferred_output": [{"role": "assistant", "content": "모릅니다."}],
            "non_preferred_output": [{"role": "assistant", "content": "010-1234-5678"}],
        },
        {"messages": [{"role": "user", "content": "번호는?"}], "reference_answer": "010-1234-5678"},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "010-1234-5678"}]}]},
    ],
)
def test_every_format_is_looked_at(tmp_path: Path, example: dict[str, Any]) -> None:
    looked = look(write(tmp_path / "a.jsonl", [example] * 2))

    assert lines_of(looked) == {"exact_duplicates": [1, 2], "personal_phone": [1, 2]}


def test_all_lines_are_left_beside_the_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [chat("글", "같은 글 하나")] * 130)
    heard: list[Progress] = []

    looked = look_apart(path, heard.append)

    assert looked == look(path)
    assert (looked.findings[0].count, looked.findings[0].lines) == (130, list(range(1, 101)))
    assert json.loads(sidecar(path).read_bytes()) == {"exact_duplicates": list(range(1, 131))}
    assert lines_with(path, "exact_duplicates") == list(range(1, 131))
    assert lines_with(path, "near_duplicates") == []
    assert heard[-1] == Progress(path.stat().st_size, path.stat().st_size, 130)


def test_a_file_nobody_looked_at_has_no_lines(tmp_path: Path) -> None:
    assert lines_with(tmp_path / "a.jsonl", "exact_duplicates") == []


def test_leakage_names_lines_of_the_validation_file(tmp_path: Path) -> None:
    trained_on = write(tmp_path / "train.jsonl", essays()[:4])
    validated_with = write(tmp_path / "valid.jsonl", essays()[2:])

    assert leakage(trained_on, validated_with) == [1, 2]
    assert known_leakage(trained_on, validated_with) == []  # nobody looked yet
    for path in (trained_on, validated_with):
        look(path, keep=True)
    assert known_leakage(trained_on, validated_with) == [1, 2] == leakage(trained_on, validated_with)
    assert hashes(trained_on).stat().st_size == 4 * 8


def test_statistics_of_lengths_and_turns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [chat("가", "a" * 100, "s"), chat("나나", "b" * 3)])

    numbers = look(path).statistics

    assert (numbers["examples"], numbers["counted"], numbers["turns"]) == (2, 2, [{"turns": 1, "count": 2}])
    assert [(row["role"], row["examples"]) for row in numbers["roles"]] == [
        ("assistant", 2),
        ("system", 1),
        ("user", 2),
    ]
    assert numbers["answers"] == {
        **summary([3, 100]),
        "bars": [
            {"from": 0, "to": 8, "count": 1},
            {"from": 8, "to": 16, "count": 0},
            {"from": 16, "to": 32, "count": 0},
            {"from": 32, "to": 64, "count": 0},
            {"from": 64, "to": 128, "count": 1},
        ],
    }
    assert sum(row["total"] for row in numbers["roles"]) + 2 * 3 + 5 * 1 == check(path).tokens  # roles, examples


def test_histogram_bars_double() -> None:
    assert histogram([]) == []
    assert histogram([0, 7, 8, 16]) == [
        {"from": 0, "to": 8, "count": 2},
        {"from": 8, "to": 16, "count": 1},
        {"from": 16, "to": 32, "count": 1},
    ]
    assert summary([]) == {"examples": 0, "total": 0, "median": 0, "p95": 0, "most": 0}


@pytest.mark.parametrize(
    ("drop", "kept"),
    [
        (["exact_duplicates"], [1, 2, 3, 4, 5, 6, 8]),
        (["near_duplicates"], [1, 2, 3, 4, 5, 6, 7]),
        (["exact_duplicates", "near_duplicates"], [1, 2, 3, 4, 5, 6]),
    ],
)
def test_the_first_of_each_group_stays(tmp_path: Path, drop: list[str], kept: list[int]) -> None:
    one, *rest = essays()
    path = write(tmp_path / "a.jsonl", [one, *rest, one, chat("글감 봄", PROSE[0] + "!")])
    bodies = path.read_bytes().splitlines()

    gone = reduce_file(path, tmp_path / "b.jsonl", drop, lambda _done: None)

    assert (tmp_path / "b.jsonl").read_bytes().splitlines() == [bodies[line - 1] for line in kept]
    assert gone == 8 - len(kept)


def masked(tmp_path: Path, examples: list[dict[str, Any]], language: str = "ko") -> list[dict[str, Any]]:
    source, target = write(tmp_path / "a.jsonl", examples), tmp_path / "b.jsonl"
    mask_file(source, target, Placeholders(list(Kind), language), lambda _done: None)
    return [json.loads(line) for line in target.read_bytes().splitlines()]


def test_progress_is_reported_twice_a_second_and_not_for_each_line(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", [chat("눈이 온다.", "눈이 온다.")] * 500)
    reported: list[int] = []
    began = time.monotonic()

    mask_file(source, tmp_path / "b.jsonl", Placeholders(list(Kind), "ko"), lambda done: reported.append(done.lines))

    assert len(reported) <= 2 * (time.monotonic() - began)


def test_a_value_has_one_placeholder_throughout_the_file(tmp_path: Path) -> None:
    examples = [chat("010-1234-5678과 010-9999-8888", "bom@naver.com"), chat("+82 10 1234 5678", "BOM@naver.com")]

    assert masked(tmp_path, examples) == [
        chat("[전화번호_1]과 [전화번호_2]", "[이메일_1]"),
        chat("[전화번호_1]", "[이메일_1]"),
    ]
    assert masked(tmp_path, examples[1:], "en") == [chat("[PHONE_1]", "[EMAIL_1]")]


def test_masking_touches_no_structure(tmp_path: Path) -> None:
    call = {
        "id": "010-1234-5678",
        "type": "function",
        "function": {"name": "call", "arguments": '{"to": "010-1234-5678", "rrn": 9001011234568, "n": 1}'},
    }
    example = {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "010-1234-5678"}], "name": "bom"},
            {"role": "assistant", "tool_calls": [call], "weight": 1},
            {"role": "tool", "tool_call_id": "010-1234-5678", "content": "연결됨"},
        ],
        "big": 123456789012345678901234567890,
    }

    (after,) = masked(tmp_path, [example])

    arguments = after["messages"][1]["tool_calls"][0]["function"].pop("arguments")
    assert json.loads(arguments) == {"to": "[전화번호_1]", "rrn": "[주민등록번호_1]", "n": 1}
    del call["function"]["arguments"]  # type: ignore[attr-defined]
    example["messages"][0]["content"][0]["text"] = "[전화번호_1]"  # type: ignore[index]
    assert after == example


def test_lines_without_personal_data_are_copied_byte_by_byte(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes('{ "prompt" : "가", "completion":"\\ub098" }\n'.encode())

    mask_file(tmp_path / "a.jsonl", tmp_path / "b.jsonl", Placeholders(list(Kind), "ko"), lambda _done: None)

    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()


PIECES = st.sampled_from(
    [
        "010-1234-5678",
        "02-345-6789",
        "900101-1234568",
        "4111 1111 1111 1111",
        "110-123-456789",
        "0212345678",
        "M12345678",
        "bom@naver.com",
        "sk-Ab3Cd4Ef5Gh6Ij7Kl8",
        "계좌",
        "카드",
        "여권",
        " 전화번호 ",
        "2023-01-15",
        "봄",
        '"',
        "\\",
        "-",
        "/",
        " ",
        "\n",
        "7",
        "_1]",
    ]
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_masking_takes_what_is_found_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    before = [chat(*pair) for pair in pairs]

    after = masked(tmp_path_factory.mktemp("masked"), before)

    assert len(after) == len(before)
    assert [found for example in after for text in strings(example) for found in find(text)] == []
    for old, new in zip(map(_texts, before), map(_texts, after), strict=True):
        for one, other in zip(old, new, strict=True):
            assert other == one if not find(one) else _is_left_of(one, other)


def _texts(example: dict[str, Any]) -> list[str]:
    assert [message["role"] for message in example["messages"]] == ["user", "assistant"]
    return [message["content"] for message in example["messages"]]


def _is_left_of(one: str, other: str) -> bool:
    """Whether `other` is `one` with placeholders in place of some of it."""
    at = 0
    for piece in PLACEHOLDER.split(other):
        at = one.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def test_jaccard() -> None:
    assert [jaccard({"가"}, {"가"}), jaccard({"가", "나"}, {"나", "다"}), jaccard(set(), set())] == [1, 1 / 3, 0]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_whatsoever_can_be_looked_at(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "a.jsonl"
    path.write_bytes(body)

    assert look(path).statistics["examples"] <= body.count(b"\n") + 1

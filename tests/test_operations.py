"""Operations lose nothing, invent nothing, and do the same again with the same options."""

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from jobs.training_data.checking import check
from jobs.training_data.converting import legacy_to_chat
from jobs.training_data.operations.choosing import merge, sample, shuffle
from jobs.training_data.operations.kinship import tied
from jobs.training_data.operations.parts import split_apart
from jobs.training_data.operations.rewriting import chat_to_legacy, preference_to_chat, set_system_prompt
from jobs.training_data.operations.rows import RefusedError
from jobs.training_data.operations.splitting import split
from tests.training_cases import GOOD, GOOD_BYTES, answer, line, user

TEXTS = some.text(some.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
PAIRS = some.lists(some.tuples(TEXTS, TEXTS), max_size=30)
SEEDS = some.integers(0, 2**32)
few = settings(max_examples=25, deadline=None)


def chats(pairs: list[tuple[str, str]]) -> bytes:
    return "".join(line(user(asked), answer(said)) + "\n" for asked, said in pairs).encode()


class Desk:
    """A folder with a file in it."""

    def __init__(self, folder: str | Path, body: bytes = b"") -> None:
        self.source, self.target = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
        self.source.write_bytes(body)

    def rows(self) -> list[bytes]:
        return self.target.read_bytes().splitlines()


@given(PAIRS, SEEDS)
@few
def test_shuffle_keeps_every_row_and_repeats_itself(pairs: list[tuple[str, str]], seed: int) -> None:
    with TemporaryDirectory() as folder:
        desk = Desk(folder, chats(pairs))
        shuffle(desk.source, desk.target, seed)
        first = desk.rows()
        shuffle(desk.source, desk.target, seed)

        assert desk.rows() == first
        assert Counter(first) == Counter(desk.source.read_bytes().splitlines())


@given(PAIRS, SEEDS, some.integers(1, 40))
@few
def test_a_sample_is_part_of_the_file_in_its_order(pairs: list[tuple[str, str]], seed: int, count: int) -> None:
    with TemporaryDirectory() as folder:
        desk = Desk(folder, chats(pairs))
        sample(desk.source, desk.target, count, seed)

        whole = iter(desk.source.read_bytes().splitlines())
        assert len(desk.rows()) == min(count, len(pairs))
        assert all(row in whole for row in desk.rows())  # an iterator: found one after the other


@given(PAIRS, SEEDS, some.floats(0.5, 0.95))
@few
def test_the_parts_of_a_split_are_the_whole(pairs: list[tuple[str, str]], seed: int, ratio: float) -> None:
    with TemporaryDirectory() as folder:
        pairs = [("첫눈은 언제 오나", "십일월에 온다"), ("바다는 왜 푸른가", "하늘을 비춘다"), *pairs]
        desk = Desk(folder, chats(pairs))
        parts = []
        for part in ("training", "validation"):
            split(desk.source, desk.target, ratio=ratio, seed=seed, part=part)
            parts.append(desk.rows())

        training, validation = parts
        assert Counter(training) + Counter(validation) == Counter(desk.source.read_bytes().splitlines())
        assert set(training).isdisjoint(validation)
        assert len(validation) <= max(round(len(pairs) * (1 - ratio)), len(pairs) // 2)


@given(PAIRS, PAIRS)
@few
def test_merging_adds_up(some_pairs: list[tuple[str, str]], others: list[tuple[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        desk = Desk(folder, chats(some_pairs))
        other = Path(folder) / "other.jsonl"
        other.write_bytes(chats(others)[:-1])  # without its last line break
        merge([desk.source, other], desk.target)

        assert desk.rows() == chats(some_pairs).splitlines() + chats(others).splitlines()


@given(PAIRS)
@few
def test_there_and_back_again_every_example_checks_out(pairs: list[tuple[str, str]]) -> None:
    pairs = [(asked.strip() or "눈", said.strip() or "눈") for asked, said in pairs] + [("눈", "비")] * 10
    with TemporaryDirectory() as folder:
        desk = Desk(folder, chats(pairs))
        chat_to_legacy(desk.source, desk.target)
        as_pairs = check(desk.target)
        legacy_to_chat(desk.target, desk.source)

        assert (as_pairs.ok, as_pairs.format, as_pairs.examples) == (True, "legacy", len(pairs))
        assert [json.loads(row) for row in desk.source.read_bytes().splitlines()] == [
            json.loads(line(user(asked), answer(said))) for asked, said in pairs
        ]
        assert (check(desk.source).ok, check(desk.source).examples) == (True, len(pairs))


def test_near_duplicates_stay_on_one_side(tmp_path: Path) -> None:
    twins = [
        (f"첫눈이 내리던 날의 골목 이야기를 들려줘 {n}", "함박눈이 밤새 내려 골목이 온통 하얗고 조용해졌다.")
        for n in range(4)
    ]
    body = [line(user(f"{n}번째로 묻는 말"), answer(f"{n}번째 대답")) for n in range(16)]
    body += [line(user(asked.replace(" ", "  ")), answer(said + "!" * n)) for n, (asked, said) in enumerate(twins)]
    desk = Desk(tmp_path, "\n".join(body).encode())

    for seed in range(20):
        split(desk.source, desk.target, ratio=0.7, seed=seed, part="validation")
        assert sum("함박눈" in row.decode() for row in desk.rows()) in (0, 4)


def test_what_the_report_calls_near_stays_on_one_side(tmp_path: Path) -> None:
    story = "옛날 어느 마을에 눈이 많이 내리던 겨울날 한 아이가 우물가에서 작은 새를 만나 밤새 이야기를 나누었다"
    story += (
        "; 아침이 되자 새는 숲으로 돌아가고 아이는 발자국을 따라 집으로 걸어와 긴 꿈을 꾸었다고 오래도록 말하곤 했다"
    )
    near = [line(user(f"이야기 {n}"), answer(story.replace("밤새", f"밤새{n}"))) for n in range(4)]
    body = [line(user(f"{n}번째로 묻는 말"), answer(f"{n}번째 대답")) for n in range(16)]
    desk = Desk(tmp_path, "\n".join(body + near).encode())

    for seed in range(10):
        split(desk.source, desk.target, ratio=0.7, seed=seed, part="validation")
        assert sum("우물가" in row.decode() for row in desk.rows()) in (0, 4)


def test_answers_of_a_template_with_other_numbers_may_be_split(tmp_path: Path) -> None:
    body = [line(user(f"골목 {n}"), answer(f"{n}번째 골목에 눈이 내려 발소리가 작아졌다.")) for n in range(20)]
    desk = Desk(tmp_path, "\n".join(body).encode())

    split(desk.source, desk.target, ratio=0.75, seed=1, part="validation")

    assert len(desk.rows()) == 5


def test_a_shared_label_ties_nothing() -> None:
    rows = [line(user(f"{n}번째 상품평은 어떤가"), answer("긍정")).encode() for n in range(5)]

    assert tied(rows).groups() == [0, 1, 2, 3, 4]


def test_a_split_apart_is_the_split(tmp_path: Path) -> None:
    desk = Desk(tmp_path, GOOD_BYTES)
    split(desk.source, desk.target, ratio=0.75, seed=7, part="validation")
    here = desk.rows()

    split_apart(desk.source, desk.target, ratio=0.75, seed=7, part="validation")

    assert desk.rows() == here
    assert 1 <= len(here) <= 3


def test_neither_side_is_empty_where_two_groups_are(tmp_path: Path) -> None:
    desk = Desk(tmp_path, chats([("첫눈은 언제 오나", "십일월에 온다"), ("바다는 왜 푸른가", "하늘을 비춘다")]))

    split(desk.source, desk.target, ratio=0.99, seed=1, part="validation")

    assert len(desk.rows()) == 1


@pytest.mark.parametrize("rows", [0, 1, 12])
def test_where_all_are_alike_nothing_is_held_out(tmp_path: Path, rows: int) -> None:
    desk = Desk(tmp_path, chats([("첫눈은 언제 오나", "십일월에 온다")] * rows))

    with pytest.raises(RefusedError) as refused:
        split_apart(desk.source, desk.target, ratio=0.9, seed=7, part="training")

    assert refused.value.fault.code == "all_alike"


@pytest.mark.parametrize(
    ("before", "prompt", "after"),
    [
        ([user()], "짧게", [{"role": "system", "content": "짧게"}, user()]),
        ([{"role": "system", "content": "길게"}, user()], "짧게", [{"role": "system", "content": "짧게"}, user()]),
        ([{"role": "developer", "content": "길게"}, user()], " ", [user()]),
        ([user(), {"role": "system", "content": "딴말"}, answer()], "", [user(), answer()]),
    ],
)
def test_a_system_prompt_is_set_replaced_or_taken_away(
    tmp_path: Path, before: list[Any], prompt: str, after: list[Any]
) -> None:
    desk = Desk(tmp_path, line(*before, tools=[]).encode())

    set_system_prompt(desk.source, desk.target, prompt)

    assert [json.loads(row) for row in desk.rows()] == [{"messages": after, "tools": []}]


@pytest.mark.parametrize(
    "unfit",
    [
        line({"role": "system", "content": "짧게"}, user(), answer()),
        line(user(), answer(), user(), answer()),
        line(user(), answer(weight=1)),
        line(user([{"type": "text", "text": "눈"}]), answer()),
        line(user(), answer(), tools=[]),
    ],
)
def test_what_a_pair_cannot_hold_is_refused_with_its_line(tmp_path: Path, unfit: str) -> None:
    desk = Desk(tmp_path, "\n".join([*GOOD, unfit, unfit]).encode())

    with pytest.raises(RefusedError) as refused:
        chat_to_legacy(desk.source, desk.target)

    assert (refused.value.fault.code, refused.value.fault.line, refused.value.fault.params) == (
        "unfit",
        13,
        {"count": 2},
    )
    assert not desk.target.exists()


def test_a_preference_becomes_a_chat_with_the_better_answer(tmp_path: Path) -> None:
    pair = {"input": {"messages": [user()], "tools": []}, "preferred_output": [answer("좋다")]}
    desk = Desk(tmp_path, json.dumps({**pair, "non_preferred_output": [answer("싫다")]}).encode())

    preference_to_chat(desk.source, desk.target)

    assert [json.loads(row) for row in desk.rows()] == [{"messages": [user(), answer("좋다")], "tools": []}]


def test_what_is_no_preference_is_refused(tmp_path: Path) -> None:
    desk = Desk(tmp_path, GOOD_BYTES)

    with pytest.raises(RefusedError):
        preference_to_chat(desk.source, desk.target)

"""What counts as personal data, what merely looks like it, and how it is hidden."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.training_data.personal import check_digit_fits, luhn
from jobs.training_data.privacy import (
    Found,
    Kind,
    find,
    mask_for_display,
    mask_quote,
    shown_messages,
    shown_text,
)
from jobs.training_data.reading import BEYOND, SHOWN_CHARACTERS, for_display

SURE, UNSURE = True, False
PERSONAL = [
    # numbers of residents and foreigners
    ("주민번호 900101-1234568", Kind.RESIDENT, "900101-1234568", SURE),
    ("주민등록번호는 900101–1234567 입니다", Kind.RESIDENT, "900101–1234567", UNSURE),  # no check digit that fits
    ("210315-3456789(2020년 10월 뒤에 받음)", Kind.RESIDENT, "210315-3456789", UNSURE),
    ("주민번호:9001011234568", Kind.RESIDENT, "9001011234568", SURE),
    ("외국인등록번호 850505-5123456", Kind.FOREIGNER, "850505-5123456", SURE),
    ("850505-6123450", Kind.FOREIGNER, "850505-6123450", UNSURE),
    # phones
    ("010-1234-5678로 전화 주세요", Kind.PHONE, "010-1234-5678", SURE),
    ("01012345678", Kind.PHONE, "01012345678", SURE),
    ("010 1234 5678", Kind.PHONE, "010 1234 5678", SURE),
    ("010.1234.5678.", Kind.PHONE, "010.1234.5678", SURE),
    ("016-234-5678", Kind.PHONE, "016-234-5678", SURE),
    ("서울 02-123-4567", Kind.PHONE, "02-123-4567", SURE),
    ("02) 1234-5678", Kind.PHONE, "02) 1234-5678", SURE),
    ("(031)123-4567", Kind.PHONE, "(031)123-4567", SURE),
    ("070-1234-5678", Kind.PHONE, "070-1234-5678", SURE),
    ("전화번호 0212345678", Kind.PHONE, "0212345678", SURE),
    ("+82 10-1234-5678", Kind.PHONE, "+82 10-1234-5678", SURE),
    ("+82-2-123-4567", Kind.PHONE, "+82-2-123-4567", SURE),
    ("+821012345678", Kind.PHONE, "+821012345678", SURE),
    # cards
    ("4111-1111-1111-1111", Kind.CARD, "4111-1111-1111-1111", SURE),
    ("카드번호 4111111111111111", Kind.CARD, "4111111111111111", SURE),
    ("4111111111111111", Kind.CARD, "4111111111111111", UNSURE),
    ("3782-822463-10005", Kind.CARD, "3782-822463-10005", SURE),
    ("5555 5555 5555 4444", Kind.CARD, "5555 5555 5555 4444", SURE),
    # documents, accounts
    ("여권번호: M12345678", Kind.PASSPORT, "M12345678", SURE),
    ("M123A4567", Kind.PASSPORT, "M123A4567", UNSURE),
    ("여권 S12345678", Kind.PASSPORT, "S12345678", SURE),
    ("면허증 11-22-333333-44", Kind.LICENCE, "11-22-333333-44", SURE),
    ("서울-99-123456-12", Kind.LICENCE, "서울-99-123456-12", SURE),
    ("국민은행 123456-12-123456", Kind.ACCOUNT, "123456-12-123456", SURE),
    ("신한 110-123-456789", Kind.ACCOUNT, "110-123-456789", SURE),
    ("계좌는 1002123456789", Kind.ACCOUNT, "1002123456789", SURE),
    ("3333-01-1234567 (예금주 김봄)", Kind.ACCOUNT, "3333-01-1234567", SURE),
    # addresses, keys
    ("hong.gil+dong@mail.example.co.kr으로", Kind.EMAIL, "hong.gil+dong@mail.example.co.kr", SURE),
    ("<a@b.kr>", Kind.EMAIL, "a@b.kr", SURE),
    ("키는 sk-proj-Ab3_Cd4-Ef5Gh6Ij7Kl8", Kind.KEY, "sk-proj-Ab3_Cd4-Ef5Gh6Ij7Kl8", SURE),
    ("sk-Ab3Cd4Ef5Gh6Ij7Kl8Mn9", Kind.KEY, "sk-Ab3Cd4Ef5Gh6Ij7Kl8Mn9", SURE),
    ("AKIAIOSFODNN7EXAMPLE", Kind.KEY, "AKIAIOSFODNN7EXAMPLE", SURE),
    ("ghp_" + "a1B2" * 9, Kind.KEY, "ghp_" + "a1B2" * 9, SURE),
    ("AIza" + "Sy1_-" * 7, Kind.KEY, "AIza" + "Sy1_-" * 7, SURE),
    ("hf_" + "aB1" * 11, Kind.KEY, "hf_" + "aB1" * 11, SURE),
    ("xoxb-123456789012-abc", Kind.KEY, "xoxb-123456789012-abc", SURE),
]
HARMLESS = [
    "2023-01-15 10:30:45에 시작했다",
    "2019.03.01-2020.12.31",
    "20240115 1234567",
    "값은 1,234,567원, 1234567890원",
    "주문번호 20230115-123456",
    "주문번호 240115-1234567",
    "운송장 번호: 0101234567890",
    "주문번호 01012345678",
    "송장번호 123456-12-123456",
    "ISBN 978-89-364-3426-7",
    "9788936434267",
    "979-11-90090-01-8",
    "v1.2.345.6789, 버전 10.15.7.1234",
    "1700000000000",
    "1701234567890",  # milliseconds that read as 23 January 1917
    "1612255678901",
    "1701234567890123",
    "대표번호 1588-1234",
    "3.14159265358979",
    "550e8400-e29b-41d4-a716-446655440000",
    "02-2023년 계획",
    "계좌 개설일 2023-01-15",
    "사업자등록번호 123-45-67890",
    "900231-1234567",  # no such day
    "901301-1234567",  # no such month
    "990101-3234567",  # born in 2099
    "900101-9234567",
    "4111-1111-1111-1112",  # Luhn fails
    "1234-5678-9012-3452",  # nobody's card begins so
    "010-1234-56789",
    "1-010-1234-5678",
    "M1234567, Q12345678",
    "부품 S12345678",
    "a@b, @mention, 점심 @ 12시",
    "sk-learn-is-a-long-kebab-case-name",
    "task-1234567890123456789012",
    "위도 37.5665, 경도 126.9780",
    "192.168.100.200",
]


@pytest.mark.parametrize(("text", "kind", "value", "certain"), PERSONAL)
def test_personal_data_is_found(text: str, kind: Kind, value: str, certain: bool) -> None:
    start = text.index(value)

    assert find(text) == [Found(kind, start, start + len(value), certain)]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_merely_looks_like_it_is_left_alone(text: str) -> None:
    assert find(text) == []
    assert mask_for_display(text) == text


def test_check_digits() -> None:
    assert [check_digit_fits(number) for number in ("9001011234568", "9001011234567")] == [True, False]
    assert [luhn(number) for number in ("4111111111111111", "4111111111111112")] == [True, False]


def test_several_in_one_text_come_in_order() -> None:
    text = "김봄(900101-1234568), 010-1234-5678, bom@naver.com, 국민은행 123456-12-123456"

    assert [found.kind for found in find(text)] == [Kind.RESIDENT, Kind.PHONE, Kind.EMAIL, Kind.ACCOUNT]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("전화 010-1234-5678로", "전화 010-●●●●-●●●●로"),
        ("900101-1234568", "90●●●●-●●●●●●●"),
        ("4111-1111-1111-1111", "4111-●●●●-●●●●-●●●●"),
        ("bom@naver.com", "bo●@●●●●●.●●●"),
        ("sk-Ab3Cd4Ef5Gh6Ij7Kl8Mn9Op0", "sk-Ab●●●●●●●●●●●●●●●●"),
        ("꽃이 핀다.", "꽃이 핀다."),
    ],
)
def test_a_display_keeps_the_first_characters(text: str, shown: str) -> None:
    assert mask_for_display(text) == shown


ODD = st.text(st.sampled_from("0123456789- .()+@aMS계좌번호카드sk_\n가"), max_size=60)


@settings(max_examples=100)
@given(ODD)
def test_any_text_is_masked_once_and_for_all(text: str) -> None:
    found = find(text)

    assert all(one.end <= other.start for one, other in pairwise(found))
    assert len(mask_for_display(text)) <= len(text)


@pytest.mark.parametrize("text", ["1" * 300_000, "1-" * 150_000, "a@" * 150_000, "(0" * 150_000, "12 34 " * 50_000])
def test_no_text_takes_for_ever(text: str) -> None:
    started = time.process_time()

    assert find(text) == []
    assert time.process_time() - started < 5  # about 0.1 s; a regex that backtracks would take minutes


MASKED = "전화 010-●●●●-●●●●"


# --- what is cut ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("most", "seen"), [(3, "전화 "), (7, "전화 010-"), (9, "전화 010-●●"), (99, MASKED)])
def test_a_text_is_masked_before_it_is_cut(most: int, seen: str) -> None:
    assert mask_for_display("전화 010-1234-5678", most) == seen


@pytest.mark.parametrize(("text", "_kind", "value", "_certain"), PERSONAL)
def test_nothing_shows_at_the_cut_wherever_it_goes_through(text: str, _kind: Kind, value: str, _certain: bool) -> None:
    whole = mask_for_display(text)
    for cut in range(1, len(value)):
        long = "글" * (SHOWN_CHARACTERS - cut - text.index(value)) + text + " 끝" * 2000

        (shown,) = shown_messages(for_display({"messages": [{"role": "user", "content": long}]}), hide=True)

        assert len(shown["content"]) <= SHOWN_CHARACTERS
        assert whole.startswith(shown["content"].lstrip("글"))
        assert shown_text(long[: SHOWN_CHARACTERS + BEYOND], hide=True).lstrip("글")[:-1] in whole


def test_what_is_not_to_be_hidden_is_cut_all_the_same() -> None:
    long = "글" * (SHOWN_CHARACTERS - 8) + "010-1234-5678"

    (shown,) = shown_messages(for_display({"messages": [{"role": "user", "content": long, "name": long}]}), hide=False)

    assert (shown["content"], shown["name"], shown["long"]) == (long[:SHOWN_CHARACTERS], long[:SHOWN_CHARACTERS], True)
    assert shown_text(long, hide=False) == long[: SHOWN_CHARACTERS - 1] + "…"


def test_a_report_of_before_that_kept_no_more_than_is_shown_loses_its_end() -> None:
    kept = ("글" * SHOWN_CHARACTERS + "010-12")[-SHOWN_CHARACTERS:]

    (shown,) = shown_messages([{"role": "user", "content": kept, "long": True}], hide=True)

    assert shown["content"] == "글" * (SHOWN_CHARACTERS - 60)


@pytest.mark.parametrize(
    ("quote", "hidden"),
    [
        ('Found: 010-1234-5678"}', 'Found: 010-●●●●-●●●●"}'),
        ("Found: 눈이 왔다 010-12…", "Found: 눈이 왔다 ●●●-●●…"),
        ("Found: 눈이 왔다 010 1234 …", "Found: 눈이 왔다 ●●● ●●●● …"),
        ("Found: 메일 bom@nav…", "Found: 메일 ●●●@●●●…"),
        ("Found: sk-proj-Ab3…", "Found: ●●-●●●●-●●●…"),
        ("…34-5678입니다", "…●●-●●●●입니다"),
        ("Found: 'messages': [{'role…", "Found: 'messages': [{'role…"),
        ('Write {"messages": […]} on line 3', 'Write {"messages": […]} on line 3'),
    ],
)
def test_the_ends_of_a_quote_that_was_cut_are_hidden_on_suspicion(quote: str, hidden: str) -> None:
    assert mask_quote(quote) == hidden


def test_a_text_of_megabytes_is_shown_at_once() -> None:
    example = {"messages": [{"role": "user", "content": "010-1234-5678 " * 500_000}]}
    started = time.process_time()

    (shown,) = shown_messages(for_display(example), hide=True)

    assert time.process_time() - started < 0.5  # about 1 ms; masking all of it takes seconds
    assert "1234" not in shown["content"]

"""One number is written in many ways, and many things are written like a number of a person."""

import unicodedata
from datetime import date
from typing import Literal

import pytest
import time_machine

from jobs.training_data.masking import Placeholders
from jobs.training_data.personal import Kind, check_digit_fits, is_company
from jobs.training_data.privacy import find, mask_for_display

FORMS = [
    (Kind.RESIDENT, "번호 {}", "900101·1234568 900101_1234568 900101/1234568 ９００１０１－１２３４５６８"),
    (Kind.RESIDENT, "주민번호 {}", "900101 1234567|구공공일공일에 일이삼사오육팔|991331-1234567"),
    (Kind.RESIDENT, "SSN {}", "123-45-6789"),
    (Kind.FOREIGNER, "외국인등록번호는 {}", "850505 5123456|850505-5123456"),
    (Kind.CARD, "{}", "4111·1111·1111·1111 4111.1111.1111.1111 4111/1111/1111/1111 ４１１１-1111-1111-1111"),
    (Kind.CARD, "카드 {}", "6304950600000000 4111~1111~1111~1111"),
    (Kind.PHONE, "{}", "010ㅡ1234ㅡ5678 010·1234·5678 010_1234_5678 010--1234--5678 (010)1234-5678 010~1234~5678"),
    (Kind.PHONE, "{}", "010 - 1234 - 5678|010) 1234-5678|010\u200b1234\u200b5678|010\u00ad-1234-5678"),
    (
        Kind.PHONE,
        "{}",
        "공일공 일이삼사 오육칠팔|공일공에 구팔칠육에 오사삼이|영일영-일이삼사-오육칠팔|공1공 1234 5678",
    ),
    (Kind.PHONE, "{}", "공 일 공 일 이 삼 사 오 육 칠 팔|공이 이삼사 오육칠팔|공일공 다시 일이삼사 다시 오육칠팔"),
    (Kind.PHONE, "{}", "공이에 이삼사에 오육칠팔|zero one zero, one two three four, five six seven eight"),
    (Kind.PHONE, "{}", "+82(0)10-1234-5678 82-10-1234-5678 00700-82-10-1234-5678 0082-10-1234-5678 821012345678"),
    (Kind.PHONE, "{}", "02.123.4567 031·123·4567 02/123/4567 0504-1234-5678 050712345678"),
    (
        Kind.PHONE,
        "{}",
        "+1 (415) 555-2671|+81 90-1234-5678|+86 138 0013 8000|+49 30 901820|+14155552671|(415) 555-2671",
    ),
    (Kind.PHONE, "T. {}", "02 123 4567|031 123 4567"),
    (Kind.PHONE, "phone {}", "415-555-2671|4155552671|415.555.2671 x123|03-1234-5678"),
    (Kind.PASSPORT, "여권번호 {}", "TK1234567|E12345678|C01X00T47|123456789|M 12345678|D789C1234"),
    (Kind.LICENCE, "{}", "서울 12-345678-90|서울-99-123456-12"),
    (Kind.LICENCE, "면허번호 {}", "11 22 333333 44|11-22-333333-44"),
    (Kind.ACCOUNT, "우리은행이 아니라 국민은행 {}", "123456 12 123456|110 123 456789"),
    (Kind.ACCOUNT, "국민은행 {}", "123456 12 123456|１１０－１２３－４５６７８９|110·123·456789"),
    (Kind.ACCOUNT, "{}", "DE89 3704 0044 0532 0130 00|GB82WEST12345698765432"),
    (Kind.EMAIL, "{}", "hong@한국.kr|홍길동@naver.com|hong＠naver.com|hong(at)naver.com|hong [at] naver [dot] com"),
    (
        Kind.EMAIL,
        "{}",
        "hong골뱅이naver.com|hong 골뱅이 naver 점 com|hong @ naver.com|hong at naver dot com|h@xn--3e0b707e.kr",
    ),
    (Kind.KEY, "{}", "gsk_abcdefghij1234567890 xai-abcdefghij1234567890 sk_live_abcdefghij123456 npm_" + "a1" * 18),
    (Kind.KEY, "{}", "gsk_abcdefghijklmnopqrs0 xai-0bcdefghijklmnopqrst"),
]
ROWS = [(kind, frame, value) for kind, frame, values in FORMS for value in values.split("|" if "|" in values else " ")]
OTHERS = """\
사업자등록번호 214-88-12345 입금|사업자 123-45-67890 입금|법인등록번호 900101-1234568|110111-1234567 주식회사 한글
우체국 등기번호 12345-6789-0123|이체 금액 1000000000|하루 이체 한도 1000000000원|1234567890123원 이체
바코드 4901000000013|4901000000013|고객번호 4111111111111111|부품번호 M12345678|모델 M12345678
도면번호 D789C1234|시리얼 4901000000013|주문번호 010-1234-5678|특허번호 10-2019-0123456
입금 2023.01.15 10:30|이체일 2023-01-15 09:30|버전 2.10.1234.5678|이진수 010 1010 0101|02 100 2000
+100 200 300|+0.5|+12345678 점|일 이 삼 사 오 육 칠 팔 구|이 일이 사이에 오해가 생겼다
one two three four five six seven eight nine ten|1588-1234|2023~2024 2025/2026
git@gitlab.com:team/app.git|ssh root@db.example.com|https://user@example.com/x|bg@3x.webp|x@W.shape|app@main.py
lodash@4.17.21|shop @naver.com|see shop@ naver.com|DE89 3704 0044 0532 0130 01""".replace("\n", "|").split("|")


@pytest.mark.parametrize(("kind", "frame", "value"), ROWS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_whatever_way_it_is_written(kind: Kind, frame: str, value: str, form: Literal["NFC", "NFD"]) -> None:
    text, value = (unicodedata.normalize(form, one) for one in (f"적어 둔 것: {frame.format(value)} 끝", value))

    found = [(one.kind, text[one.start : one.end]) for one in find(text)]

    assert found == [(kind, value)]
    assert value not in mask_for_display(text)


@pytest.mark.parametrize("text", OTHERS)
def test_what_only_looks_like_it(text: str) -> None:
    assert find(text) == []


def test_the_nearest_word_decides() -> None:
    assert find("계좌 110-123-456789") != []
    assert find("계좌가 있는 고객의 주문번호 110-123-456789") == []
    assert find("주문번호 77, 계좌 110-123-456789") != []
    assert find("주문번호는 확인했고 문의는 010-1234-5678") != []
    assert find("주문 77개, 그리고 010-1234-5678") != []
    assert find("신한은행에 다니는 상담원 김 대리에게 110-123-456789") != []
    assert [one.kind for one in find("외국인등록번호 8505056123450")] == [Kind.FOREIGNER]


@pytest.mark.parametrize(("letters", "is_found"), [(0, True), (20, True), (21, False)])
def test_a_label_speaks_for_a_number_that_begins_up_to_24_characters_after_it(letters: int, is_found: bool) -> None:
    assert bool(find(f"계좌 {'가' * letters} 110-123-456789")) is is_found


def test_a_page_shows_how_long_a_hidden_number_is_and_of_a_key_only_that_it_is_one() -> None:
    account, key = "DE89 3704 0044 0532 0130 00", "gsk_abcdefghij1234567890abcdefghij"

    assert len(mask_for_display(account)) == len(account)
    assert len(mask_for_display(key)) < len(key)


# --- what a mask writes ---------------------------------------------------------------------------------------

SAME = [
    (Kind.PHONE, ["010-1234-5678", "+82 10 1234 5678", "0082-10-1234-5678", "82-10-1234-5678", "+82(0)10-1234-5678"]),
    (Kind.PHONE, ["010.1234.5678", "０１０-1234-5678", "공일공 일이삼사 오육칠팔", "001-82-10-1234-5678"]),
    (Kind.PHONE, ["02-123-4567", "+82-2-123-4567"]),
    (Kind.EMAIL, ["Hong@Naver.com", "hong@naver.com", "hong＠naver.com", "hong @ naver.com"]),
]


@pytest.mark.parametrize(("kind", "values"), SAME)
def test_one_value_has_one_placeholder_however_it_is_written(kind: Kind, values: list[str]) -> None:
    placeholders = Placeholders([kind], "ko")

    masked = {placeholders.mask(value) for value in values}

    assert len(masked) == 1
    assert masked.pop().endswith("_1]")


def test_what_stands_before_between_and_behind_stays() -> None:
    text = "내 번호는 010-1234-5678, 메일은 hong@naver.com 입니다."

    assert Placeholders(list(Kind), "ko").mask(text) == "내 번호는 [전화번호_1], 메일은 [이메일_1] 입니다."


def test_another_value_has_another_placeholder() -> None:
    placeholders = Placeholders([Kind.PHONE], "ko")

    assert [placeholders.mask(one) for one in ("010-1234-5678", "010-1234-5679", "02-1234-5678")] == [
        "[전화번호_1]",
        "[전화번호_2]",
        "[전화번호_3]",
    ]


# --- births and check digits --------------------------------------------------------------------------------------


def test_who_is_born_today_has_a_number_and_nobody_who_is_born_tomorrow() -> None:
    with time_machine.travel(date(2024, 3, 15)):
        assert find("240315-3123456") != []
        assert find("240316-3123456") == []


def test_a_check_digit_of_ten_and_more_wraps_around() -> None:
    """(11 - sum % 11) % 10: sums that leave 0 and 1 give 1 and 0."""
    digits = [f"900101{tail:06d}" for tail in range(100000, 100400)]
    fitting = {head[-6:]: [last for last in "0123456789" if check_digit_fits(head + last)] for head in digits}

    assert all(len(last) == 1 for last in fitting.values())
    assert {last for (last,) in fitting.values()} == set("0123456789")


def test_of_two_that_overlap_the_mail_address_stays_and_what_comes_before_too() -> None:
    text = "bom@x.com, 전화 010 1234 5678-k@naver.com"

    assert [text[one.start : one.end] for one in find(text)] == ["bom@x.com", "5678-k@naver.com"]


# --- how certain it is ------------------------------------------------------------------------------------------

ISSUED = """\
4222222222222 4111111111111111 4000000000000000006 5105105105105100 5555555555554444 2221000000000009
2229990000000003 2300000000000003 2699990000000004 2700000000000009 2720990000000007 378282246310005
341111111111111 3528000000000007 3530111333300000 3589990000000005 30000000000004 3600000000000008
38520000023237 6011111111111117 6500000000000002 6440000000000005 6200000000000005 62000000000000000
620000000000000005 6200000000000000000 9400000000000007""".replace("\n", " ").split(" ")


@pytest.mark.parametrize("digits", ISSUED)
def test_numbers_that_an_issuer_gives_out_are_cards(digits: str) -> None:
    """Test numbers of payment services, and first and last numbers of the issuers' ranges with their check digit."""
    found = find(f"{digits[:4]}-{digits[4:8]}-{digits[8:12]}-{digits[12:]}")

    assert [one.kind for one in found] == [Kind.CARD]


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("+14155552671", False),  # digits alone: it may count something
        ("+1 415 555 2671", True),
        ("tel. +14155552671", True),
        ("tel. +1 415 555 2671", True),
        ("+290 22158", True),  # the fewest digits that a country has
        ("821012345678", False),
        ("(415) 555-2671", False),
        ("phone 415-555-2671", True),
        ("tel. 821012345678", True),
    ],
)
def test_a_number_from_abroad_is_certain_by_its_marks_or_its_label(text: str, certain: bool) -> None:
    assert [(one.kind, one.certain) for one in find(text)] == [(Kind.PHONE, certain)]


@pytest.mark.parametrize(
    ("digits", "is_found"),
    [("1112313000009", True), ("1212313000006", False), ("2001013000004", False), ("2101013000001", True)],
)
def test_digits_that_are_a_time_in_milliseconds_are_nobody_s_number(digits: str, is_found: bool) -> None:
    assert bool(find(digits)) is is_found
    assert find(f"{digits[:6]}-{digits[6:]}") != []


@pytest.mark.parametrize(("number", "certain"), [("900101-1234568", True), ("991331-1234567", False)])
def test_a_resident_number_of_no_date_is_one_by_its_label_only(number: str, certain: bool) -> None:
    assert [(one.kind, one.certain) for one in find(f"주민번호 {number}")] == [(Kind.RESIDENT, certain)]


@pytest.mark.parametrize("digits", ["1301110006246", "1344110001387", "1101110085450"])
def test_numbers_of_the_register_of_companies_are_nobody_s(digits: str) -> None:
    """Three listed companies' numbers, as their annual reports print them."""
    others = [f"{digits[:12]}{last}" for last in "0123456789" if last != digits[12]]

    assert is_company(digits)
    assert not any(is_company(other) for other in others)

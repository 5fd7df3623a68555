"""What each kind of personal data looks like, and what speaks against it being one.

A rule is a pattern and a judge: the judge says True (certain), False (likely) or None (something else). Dates, prices,
order numbers, ISBNs, versions and time stamps are made of digits too; where the shape alone does not tell, the words
before it decide.
"""

import re
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    RESIDENT = "resident_number"
    FOREIGNER = "foreigner_number"
    PHONE = "phone"
    CARD = "card"
    PASSPORT = "passport"
    LICENCE = "driver_licence"
    ACCOUNT = "account"
    EMAIL = "email"
    KEY = "api_key"


type Judge = Callable[[re.Match[str]], bool | None]


class Rule(NamedTuple):
    kind: Kind
    pattern: re.Pattern[str]
    judge: Judge


DASH = "[-\u2010\u2011\u2012\u2013\u2014\u2212]"
ALONE = r"(?<![0-9A-Za-z_])(?<![0-9][-.,/])"  # not the tail of a longer number or word
ENDED = r"(?![0-9A-Za-z_])(?![-.,/][0-9])"
BEFORE, AFTER = 24, 14  # characters in which a word speaks for or against a number
ORDERS = re.compile(
    r"(?:주문|송장|운송장|접수|예약|상품|제품|문서|관리|계약|사건|일련|승인)\s*(?:번호|코드|No\.?)?[^0-9]{0,4}$"
)
# `[계좌번호_1]`, its beginning or end perhaps cut off: what masking wrote speaks for nothing
PLACEHOLDER = re.compile(r"\[?[가-힣A-Za-z_]{0,24}_[0-9]{1,9}\]|\[[가-힣A-Za-z_]{0,24}$")
WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _before(match: re.Match[str], words: str) -> bool:
    before = match.string[max(0, match.start() - BEFORE) : match.start()]
    return bool(re.search(words, PLACEHOLDER.sub("", before), re.IGNORECASE))


def _near(match: re.Match[str], words: str) -> bool:
    after = match.string[match.end() : match.end() + AFTER]
    return _before(match, words) or bool(re.search(words, PLACEHOLDER.sub("", after)))


def _is_order(match: re.Match[str]) -> bool:
    return bool(ORDERS.search(match.string[max(0, match.start() - BEFORE) : match.start()]))


# --- numbers of residents and foreigners ------------------------------------------------------------------
def _born(digits: str) -> bool:
    """Whether the birth date is a day that was, in the century that the seventh digit tells."""
    century = 1900 if digits[6] in "1256" else 2000
    try:
        return date(century + int(digits[:2]), int(digits[2:4]), int(digits[4:6])) <= date.today()
    except ValueError:
        return False


def check_digit_fits(digits: str) -> bool:
    """Numbers given since October 2020 are drawn by lot: theirs fits by chance only."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, digits, strict=False))
    base = 13 if digits[6] in "5678" else 11
    return (base - total % 11) % 10 == int(digits[12])


def _resident(match: re.Match[str]) -> bool | None:
    digits = _digits(match[0])
    if not _born(digits):
        return None
    fits, named = check_digit_fits(digits), _before(match, "주민|등록번호|외국인|거소")
    if named:
        return fits
    if not re.search(DASH, match[0]) and (not fits or digits[:2] in _TIMESTAMPS):
        return None  # thirteen digits in a row may be anything
    return fits if fits or not _is_order(match) else None


_TIMESTAMPS = {str(start) for start in range(12, 21)}  # milliseconds since 1970, from 2008 to 2036
_PERSON = r"[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]) ?%s? ?[%s][0-9]{6}"


# --- phones ---------------------------------------------------------------------------------------------
_AREA = "(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4])"
_PHONE = (
    rf"(?:\+|00)82[- .]?(?:\(0\)|0)?[- .]?(?:1[016789]|70|{_AREA})[- .)]{{0,2}}[0-9]{{3,4}}[- .]?[0-9]{{4}}"
    rf"|\(?01[016789]\)? ?(?:{DASH}|[. ])? ?[0-9]{{3,4}} ?(?:{DASH}|[. ])? ?[0-9]{{4}}"
    rf"|\(?0(?:{_AREA}|70|50[0-9]?)(?:\) ?|{DASH}| {DASH} )[0-9]{{3,4}} ?(?:{DASH}| ) ?[0-9]{{4}}"
    rf"|070[0-9]{{8}}|0{_AREA}[0-9]{{7,8}}"
)


def _phone(match: re.Match[str]) -> bool | None:
    number = match[0]
    if number.startswith(("+", "00")):
        return True
    if number.isdigit() and not number.startswith(("010", "070")):
        return (
            True
            if _before(match, "전화|연락처|휴대|핸드폰|팩스|tel|phone|fax|mobile|번호") and not _is_order(match)
            else None
        )
    return None if _is_order(match) else True


# --- cards ------------------------------------------------------------------------------------------------
_CARD = r"[0-9]{13,19}|[0-9]{4}(?:[- ][0-9]{4}){2}[- ][0-9]{1,7}|3[0-9]{3}[- ][0-9]{6}[- ][0-9]{4,5}"
_ISSUERS = (  # beginnings, lengths
    (re.compile("4"), (13, 16, 19)),  # Visa
    (re.compile("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),  # Mastercard
    (re.compile("3[47]"), (15,)),  # American Express
    (re.compile("35(?:2[89]|[3-8])"), (16,)),  # JCB
    (re.compile("30[0-5]|36|38"), (14, 16)),  # Diners
    (re.compile("6011|65|64[4-9]"), (16,)),  # Discover
    (re.compile("62"), (16, 17, 18, 19)),  # UnionPay
    (re.compile("9[0-9]"), (16,)),  # cards that are valid in Korea only
)


def luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _card(match: re.Match[str]) -> bool | None:
    digits, grouped = _digits(match[0]), not match[0].isdigit()
    if not any(len(digits) in lengths and start.match(digits) for start, lengths in _ISSUERS) or not luhn(digits):
        return None
    if grouped or _before(match, "카드|card"):
        return True
    return None if digits[0] == "9" or _is_order(match) else False


# --- documents, accounts ------------------------------------------------------------------------------------
_REGIONS = "서울|부산|경기|강원|충북|충남|전북|전남|경북|경남|제주|대구|인천|광주|대전|울산"
_BANKS = "국민|신한|우리|하나|기업|카카오|토스|케이|부산|대구|광주|전북|경남|제주|산업|씨티|제일|KB|NH|IBK|KDB|SC"
_MONEY = rf"계좌|입금|송금|이체|예금주|은행|뱅크|농협|수협|신협|새마을|우체국|account|(?:{_BANKS})[ :：(]{{0,3}}$"
_DATE = re.compile(rf"(?:19|20)[0-9]{{2}}{DASH}(?:0?[1-9]|1[0-2]){DASH}[0-3]?[0-9](?![0-9])")


def _passport(match: re.Match[str]) -> bool | None:
    if _near(match, "여권|passport"):
        return True
    return False if match[0][0] == "M" and not _is_order(match) else None


def _licence(match: re.Match[str]) -> bool | None:
    if match[0].isdigit():
        return True if _before(match, "면허") else None
    return None if _is_order(match) else True


def _account(match: re.Match[str]) -> bool | None:
    digits = _digits(match[0])
    if not 10 <= len(digits) <= 16 or _DATE.match(match[0]) or _is_order(match):
        return None
    return True if _before(match, _MONEY) or _near(match, "예금주|은행|뱅크") else None


DIGIT_RULES = (  # the first that fits a place has it
    Rule(Kind.RESIDENT, re.compile(ALONE + _PERSON % (DASH, "1-4") + ENDED), _resident),
    Rule(Kind.FOREIGNER, re.compile(ALONE + _PERSON % (DASH, "5-8") + ENDED), _resident),
    Rule(Kind.CARD, re.compile(f"{ALONE}(?:{_CARD}){ENDED}"), _card),
    Rule(
        Kind.LICENCE,
        re.compile(
            rf"{ALONE}(?:(?:1[1-9]|2[0-8]|{_REGIONS}){DASH}[0-9]{{2}}{DASH}[0-9]{{6}}{DASH}[0-9]{{2}}|[12][0-9]{{11}}){ENDED}"
        ),
        _licence,
    ),
    Rule(Kind.PHONE, re.compile(f"{ALONE}(?:{_PHONE}){ENDED}"), _phone),
    Rule(Kind.PASSPORT, re.compile(f"{ALONE}(?:[MSRODG][0-9]{{8}}|M[0-9]{{3}}[A-Z][0-9]{{4}}){ENDED}"), _passport),
    Rule(
        Kind.ACCOUNT,
        re.compile(rf"{ALONE}(?:[0-9]{{2,6}}(?:{DASH}[0-9]{{1,8}}){{1,4}}|[0-9]{{10,16}}){ENDED}"),
        _account,
    ),
)

# --- e-mail addresses, keys -----------------------------------------------------------------------------------
LOCAL = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_%+][A-Za-z0-9._%+-]{0,63}\Z")  # before the @
DOMAIN = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,8}[A-Za-z]{2,24}")  # behind it
KEY_MARKS = (
    "sk-",
    "AKIA",
    "ASIA",
    "AIza",
    "hf_",
    "xox",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
)
KEY = re.compile(
    r"(?<![A-Za-z0-9_-])(?:sk-[A-Za-z0-9_-]{16,}|A[KS]IA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35}|hf_[A-Za-z0-9]{20,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|gh[opsru]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,})"
)


def is_key(text: str) -> bool:
    """A key holds digits; `sk-this-is-a-long-name` is a name."""
    return any("0" <= char <= "9" for char in text)

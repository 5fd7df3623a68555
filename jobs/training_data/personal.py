"""What each kind of personal data looks like, and what speaks against it being one.

A rule is a pattern and a judge: the judge says True (certain), False (likely) or None (something else). Dates, prices,
order numbers, ISBNs, versions and time stamps are made of digits too; where the shape alone does not tell, the word
before the number does (`labels`).
"""

import re
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from jobs.training_data.labels import Label, account_is_near, is_counted, is_labelled, label_of
from jobs.training_data.phones import PHONE, judge_phone
from jobs.training_data.separators import ALONE, DASHES, ENDED, S0, S, digits_of


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


WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


def _is_other(match: re.Match[str]) -> bool:
    return label_of(match) is Label.OTHER


# --- numbers of residents and foreigners ------------------------------------------------------------------
_TIMESTAMPS = {str(start) for start in range(12, 21)}  # milliseconds since 1970, from 2008 to 2036
_PERSON = rf"[0-9]{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]){S0}[%s][0-9]{{6}}"
_COMPANIES = {"11", "12", "13", "14", "15", "21", "22", "31", "71"}  # kinds of company, in the place of a day of birth


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


def is_company(digits: str) -> bool:
    """The register of companies: kind of company in the fifth and sixth digit, its own check digit."""
    total = sum(int(digit) * (1 + place % 2) for place, digit in enumerate(digits[:12]))
    return digits[4:6] in _COMPANIES and (10 - total % 10) % 10 == int(digits[12])


def _resident(match: re.Match[str]) -> bool | None:
    digits = digits_of(match[0])
    if not _born(digits) or _is_other(match):
        return None
    fits = check_digit_fits(digits)
    if fits or is_labelled(match, Label.PERSON):
        return None if _is_timestamp(match, digits) else fits
    is_company_s = is_company(digits) or is_labelled(match, Label.OTHER)
    return None if is_company_s or not re.search(f"[{DASHES}]", match[0]) else False


def _is_timestamp(match: re.Match[str], digits: str) -> bool:
    return match[0].isdigit() and digits[:2] in _TIMESTAMPS and not is_labelled(match, Label.PERSON)


def _named_resident(match: re.Match[str]) -> bool | None:
    """Called one, though its date is none: invented, or mistyped."""
    return False if is_labelled(match, Label.PERSON) else None


_SSN = "[0-9]{3}-[0-9]{2}-[0-9]{4}"  # of the United States


def _social_security(match: re.Match[str]) -> bool | None:
    return True if is_labelled(match, Label.PERSON) else None


# --- cards ------------------------------------------------------------------------------------------------
_CARD = rf"[0-9]{{12,19}}|[0-9]{{4}}(?:{S}[0-9]{{4}}){{2}}{S}[0-9]{{1,7}}|3[0-9]{{3}}{S}[0-9]{{6}}{S}[0-9]{{4,5}}"
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
_EAN = 13  # digits of a bar code; a card of so few is no longer issued


def luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _card(match: re.Match[str]) -> bool | None:
    digits, grouped = digits_of(match[0]), not match[0].isdigit()
    if not luhn(digits) or _is_other(match):
        return None
    if is_labelled(match, Label.CARD):
        return True
    if not any(len(digits) in lengths and start.match(digits) for start, lengths in _ISSUERS):
        return None
    if grouped:
        return True
    return None if digits[0] == "9" or len(digits) == _EAN or is_counted(match) else False


# --- documents, accounts ------------------------------------------------------------------------------------
_REGIONS = "서울|부산|경기|강원|충북|충남|전북|전남|경북|경남|제주|대구|인천|광주|대전|울산"
_LICENCE = (
    rf"(?:1[1-9]|2[0-8]|{_REGIONS}){S}[0-9]{{2}}{S}[0-9]{{6}}{S}[0-9]{{2}}"
    rf"|(?:{_REGIONS}) ?[0-9]{{2}}{S}[0-9]{{6}}{S}[0-9]{{2}}|[12][0-9]{{11}}"
)
_PASSPORT = "[A-Z]{1,2} ?[0-9]{6,8}|[A-Z][0-9]{3}[A-Z][0-9]{4}|[A-Z][0-9A-Z]{8}|[0-9]{9}"
_KOREAN_PASSPORT = re.compile("[MSRODG][0-9]{8}|[MSROD][0-9]{3}[A-Z][0-9]{4}")
_ACCOUNT = rf"[0-9]{{2,6}}(?:{S}[0-9]{{1,8}}){{1,4}}|[0-9]{{10,16}}"
_DATE = re.compile(
    r"(?:19|20)[0-9]{2}[-./ \u2010-\u2015\u2212](?:0?[1-9]|1[0-2])[-./ \u2010-\u2015\u2212][0-3]?[0-9](?![0-9])"
)
_IBAN = "[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?"


def _passport(match: re.Match[str]) -> bool | None:
    if is_labelled(match, Label.PASSPORT):
        return True
    is_likely = match[0][0] == "M" and _KOREAN_PASSPORT.fullmatch(match[0]) and label_of(match) is None
    return False if is_likely else None


def _licence(match: re.Match[str]) -> bool | None:
    if is_labelled(match, Label.LICENCE):
        return True
    is_shaped = re.search(f"[{DASHES}]", match[0]) and label_of(match) not in (Label.OTHER, Label.ACCOUNT)
    return True if is_shaped else None


def _account(match: re.Match[str]) -> bool | None:
    digits = digits_of(match[0])
    if not 10 <= len(digits) <= 16 or _DATE.match(match[0]) or not is_labelled(match, Label.ACCOUNT):
        return None
    if match[0].isdigit():
        return None if is_counted(match) else True
    return (
        True
        if set(match[0]) <= {*"0123456789", *"-\u2010\u2011\u2012\u2013\u2014\u2212"} or account_is_near(match)
        else None
    )


def iban_fits(text: str) -> bool:
    """ISO 13616: letters are numbers from 10 on, the first four characters go last, and all of it is 1 modulo 97."""
    plain = text.replace(" ", "")
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def _iban(match: re.Match[str]) -> bool | None:
    return True if 15 <= len(match[0].replace(" ", "")) <= 34 and iban_fits(match[0]) else None


DIGIT_RULES = (  # the first that fits a place has it
    Rule(Kind.RESIDENT, re.compile(f"{ALONE}(?:{_PERSON % '1-4'}){ENDED}"), _resident),
    Rule(Kind.FOREIGNER, re.compile(f"{ALONE}(?:{_PERSON % '5-8'}){ENDED}"), _resident),
    Rule(Kind.RESIDENT, re.compile(f"{ALONE}[0-9]{{6}}{S0}[0-9]{{7}}{ENDED}"), _named_resident),
    Rule(Kind.RESIDENT, re.compile(f"{ALONE}(?:{_SSN}){ENDED}"), _social_security),
    Rule(Kind.CARD, re.compile(f"{ALONE}(?:{_CARD}){ENDED}"), _card),
    Rule(Kind.ACCOUNT, re.compile(f"{ALONE}(?:{_IBAN}){ENDED}"), _iban),
    Rule(Kind.LICENCE, re.compile(f"{ALONE}(?:{_LICENCE}){ENDED}"), _licence),
    Rule(Kind.PHONE, re.compile(f"{ALONE}(?:{PHONE}){ENDED}"), judge_phone),
    Rule(Kind.PASSPORT, re.compile(f"{ALONE}(?:{_PASSPORT}){ENDED}"), _passport),
    Rule(Kind.ACCOUNT, re.compile(f"{ALONE}(?:{_ACCOUNT}){ENDED}"), _account),
)

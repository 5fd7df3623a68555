"""Telephone numbers, as they are written in Korea and from abroad."""

import re

from jobs.training_data.labels import Label, is_labelled, label_of
from jobs.training_data.separators import DASHES, S0, S, digits_of

_AREA = "(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4])"
_ABROAD = r"(?:\(?\+|00(?:7[0-9]{2}|[127])?[- ]?)\(?82\)?"  # how Korea is called from elsewhere
_EXTENSION = r"(?: ?(?:x|ext\.?) ?[0-9]{1,6})?"
_MOBILE = "1[016789]"
PHONE = "|".join(
    [
        rf"{_ABROAD}{S0}(?:\(0\)|0)?(?:{_MOBILE}|70|{_AREA})[)]?{S0}[0-9]{{3,4}}{S0}[0-9]{{4}}",
        rf"\(?82\)?{S}(?:\(0\)|0)?(?:{_MOBILE}|70|{_AREA})[)]?{S}[0-9]{{3,4}}{S}[0-9]{{4}}",
        r"8210[0-9]{8}",
        rf"\(?0{_MOBILE}\)?{S0}[0-9]{{3,4}}{S0}[0-9]{{4}}",
        rf"\(?0(?:{_AREA}|70|50[0-9]?)(?:\)|{S}){S0}[0-9]{{3,4}}{S}[0-9]{{4}}",
        rf"070[0-9]{{8}}|050[0-9]{{8,9}}|0{_AREA}[0-9]{{7,8}}",
        # E.164, any other country
        rf"\(?\+\(?[1-9][0-9]{{0,2}}\)?(?:[-. ()/]{{0,3}}[0-9]{{1,5}}){{0,5}}[-. ()/]{{0,3}}[0-9]{{2,5}}{_EXTENSION}",
        rf"\(?[2-9][0-9]{{2}}\)?[-. ]{{0,2}}[0-9]{{3}}[-. ]?[0-9]{{4}}{_EXTENSION}",  # North America
        r"0[89]0[- ][0-9]{4}[- ][0-9]{4}|0[1-9][0-9]{0,2}-[0-9]{2,4}-[0-9]{4}",  # Japan
        r"1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}",  # China
    ]
)
_LIKE_KOREAN = re.compile(rf"\(?0(?:{_MOBILE}|{_AREA}|70|50)")
_E164 = range(8, 16)  # digits, the country's among them
_NORTH_AMERICA = re.compile(r"1[2-9][0-9]{2}[2-9][0-9]{6}")
COUNTRIES = re.compile(
    "1|7|20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|2[1-69][0-9]|3[578][0-9]|42[0-9]|5[09][0-9]"
    "|6[789][0-9]|85[0-9]|88[0-9]|96[0-9]|97[0-9]|99[0-9]"
)


def judge_phone(match: re.Match[str]) -> bool | None:
    number, label = match[0], label_of(match)
    if "+" in number[:2] or re.match(r"00", number):
        return _from_abroad(number, label)
    if label is Label.OTHER or set(digits_of(number)) <= {"0", "1"}:
        return None
    if number.startswith("82") and number.isdigit():
        return label is Label.PHONE
    if number.lstrip("(").startswith("82"):
        return True
    return _at_home(match) if _LIKE_KOREAN.match(number) else _foreign(match)


def _at_home(match: re.Match[str]) -> bool | None:
    """A mobile number is one by its shape; a landline's needs marks between its groups, or a label."""
    number = match[0]
    if is_labelled(match, Label.PHONE) or re.match(r"\(?0(?:1|70|50)", number):
        return True
    return True if re.search(f"[{DASHES}.)·ㆍ/]", number) else None


def _from_abroad(number: str, label: Label | None) -> bool | None:
    digits = digits_of(re.split("x|ext", number)[0])
    if re.search(r"\+\(?82|^00[0-9 -]{0,5}82", number):
        return True
    if label is Label.OTHER or not COUNTRIES.match(digits) or len(digits) not in _E164:
        return None
    if digits[0] == "1" and not _NORTH_AMERICA.match(digits):
        return None
    return label is Label.PHONE or not number[1:].isdigit()


def _foreign(match: re.Match[str]) -> bool | None:
    """Ten or eleven digits of another country, without its code: a label has to say that they are a phone's."""
    if is_labelled(match, Label.PHONE):
        return True
    return False if re.match(r"\([2-9][0-9]{2}\) ?[2-9]|0[89]0-", match[0]) else None

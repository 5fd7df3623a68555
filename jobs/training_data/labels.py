"""The word before a number decides what the number is: 법인등록번호 110111-2345678 is nobody's resident number.

The nearest label counts, as a reader would take it: "입금 확인 후 사업자등록번호 214-88-12345" is no account.
"""

import re
from enum import StrEnum

BEFORE, AFTER = 24, 14  # characters in which a word speaks for or against a number
NEAR = 10  # characters between a label that speaks against a number and the number, no digit among them


class Label(StrEnum):
    PERSON = "person"
    PHONE = "phone"
    CARD = "card"
    PASSPORT = "passport"
    LICENCE = "licence"
    ACCOUNT = "account"
    OTHER = "other"  # of a company, a product, an order, a sum, a time


_BANKS = "국민|신한|우리|하나|기업|카카오|토스|케이|부산|대구|광주|전북|경남|제주|산업|씨티|제일|KB|NH|IBK|KDB|SC"
_OTHER = (
    "법인(?:등록)?|등기|사업자(?:등록)?|고유|통신판매(?:업)?|주문|송장|운송장|택배|배송|접수|예약|상품|제품|문서|관리|계약|사건|일련|승인"
    "|거래|결제|조회|추적|인증|확인|학번|사번|회원|고객|모델|부품|품목|재고|시리얼|자재|도면|특허|출원|등기우편|우편|바코드|도서|판본"
)
WORDS = {
    Label.OTHER: (
        rf"(?:{_OTHER})\s?(?:번호|코드|명|No\.?)|사업자|법인|주문|송장|운송장|바코드|품번|등기|모델|부품|재고"
        r"|\(주\)|㈜|주식회사|유한회사|금액|한도|잔액|가격|총액|매출|예산|대금|조회수|타임스탬프|버전|좌표"
        r"|\b(?:JAN|EAN|UPC|GTIN|ISBN|ISSN|IMEI|SKU|DOI|VIN|PO|P/N|S/N|part|model|serial|order|invoice|tracking|barcode"
        r"|item|version|amount|total|price|timestamp|build)\b"
    ),
    Label.PERSON: (
        r"주민(?:등록)?|외국인(?:등록)?|거소(?:신고)?|등록\s?번호|\b(?:RRN|SSN)\b|social security|resident registration"
    ),
    Label.PHONE: (
        r"전화|연락처|휴대|핸드폰|(?<![가-힣])폰|팩스|문자|☎|📞|手机|电话|電話|携帯"
        r"|\b(?:telephone|tel|phone|fax|mobile|cell|call|H\.?P|WhatsApp)\b|\b[TFMH]\s?[.:](?=\s?[^\w]{0,2}$)"
    ),
    Label.CARD: r"카드|\b(?:card|visa|master ?card|amex)\b",
    Label.PASSPORT: r"여권|passport|护照|旅券",
    Label.LICENCE: r"면허|driver'?s? licen[cs]e|driving licen[cs]e",
    Label.ACCOUNT: (
        r"계좌|입금|송금|이체|예금주|은행|뱅크|농협|수협|신협|새마을|우체국|\b(?:account|acct|IBAN)\b"
        rf"|(?:{_BANKS})(?=[ :：(]{{0,3}}$)"
    ),
}
LABELS = re.compile("|".join(f"(?P<{label}>{words})" for label, words in WORDS.items()), re.IGNORECASE)
# `[계좌번호_1]`, its beginning or end perhaps cut off: what masking wrote speaks for nothing
PLACEHOLDER = re.compile(r"\[?[가-힣A-Za-z_]{0,24}_[0-9]{1,9}\]|\[[가-힣A-Za-z_]{0,24}$")
UNIT = re.compile(  # counts and sums, not names of anything
    r"\s?(?:원|만\s?원|억|천|달러|엔|유로|위안|개|명|건|회|권|톤|배|주(?![가-힣])|won\b|KRW\b|USD\b|dollars?\b|km\b|kg\b|bytes?\b|바이트|%)"
)


def label_of(match: re.Match[str]) -> Label | None:
    """The nearest label before a number; one that speaks against it only where it belongs to this number."""
    before = PLACEHOLDER.sub("", match.string[max(0, match.start() - BEFORE) : match.start()])
    found = None
    for label in LABELS.finditer(before):
        gap = before[label.end() :]
        if label.lastgroup != Label.OTHER or (len(gap) <= NEAR and not re.search("[0-9]", gap)):
            found = Label(label.lastgroup or "")
    return found


def is_labelled(match: re.Match[str], label: Label) -> bool:
    """Whether the number has that label, before it or, where none stands before, behind it."""
    if (before := label_of(match)) is not None:
        return before is label
    behind = LABELS.search(PLACEHOLDER.sub("", match.string[match.end() : match.end() + AFTER]))
    return behind is not None and behind.lastgroup == label


def is_counted(match: re.Match[str]) -> bool:
    """Whether a unit follows: a sum of money, a count."""
    return UNIT.match(match.string, match.end()) is not None


def account_is_near(match: re.Match[str]) -> bool:
    """A label of accounts right before it: for numbers whose groups stand apart as those of any other number may."""
    before = match.string[max(0, match.start() - BEFORE) : match.start()]
    label = [found for found in LABELS.finditer(before) if found.lastgroup == Label.ACCOUNT]
    return bool(label) and len(before) - label[-1].end() <= NEAR and not re.search("[0-9]", before[label[-1].end() :])

"""Which lines look like headings. Whether they are, what follows them decides (`layout`)."""

import re

LONGEST = 40  # characters; in Latin letters LONGEST_LATIN
LONGEST_LATIN = 80
PROSE = 40  # characters from which what follows a heading is taken for a paragraph
SENTENCES = re.compile(r"[.!?。！？](?=\s|$)")
LETTER = re.compile(r"[^\W_]")
LATIN = re.compile(r"[\x00-\u024f\u2010-\u201f]+")
CLOSED = re.compile(
    r"[.!?。！？…‥:：;,、~][)\]\"'”’」』]*$|[\"'”’]$"
)  # a sentence, a part of one, or what somebody said
SAID = re.compile(  # a sentence of Korean, also without its full stop; 바다 and 눈사람 are none
    r"(?:[았었였겠있없했갔왔됐렸졌났셨한인된는간온운니이]다|습니[다까]|[가-힣](?:요|죠|까|냐|라고|지만|는데|니까|면서))$"
)
UNLIKE = re.compile(r"[-–—*•·▪■□○●◦※→\"'“‘~<>{}\[\]/$|=+@&]")  # an item of a list, speech, or code
NUMBERED = re.compile(
    r"(?:제\s?\d{1,3}\s?(?:장|절|편|부|막|관|강|과|권|화|회|조)|\d{1,3}\s?(?:장|절|편|부|막|강|과|권|화|회))(?=[\s.:·,)(]|의\d|$)"
    r"|(?:chapter|part|book|section|act|scene|appendix|volume|canto|letter|lesson|unit)\s+(?:\d+|[ivxlc]+)\b"
    r"|(?:chapter|part|book)\s+(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|the)\b"
    r"|(?:prologue|epilogue|introduction|preface|foreword|afterword|conclusion|abstract)\W*$"
    r"|(?:머리말|꼬리말|서문|서론|본론|결론|맺음말|들어가며|나가며|프롤로그|에필로그|부록|초록)\W*$"
    r"|(?:[IVX]{1,5}|[Ⅰ-Ⅻ]|\d{1,2}(?:\.\d{1,2}){1,3})[.)]?\s+\S|(?:\d{1,2}|[가-하]|[A-H])[.)]\s+\S|[①-⑳]\s*\S",
    re.IGNORECASE,
)
ALONE = re.compile(r"(?:\d{1,3}|[IVXLC]{1,6}|[Ⅰ-Ⅻ])[.)]?$")  # the number of a chapter
ITEM = re.compile(r"(?:\d{1,2}|[가-하]|[A-Ha-h])([.)])\s|([①-⑳])|([-–—*•·▪■□○●◦※→])\s")


def looks_like_one(line: str) -> bool:
    if "\t" in line or len(line) > (LONGEST_LATIN if LATIN.fullmatch(line) else LONGEST):
        return False
    if ALONE.match(line) or is_border(line):
        return True
    if CLOSED.search(line) or SAID.search(line):
        return False
    return is_numbered(line) or not (UNLIKE.match(line) or line[0].islower())


def is_numbered(line: str) -> bool:
    return NUMBERED.match(line) is not None


def is_border(line: str) -> bool:
    """`* * *`, `- 3 -`: it parts two scenes or pages, and heads neither."""
    return not LETTER.search(line) or (line[0] in "-–—" and line[-1] in "-–—")


def item_of(line: str) -> str:
    """How an item of a list begins; empty where the line is none. Two of one kind in a row are a list."""
    found = ITEM.match(line)
    return "" if found is None else found[1] or found[3] or "①"


def stands_under_one(text: str) -> bool:
    """Whether this is prose, which a heading has below it."""
    return len(text) >= PROSE or len(SENTENCES.findall(text)) > 1

"""Whether an answer is a refusal of the model: Korean and English, at the beginning of a text that is not long.

What is refused must be what models refuse: to help, to answer, to provide. An apology in a letter or a story is none
(죄송하지만 회의에 참석할 수 없습니다; I can't help falling in love), nor is what a shop cannot do (교환할 수 없습니다).
"""

import re
import unicodedata
from itertools import pairwise

HEAD = 300  # characters; a refusal comes at once
SENTENCES = 4  # of them
LONGEST = 1_500  # who writes more than this has answered
SENTENCE_END = re.compile(r"[.!?\n]\s?")
SORRY = re.compile(
    r"\A(?:i(?:'m| am) (?:very |so |really |truly )?sorry|i(?:'m| am) afraid|sorry|i (?:do )?apologi[sz]e"
    r"|(?:my )?apologies|unfortunately|regrettably|as an? (?:ai|artificial intelligence|(?:large )?language model)\b)"
)
CANNOT = (
    r"\bi(?:'m| am) (?:unable to|not able to|not allowed to|not permitted to|not comfortable|programmed not to)"
    r"|\bi (?:can't|cannot|can not|won't|will not|won't be able to|will not be able to|must decline|have to decline"
    r"|must refuse|don't have the ability to|do not have the ability to|don't feel comfortable|do not feel comfortable)"
)
THINGS = (
    r"(?:provide|generate|create|offer|give|share|discuss|produce) (?:\w{3,20} ){0,2}"
    r"(?:advice|content|information|instructions|assistance|guidance|help|images)\b"
)
REQUEST = r"(?:that|this|these|those|your|such|the|any|a|an|you)\b"
AFTER_SORRY = re.compile(
    rf"(?:{CANNOT}) .{{0,20}}?(?:assist\b|comply|fulfil|accommodate|help (?:you )?(?:with|on|to)\b|help you\b|help\Z"
    rf"|do (?:that|this)\b|(?:provide|generate|create|write|answer|discuss|support|complete|share|offer|give|produce"
    rf"|translate|engage (?:in|with)|participate in|respond to|process|recommend|disclose|reveal) {REQUEST}|{THINGS})"
)
NOTHING_MORE = re.compile(rf"(?:{CANNOT})\Z")
BARE = re.compile(
    rf"(?:\A|\bbut )(?:{CANNOT}) (?:assist (?:you )?with|comply with|fulfil\w* (?:that|this|your)"
    r"|help (?:you )?with (?:that|this|your)|engage in (?:that|this|such)\b"
    r"|(?:provide|generate|create|write|answer|discuss|support|complete|share|produce) (?:that|this|such)\b"
    rf"|{THINGS})|\A.{{0,20}}\bi (?:must|have to) (?:respectfully |politely )?(?:decline|refuse) .{{0,20}}"
    r"\b(?:request|question)"
)
KOREAN_SORRY = re.compile(
    r"죄송|미안|유감|안타깝|아쉽게도|송구|저는 (?:인공지능|AI|언어 모델)"
    r"|(?:AI|인공지능|언어 모델)(?:로서|이기|이므로|이라)"
)
REQUESTED = re.compile(r"요청|질문|부탁|(?:그|이|해당|그런|이런) (?:내용|주제|정보)")
KOREAN_HELP = (
    r"(?:도와|도움을?|답변|대답|응답|답을?|알려|제공|작성|생성|수행|지원|설명|공유|추천|안내|조언|언급|논의"
    r"|요청에|요청을|질문에|응|들어|써(?=\s?드))"
)
AUXILIARY = "드리|드릴|해|하|할|줄|주|응하|응할|답하|답할|따르|따를"
KOREAN_DO = rf"\s?(?:을|를|은|는|이|가|도|에|에는)?\s?(?:{AUXILIARY})\s?(?:드리|드릴|주|줄)?\s?"
IMPOSSIBLE = r"(?:수(?:가|는)?\s?없(?:습니다|어요|네요|음|다)|기(?:가|는)?\s?(?:어렵|어려|곤란|힘들))"
UNWILLING = r"지\s?(?:않|못)(?:습니다|아요|해요|합니다|겠습니다)"
AFTER_KOREAN_SORRY = re.compile(f"{KOREAN_HELP}{KOREAN_DO}(?:{IMPOSSIBLE}|{UNWILLING})")
KOREAN_BARE = re.compile(f"{KOREAN_HELP}{KOREAN_DO}{IMPOSSIBLE}")


def is_refusal(text: str) -> bool:
    """`text` is composed (NFC)."""
    if len(text) > LONGEST:
        return False
    head = unicodedata.normalize("NFKC", text[:HEAD]).replace("’", "'").strip(" \t\n\r*_>#-\"'“”‘")
    sentences = [sentence.strip() for sentence in SENTENCE_END.split(head, maxsplit=SENTENCES)[:SENTENCES]]
    return any(_refuses(one, other) for one, other in pairwise([*sentences, ""]))


def _refuses(sentence: str, following: str) -> bool:
    """The apology, and in this sentence or the next what cannot be done; or that alone, where it is plain enough."""
    lower, both = sentence.lower(), (sentence, following)
    if BARE.search(lower) or (REQUESTED.search(sentence) and KOREAN_BARE.search(sentence)):
        return True
    if SORRY.search(lower):
        return bool(NOTHING_MORE.search(lower)) or any(AFTER_SORRY.search(each.lower()) for each in both)
    return bool(KOREAN_SORRY.search(sentence)) and any(map(AFTER_KOREAN_SORRY.search, both))

"""Whether an answer is a refusal of the model: Korean and English, at the beginning of a text that is not long.

What is refused must be what models refuse: to help, to answer, to provide. An apology in a letter or a story is none
(죄송하지만 회의에 참석할 수 없습니다; I can't help falling in love), nor is what a shop cannot do (교환할 수 없습니다).
"""

import re
import unicodedata

HEAD = 300  # characters; a refusal comes at once
LONGEST = 1_500  # who writes more than this has answered
GAP = r"[^.!?\n]"
SORRY = (
    r"(?:i(?:'m| am) (?:very |so |really |truly )?sorry|sorry|i (?:do )?apologi[sz]e|(?:my )?apologies"
    r"|unfortunately|regrettably|as an? (?:ai|artificial intelligence|(?:large )?language model)\b)"
)
CANNOT = (
    r"\bi(?:'m| am) (?:unable to|not able to|not allowed to|not permitted to|not comfortable|programmed not to)"
    r"|\bi (?:can't|cannot|can not|won't|will not|won't be able to|will not be able to|must decline|have to decline"
    r"|must refuse|don't have the ability to|do not have the ability to|don't feel comfortable|do not feel comfortable)"
)
REQUEST = r"(?:that|this|these|those|your|such|the|any|a|an|you)\b"
THINGS = (
    r"(?:provide|generate|create|offer|give|share|discuss|produce) (?:\w{3,20} ){0,2}"
    r"(?:advice|content|information|instructions|assistance|guidance|help|images)\b"
)
HELP = (
    rf"(?:assist\b|comply|fulfil|accommodate|help (?:you )?(?:with|on|to)\b|help you\b|help\s?[.!]|do (?:that|this)\b"
    rf"|(?:provide|generate|create|write|answer|discuss|support|complete|share|offer|give|produce|translate"
    rf"|engage (?:in|with)|participate in|respond to|process|recommend|disclose|reveal) {REQUEST}"
    rf"|{THINGS})"
)
BARE = (
    r"(?:assist (?:you )?with|comply with|fulfil\w* (?:that|this|your)|help (?:you )?with (?:that|this|your)"
    r"|(?:provide|generate|create|write|answer|discuss|support|complete|share|produce) (?:that|this|such)\b"
    rf"|{THINGS}|engage in (?:that|this|such)\b)"
)
ENGLISH = re.compile(
    rf"(?:\A|[.!?\n]\s?){SORRY}{GAP}{{0,80}}(?:[.!]\s)?{GAP}{{0,40}}?(?:{CANNOT}) {GAP}{{0,20}}?{HELP}"
    rf"|\A{SORRY}{GAP}{{0,20}}?(?:{CANNOT})[.!]?\Z"
    rf"|(?:\A|[.!?\n]\s?|\bbut ){GAP}{{0,20}}?(?:{CANNOT}) {BARE}"
    rf"|\bi (?:must|have to) (?:respectfully |politely )?(?:decline|refuse) {GAP}{{0,20}}\b(?:request|question)"
)
KOREAN_SORRY = (
    r"(?:죄송|미안|유감|안타깝|아쉽게도|송구|저는 (?:인공지능|AI|언어 모델)"
    r"|(?:AI|인공지능|언어 모델)(?:로서|이기|이므로|이라))"
)
KOREAN_HELP = (
    r"(?:도와|도움을?|답변|대답|응답|답을?|알려|제공|작성|생성|수행|지원|설명|공유|추천|안내|조언|언급|논의"
    r"|요청에|요청을|질문에|응|들어|써(?=\s?드))"
)
KOREAN_CANNOT = (
    r"(?:\s?(?:을|를|은|는|이|가|도|에|에는)?\s?(?:드리|드릴|해|하|할|줄|주|응하|응할|답하|답할|따르|따를)\s?(?:드리|드릴|주|줄)?"
    r"\s?(?:수(?:가|는)?\s?없(?:습니다|어요|네요|음|다)|기(?:가|는)?\s?(?:어렵|어려|곤란|힘들)|지\s?(?:않|못)(?:습니다|아요|해요|합니다|겠습니다)))"
)
KOREAN = re.compile(
    rf"{KOREAN_SORRY}{GAP}{{0,60}}(?:[.!]\s{{0,2}})?{GAP}{{0,80}}?{KOREAN_HELP}{KOREAN_CANNOT}"
    rf"|(?:요청|질문|내용|주제|정보|부탁){GAP}{{0,30}}?{KOREAN_HELP}{KOREAN_CANNOT}"
)


def is_refusal(text: str) -> bool:
    """`text` is composed (NFC)."""
    if len(text) > LONGEST:
        return False
    head = unicodedata.normalize("NFKC", text[:HEAD]).replace("’", "'").strip(" \t\n\r*_>#-\"'“”‘")
    return bool(ENGLISH.search(head.lower()) or KOREAN.search(head))

"""The prompts of examples: in words where a recipe has none of its own, and with their places filled."""

import re
from typing import Literal

PLACE = re.compile(r"\{(\w+)\}")
HEADING = "{heading}"
HANGUL, LATIN = re.compile("[가-힣]+"), re.compile("[A-Za-z]+")
WORDED = {  # by the place that they hold, and the language of the piece: they are data, not words of the page
    "keywords": {"ko": "다음 낱말로 글을 쓰세요: {keywords}", "en": "Write a text with these words: {keywords}"},
    "summary": {"ko": "다음 내용으로 글을 쓰세요: {summary}", "en": "Write a text with this content: {summary}"},
    "text": {"ko": "다음 글의 핵심 낱말을 쓰세요.\n\n{text}", "en": "List the keywords of this text.\n\n{text}"},
}


def language_of(text: str) -> Literal["ko", "en"]:
    """Korean with foreign names in it is Korean: a syllable says as much as three letters."""
    hangul, latin = (sum(map(len, letters.findall(text))) for letters in (HANGUL, LATIN))
    return "ko" if hangul and hangul * 3 >= latin else "en"


def fill(template: str, **words: str) -> str:
    """`{name}` replaced by its words; other braces stay. Without a heading, a line that is for it alone is left out."""
    if HEADING in template and not words.get("heading"):
        template = "\n".join(line for line in template.split("\n") if set(PLACE.findall(line)) != {"heading"}).strip(
            "\n"
        )
    return PLACE.sub(lambda found: words.get(found[1], found[0]), template)

"""E-mail addresses and API keys, and what merely looks like one."""

import re
from collections.abc import Iterator
from typing import NamedTuple


class Span(NamedTuple):
    start: int
    end: int


LONGEST_LOCAL = 64
LOCAL = re.compile(
    r"(?:(?<![A-Za-z0-9._%+-])[A-Za-z0-9_%+][A-Za-z0-9._%+-]{0,63}|(?<![0-9A-Za-z가-힣._-])[가-힣]{2,10}) ?\Z"
)
_GENERIC = (
    "com|net|org|edu|gov|mil|int|info|biz|name|pro|aero|coop|museum|jobs|mobi|tel|asia|cat|post|xxx|app|dev|page|blog|cloud"
    "|online|site|store|shop|tech|website|space|agency|academy|company|email|mail|group|team|work|works|world|today|life|live"
    "|media|news|press|studio|design|digital|network|systems|solutions|software|services|support|center|consulting|finance"
    "|fund|money|bank|law|legal|health|clinic|hospital|school|university|church|social|games|games|art|wiki|xyz|top|vip|club"
    "|icu|one|ltd|inc|llc|gmbh|global|international|earth|eco|energy|green|kim|lab|seoul|samsung|tokyo|london|berlin|nyc"
)
TOP = rf"(?:[A-Za-z]{{2}}|{_GENERIC}|xn--[A-Za-z0-9-]{{2,40}}|한국|닷컴|닷넷|삼성)(?![A-Za-z0-9-])"
DOMAIN = re.compile(rf" ?(?:[A-Za-z0-9가-힣](?:[A-Za-z0-9가-힣-]{{0,62}})\.){{1,8}}{TOP}", re.IGNORECASE)
FILES = re.compile(
    r"\.(?:ai|cc|gz|hs|js|kt|md|ml|pl|ps|py|rb|rs|sh|so|ts)$|^[1-4]x\.", re.IGNORECASE
)  # top domains, too
REMOTE = re.compile(r":(?![0-9]{1,5}(?:/|\b))[\w~./-]*/")  # git@host:team/project.git
COMMAND = re.compile(r"(?:\b(?:ssh|scp|sftp|rsync|mosh|ssh-copy-id)\b[^\n@]{0,40}[ '\"]|://(?:[^\s/@]{1,64}:)?)$")
WRITTEN_OUT = ("골뱅이", "at)", "at]", "at}", " dot ", "(@)", "[@]")
_AT = r" ?(?:[\[({] ?(?:at|@|골뱅이) ?[\])}]|골뱅이) ?| at (?=[a-z0-9-]{2,40} dot )"
_DOT = r" ?(?:[\[({] ?(?:dot|\.|점|쩜) ?[\])}]|\.|[점쩜]) ?| dot "
SPELT_OUT = re.compile(
    rf"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_][A-Za-z0-9._%+-]{{0,63}}(?:{_AT})(?:[A-Za-z0-9-]{{1,63}}(?:{_DOT})){{1,4}}"
    rf"(?:{_GENERIC}|[a-z]{{2}})(?![A-Za-z0-9-])",
    re.IGNORECASE,
)

KEY_MARKS = (
    *("sk-", "sk_", "rk_", "AKIA", "ASIA", "AIza", "ya29.", "hf_", "xox", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    *(
        "github_pat_",
        "glpat-",
        "gsk_",
        "xai-",
        "r8_",
        "pplx-",
        "nvapi-",
        "npm_",
        "pypi-",
        "SG.",
        "eyJ",
        "tgp_v1_",
        "fw_",
    ),
)
KEY = re.compile(
    r"(?<![A-Za-z0-9_-])(?:sk-[A-Za-z0-9_-]{16,}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|A[KS]IA[0-9A-Z]{16}"
    r"|AIza[0-9A-Za-z_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|gh[opsru]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,}|gsk_[A-Za-z0-9]{20,}"
    r"|xai-[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{30,}|pplx-[A-Za-z0-9]{30,}|nvapi-[A-Za-z0-9_-]{30,}|npm_[A-Za-z0-9]{30,}"
    r"|pypi-[A-Za-z0-9_-]{50,}|SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}|tgp_v1_[A-Za-z0-9_-]{20,}|fw_[A-Za-z0-9]{20,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})"
)


def addresses(text: str) -> Iterator[Span]:
    at, last = text.find("@"), 0
    while at >= 0:
        if found := _address(text, at, last):
            last = found.end
            yield found
        at = text.find("@", at + 1)
    if any(sign in text for sign in WRITTEN_OUT):
        yield from (Span(*match.span()) for match in SPELT_OUT.finditer(text))


def _address(text: str, at: int, last: int) -> Span | None:
    domain = DOMAIN.match(text, at + 1)
    local = LOCAL.search(text, max(last, at - LONGEST_LOCAL - 1), at) if domain else None
    if not domain or not local or (domain[0][0] == " ") != (local[0][-1] == " "):
        return None
    is_no_mail = FILES.search(domain[0]) or REMOTE.match(text, domain.end())
    if is_no_mail or COMMAND.search(text, max(0, local.start() - LONGEST_LOCAL), local.start()):
        return None
    return Span(local.start(), domain.end())


def keys(text: str) -> Iterator[Span]:
    if any(mark in text for mark in KEY_MARKS):
        for match in KEY.finditer(text):
            if is_key(match[0]):
                yield Span(*match.span())


def is_key(text: str) -> bool:
    """A key holds digits; `sk-this-is-a-long-name` is a name."""
    return any("0" <= char <= "9" for char in text)

"""Why a text cannot be read, and what was noticed on the way. jobs/text_faults.py has the words."""

from enum import StrEnum


class TextCode(StrEnum):
    """Why there is no text."""

    BYTES_MISSING = "bytes_missing"
    EMPTY = "empty"
    NO_TEXT = "no_text"
    SCANNED = "scanned"
    UNREADABLE_FONTS = "unreadable_fonts"
    NOT_TEXT = "not_text"
    UNKNOWN_ENCODING = "unknown_encoding"
    WRONG_ENCODING = "wrong_encoding"
    OTHER_KIND = "other_kind"
    BROKEN = "broken"
    ENCRYPTED = "encrypted"
    OLD_FORMAT = "old_format"
    BOMB = "bomb"
    ENTITIES = "entities"
    TOO_DEEP = "too_deep"
    TOO_LONG = "too_long"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_SLOW = "too_slow"


class Note(StrEnum):
    """What a person should know of a text that was read."""

    BOM = "bom"
    DECOMPOSED = "decomposed"
    CRLF = "crlf"
    INVISIBLE = "invisible"
    UNREADABLE = "unreadable"
    MARKUP = "markup"
    PAGES_WITHOUT_TEXT = "pages_without_text"
    NO_BREAK = "no_break"
    DELETED = "deleted"
    HIDDEN = "hidden"
    COMMENTS = "comments"
    RUNNING = "running"
    RUBY = "ruby"
    NUMBERS = "numbers"
    SIGNS = "signs"
    CHARTS = "charts"
    EMBEDDED = "embedded"
    EQUATIONS = "equations"
    FOOTNOTES = "footnotes"
    MOJIBAKE = "mojibake"
    PUT_RIGHT = "put_right"
    QUESTION_MARKS = "question_marks"
    PRIVATE_USE = "private_use"
    UNREADABLE_PAGES = "unreadable_pages"
    PARTLY_UNREADABLE_PAGES = "partly_unreadable_pages"
    RUNNING_HEADS = "running_heads"
    HYPHENS = "hyphens"
    OUTSIDE = "outside"
    DOUBTFUL_PAGES = "doubtful_pages"


class TextFaultError(Exception):
    """There is no text, because of `code`."""

    def __init__(self, code: TextCode, **params: str | int) -> None:
        super().__init__(code)
        self.code, self.params = code, params

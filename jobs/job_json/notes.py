"""What a person should know of a job's JSON that was taken all the same, each by a code."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.job_json.facts import Told
from jobs.job_json.parsing import Parsed

WORDS: dict[str, str | Promise] = {
    "printed": _("This is not JSON but an object that a program printed. It was read; check that nothing is missing."),
    "cp949": _("It is encoded as CP949, not as UTF-8. It was read as CP949."),
    "utf16": _("It is encoded as UTF-16, not as UTF-8. It was read as UTF-16."),
    "text_left_out": _("Text before or after the JSON, such as headers or a prompt, was left out."),
    "unwrapped": _("The job was inside another object. The rest of that object was left out."),
    "unknown_status": _("Its status is a word that this portal does not know. It is kept as it came: %(status)s"),
    "ended_by_time": _("The JSON says when the job ended, so the job counts as ended."),
    "odd_time": _(
        "A time in the JSON cannot be right: it lies in the future, or is none. The time of the import stands "
        "in its place; the JSON is kept as it came."
    ),
    "ends_before": _("The job ends before it was created. Both times are kept as they came."),
    "other_object": _(
        "It does not have the form of OpenAI's jobs and was read by the names of its fields. Its object: %(object)s"
    ),
}


class Note(NamedTuple):
    code: str
    message: str


def notes_on(parsed: Parsed, told: Told) -> list[Note]:
    """How it was got at, and what is odd in it."""
    found: list[tuple[str, dict[str, str]]] = [(code, {}) for code in parsed.notes] + told.notes
    return [Note(code, str(WORDS[code]) % params if params else str(WORDS[code])) for code, params in found]

"""What a person reads of personal data before questions go to a service outside this machine."""

from collections.abc import Iterable
from typing import Any

from jobs.findings import WORDS
from jobs.models import Candidate
from jobs.pipeline.rescue import recording


def notice(candidates: Iterable[Candidate]) -> dict[str, Any]:
    some = list(candidates)
    personal = recording.personal(some)
    return {
        "outside": any(not one.connection.about.bundled for one in some),
        "personal": personal,
        "personal_words": [(WORDS[code][0], count) for code, count in personal.kinds.items() if code in WORDS],
    }

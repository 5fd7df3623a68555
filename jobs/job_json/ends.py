"""Whether a job has ended, and as what: by a word that its service is known to use, or by what else it says."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from jobs.end_words import UNDER_WAY, plain
from jobs.job_json.names import CHANGED, FINISHED, PROMISED, STATUS, TUNED, Json, first, in_snake_case, name_of
from jobs.job_json.reasons import error_of
from jobs.moments import moment
from jobs.states import State

CLOCKS_DIFFER = timedelta(minutes=5)
MAY_YET_SAY = timedelta(minutes=2)  # some services name the model only so long after the end


class End(NamedTuple):
    """How a job ended. `word_is_known`: False where its other values had to tell."""

    state: State
    word_is_known: bool


def status_of(raw: Json) -> str:
    """The service's word for where the job is, as it came; empty where there is none."""
    return _status(in_snake_case(raw))


def _status(named: Json) -> str:
    told = (named.get(name) for name in STATUS)
    return next((word[:64] for word in told if isinstance(word, str) and word), "")


def end_of(raw: Json, ends: Mapping[str, State], now: datetime) -> End | None:
    """None: it goes on.

    A word that is not known ends the job where the service says when it finished: it succeeded if a model is named and
    failed if a reason is. With neither it failed, once the service had two minutes to say more.
    """
    word = plain(quick) if isinstance(quick := raw.get("status"), str) and quick else ""
    if word in ends:
        return End(ends[word], True)
    if word in UNDER_WAY:
        return None
    named = in_snake_case(raw)
    word = plain(_status(named))
    if word in ends:
        return End(ends[word], True)
    finished = moment(first(named, FINISHED))
    if word in UNDER_WAY or not word or finished is None or finished > now + CLOCKS_DIFFER:
        return None
    return _by_what_it_says(named, now - finished)


def _by_what_it_says(named: Json, ago: timedelta) -> End | None:
    if name_of(first(named, TUNED), 300):
        return End(State.SUCCEEDED, False)
    if error_of(named):
        return End(State.FAILED, False)
    if name_of(first(named, PROMISED), 300):
        return End(State.SUCCEEDED, False)
    return End(State.FAILED, False) if ago >= MAY_YET_SAY else None


def finish_of(named: Json) -> object:
    """When it finished, as it came, of a job that has ended: some services say only when they last changed it."""
    return first(named, (*FINISHED, *CHANGED))

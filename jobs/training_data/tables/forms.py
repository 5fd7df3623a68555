"""The forms of examples that are known by their keys, each with what makes a training example of it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jobs.training_data.tables import glaive, logged, preferences, ready, talks
from jobs.training_data.tables.notes import Notes

type Row = dict[str, Any]


class Form(NamedTuple):
    name: str  # what a person knows it by
    fits: Callable[[Row], bool]
    made: Callable[[Row, Notes, int], Row | None]  # the number is the row's


FORMS = {  # the surest first
    "ready": Form("OpenAI", ready.is_ready, lambda row, notes, _n: ready.ready(row, notes)),
    "preference": Form("chosen / rejected", preferences.is_preference, preferences.preference),
    "logged": Form("OpenAI API log", logged.is_logged, logged.logged),
    "glaive": Form("Glaive", glaive.is_glaive, lambda row, notes, _n: glaive.glaive(row, notes)),
    "pair": Form("prompt / completion", talks.is_pair, lambda row, notes, _n: talks.pair(row, notes)),
    "sharegpt": Form("ShareGPT", talks.is_sharegpt, lambda row, notes, _n: talks.sharegpt(row, notes)),
    "alpaca": Form("Alpaca", talks.is_alpaca, lambda row, notes, _n: talks.alpaca(row, notes)),
}
# Columns whose cells may hold a list or an object, where a table was saved as texts.
STRUCTURED = frozenset(
    {*talks.TALKS, *talks.TOOLS, *preferences.BETTER, *preferences.WORSE, "prompt", "completion", "input", "history"}
)


def form_of(row: Row) -> str:
    """The name of the form that a row has, in FORMS; nothing where its keys tell none."""
    return next((name for name, form in FORMS.items() if form.fits(row)), "")

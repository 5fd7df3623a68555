"""How a version came to be, in words: what its recorded options say."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.models import Origin, TrainingFile

LINES_SHOWN = 12

type Options = dict[str, Any]


def recorded(file: TrainingFile) -> list[str]:
    """A sentence or two for each option; none for those that have a place of their own (the system prompt)."""
    words = WORDS.get(file.origin)
    return words(file) if words else []


def _seed(options: Options) -> str:
    return _("Seed: %(seed)s") % {"seed": options["seed"]}


def _split(file: TrainingFile) -> list[str]:
    percent = round(file.options["ratio"] * 100)
    if file.options["part"] == "training":
        return [_("For training: %(percent)s %%") % {"percent": percent}, _seed(file.options)]
    return [_("For validation: %(percent)s %%") % {"percent": 100 - percent}, _seed(file.options)]


def _sampled(file: TrainingFile) -> list[str]:
    count = file.options["count"]
    return [ngettext("%(n)d example drawn", "%(n)d examples drawn", count) % {"n": count}, _seed(file.options)]


def _merged(file: TrainingFile) -> list[str]:
    found = TrainingFile.objects.filter(team=file.team_id, uuid__in=file.options["with"])
    names = {str(uuid): name for uuid, name in found.values_list("uuid", "name")}
    return [_("With: %(name)s") % {"name": names.get(uuid, uuid)} for uuid in file.options["with"]]


def _prompted(file: TrainingFile) -> list[str]:
    return [] if file.options["system_prompt"] else [_("The system prompt was taken away.")]


def _converted(file: TrainingFile) -> list[str]:
    told = {
        "legacy": _("To prompts and completions"),
        "preferred": _("To chats with the preferred answer"),
    }
    return [told[to]] if (to := file.options.get("to")) in told else []


def _reduced(file: TrainingFile) -> list[str]:
    lines = file.options.get("lines", [])
    shown = ", ".join(map(str, lines[:LINES_SHOWN])) + (" …" if len(lines) > LINES_SHOWN else "")
    return [_("Lines left out: %(lines)s") % {"lines": shown}] if lines else []


WORDS: dict[str, Callable[[TrainingFile], list[str]]] = {
    Origin.SPLIT: _split,
    Origin.SAMPLED: _sampled,
    Origin.SHUFFLED: lambda file: [_seed(file.options)],
    Origin.MERGED: _merged,
    Origin.PROMPTED: _prompted,
    Origin.CONVERTED: _converted,
    Origin.REDUCED: _reduced,
}

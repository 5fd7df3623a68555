"""How a version came to be, in words: what its recorded options say."""

from collections.abc import Callable
from typing import Any

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jobs.faults import explain
from jobs.models import Origin, TrainingFile
from jobs.repair_words import DONE
from jobs.training_data.report import Fault
from jobs.training_data.tables.forms import FORMS

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
        return [_("For training: %(percent)s%%") % {"percent": percent}, _seed(file.options)]
    return [_("For validation: %(percent)s%%") % {"percent": 100 - percent}, _seed(file.options)]


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


def _mapped(file: TrainingFile) -> list[str]:
    mapping, way = file.options["mapping"], file.options["way"]
    notes = [explain(each)[0] for each in msgspec.convert(file.options.get("notes", []), list[Fault])]
    if known := FORMS.get(mapping.get("shape", "")):
        return [_("Read as %(name)s") % {"name": known.name}, *notes]
    roles = {
        "user": _("User"),
        "context": _("Context"),
        "assistant": _("Assistant"),
        "rejected": _("Rejected"),
        "system": _("System"),
    }
    told = [f"{role}: {mapping[key]}" for key, role in roles.items() if mapping.get(key)]
    if sheet := way.get("sheet"):
        told.append(_("Sheet: %(name)s") % {"name": sheet})
    return [*told, *notes]


def _repaired(file: TrainingFile) -> list[str]:
    options = file.options
    encoding = options.get("encoding", "utf-8")
    done = {
        "mojibake": _("Text in a wrong encoding (mojibake) put right"),
        "nfc": _("Hangul composed"),
        "zero_width": _("Zero-width characters left out"),
        "crlf": _("Line ends of Windows replaced"),
        "cr": _("Line ends of an old Mac (CR) replaced"),
    }
    told = [words for key, words in done.items() if options.get(key)]
    told += [str(words) for form, words in DONE.items() if form in options.get("forms", [])]
    if encoding == "mixed":
        return [_("Lines that were no UTF-8 read as CP949"), *told]
    if encoding != "utf-8":
        return [_("Read as %(name)s") % {"name": encoding.upper()}, *told]
    return told or [_("Byte order mark left out")]


def _edited(file: TrainingFile) -> list[str]:
    lines = [(line, content) for line, content in file.options.get("changes", [])]
    deleted = sum(content is None for _line, content in lines)
    added = sum(line is None for line, _content in lines)
    told = {"changed": len(lines) - deleted - added, "deleted": deleted, "added": added}
    return [_("Changed %(changed)s, deleted %(deleted)s, added %(added)s") % told]


WORDS: dict[str, Callable[[TrainingFile], list[str]]] = {
    Origin.EDITED: _edited,
    Origin.SPLIT: _split,
    Origin.SAMPLED: _sampled,
    Origin.SHUFFLED: lambda file: [_seed(file.options)],
    Origin.MERGED: _merged,
    Origin.PROMPTED: _prompted,
    Origin.CONVERTED: _converted,
    Origin.REDUCED: _reduced,
    Origin.MAPPED: _mapped,
    Origin.REPAIRED: _repaired,
}

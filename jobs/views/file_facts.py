"""What the page of a file says about it: the report in words, and what training on it would cost."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from django.conf import settings

from jobs import pricing
from jobs.engines import Engine, facts_of
from jobs.methods import Method
from jobs.models import Connection, TrainingFile
from jobs.profiles import PROFILES, Profile, offered
from jobs.repair_words import REASONS
from jobs.training_data.encodings import MIXED
from jobs.training_data.estimating import Estimate
from jobs.training_data.privacy import mask_quote, shown_messages
from jobs.training_data.report import Report
from jobs.views.file_faults import Said, SaidOnce, is_mended_by, say, say_once

EPOCHS = (1, 3, 5, 10)
SIDES = ("", "preferred", "rejected")


class Sides(NamedTuple):
    """The messages of an example; the two answers of a preference apart."""

    messages: list[dict[str, Any]]
    preferred: list[dict[str, Any]]
    rejected: list[dict[str, Any]]


class Row(NamedTuple):
    """One base model, and its estimate for each of EPOCHS."""

    profile: Profile
    base: pricing.Base
    estimates: list[pricing.Estimate]
    title: str = ""  # where it has another name than the base's


@dataclass(frozen=True)
class Costs:
    epochs: tuple[int, ...]
    rows: list[Row]
    unpriced: list[Profile]  # services whose prices nobody told us
    rate: Decimal = field(default_factory=lambda: settings.USD_KRW)
    rate_date: date = field(default_factory=lambda: settings.USD_KRW_DATE)

    @property
    def as_of(self) -> date | None:
        """The day of the oldest price shown."""
        return min((row.base.as_of for row in self.rows), default=None)

    @property
    def is_approximate(self) -> bool:
        return any(estimate.is_approximate for row in self.rows for estimate in row.estimates)


@dataclass(frozen=True)
class Facts:
    report: Report
    sample: list[Sides]
    faults: list[SaidOnce]
    warnings: list[Said]
    costs: Costs | None
    repair: dict[str, Any] | None  # repairing.Found as plain values

    @property
    def repair_is_enough(self) -> bool:
        return bool(self.repair) and is_mended_by(self.report, self.repair or {})

    @property
    def has_lines_to_edit(self) -> bool:
        return any(fault.line for fault in self.faults)

    @property
    def faults_unsaid(self) -> int:
        return self.report.fault_count - sum(fault.times for fault in self.faults)


def by_side(messages: list[dict[str, Any]]) -> Sides:
    """Takes them as `training_data.reading` shows them."""
    return Sides(*([each for each in messages if each.get("side", "") == side] for side in SIDES))


def facts(file: TrainingFile) -> Facts:
    """Personal data in what the report quotes of the file is hidden, unless the team does not want it."""
    report = Report.from_dict(file.report)
    found = {one.code for one in report.findings}  # a finding names all lines, so its warning need not be said too
    warnings = [say(one) for one in report.warnings if one.code not in found]
    hide = file.team.privacy
    sample = [by_side(shown_messages(messages, hide=hide)) for messages in report.sample]
    return Facts(report, sample, say_once(report, hide=hide), warnings, _costs(file), _repair(file, hide=hide))


def _repair(file: TrainingFile, *, hide: bool) -> dict[str, Any] | None:
    """What the page offers to put right. A table is read as what it is when its columns are chosen."""
    found: dict[str, Any] | None = file.report.get("repair")
    if found and _is_chosen_with_columns(file, found):
        return None
    if found:
        written = {"mojibake": found.get("mojibake", 0), "cr": found.get("cr", 0), **found.get("forms", {})}
        found = found | {"written": [(REASONS[form], count) for form, count in written.items() if count]}
    if not (found and hide):
        return found
    sides = ("before", "after")
    hidden = [change | {side: mask_quote(change[side]) for side in sides} for change in found["changes"]]
    return found | {"changes": hidden}


def _is_chosen_with_columns(file: TrainingFile, found: dict[str, Any]) -> bool:
    """A table's encoding is; nothing else of it is wrong."""
    others = (found["apart"], found["invisible"], found.get("mojibake"), found["evidence"]["encoding"] == MIXED)
    return file.is_table and not any(others)


@dataclass(frozen=True)
class Guess:
    """What a file that is being checked holds about, and what training on it would cost about."""

    about: Estimate
    base: pricing.Base | None
    epochs: int
    usd: tuple[Decimal, Decimal, Decimal] | None  # about, and between which two


def guess(file: TrainingFile) -> Guess | None:
    if not (told := file.report.get("estimate")):
        return None
    about = msgspec.convert(told, Estimate)
    epochs = pricing.likely_epochs(about.examples.value)
    base = next((base for profile in _profiles(file) for base in pricing.bases(profile.slug) if base.training), None)
    if base is None:
        return Guess(about, None, epochs, None)
    tokens = about.tokens
    middle, low, high = (base.training * n * epochs / pricing.MILLION for n in (tokens.value, tokens.low, tokens.high))
    return Guess(about, base, epochs, (middle, low, high))


def _costs(file: TrainingFile) -> Costs | None:
    if not file.tokens:
        return None
    profiles = _profiles(file)
    method = file.method or Method.SUPERVISED
    rows = [
        _row(file, method, profile, base)
        for profile in profiles
        for base in pricing.bases(profile.slug)
        if method in base.methods
    ]
    rows = [*_own_rows(file, method), *rows]
    return Costs(EPOCHS, rows, [profile for profile in profiles if not pricing.bases(profile.slug)])


def _own_rows(file: TrainingFile, method: Method) -> list[Row]:
    """Real base models of our own trainer, each once."""
    found: dict[str, Row] = {}
    for connection in Connection.objects.alive().filter(team=file.team_id):
        for name in connection.real_bases():
            facts = facts_of(connection.listed(name))
            base = pricing.base(connection.profile, name, Engine.TRANSFORMERS)
            if base and name not in found:
                found[name] = _row(file, method, connection.about, base, facts)
    return list(found.values())


def _profiles(file: TrainingFile) -> list[Profile]:
    """The services that the team is connected to; all we know of when there is none."""
    slugs = set(Connection.objects.alive().filter(team=file.team_id).values_list("profile", flat=True))
    return [profile for slug, profile in PROFILES.items() if slug in slugs] or offered()


def _row(
    file: TrainingFile, method: Method, profile: Profile, base: pricing.Base, facts: dict[str, Any] | None = None
) -> Row:
    """`facts`: of a real base (jobs.engines.facts_of)."""
    size: dict[str, Any] = {"tokens": file.tokens, "examples": file.examples, "method": method}
    known: dict[str, Any] = {"engine": Engine.TRANSFORMERS if base.is_own else "", "facts": facts}
    estimates = [pricing.estimate(profile.slug, base.id, epochs=epochs, **size, **known) for epochs in EPOCHS]
    return Row(profile, base, estimates, (facts or {}).get("title", ""))

"""What the page of a file says about it: the report in words, and what training on it would cost."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import msgspec
from django.conf import settings

from jobs import pricing
from jobs.faults import explain
from jobs.models import Connection, TrainingFile
from jobs.profiles import PROFILES, Profile, offered
from jobs.training_data.estimating import Estimate
from jobs.training_data.privacy import mask_for_display, mask_messages
from jobs.training_data.report import Fault, Report

EPOCHS = (1, 3, 5, 10)


class Said(NamedTuple):
    """A fault or a warning in the reader's language."""

    line: int
    column: int | None
    offset: int
    message: str
    remedy: str


class Row(NamedTuple):
    """One base model, and its estimate for each of EPOCHS."""

    profile: Profile
    base: pricing.Base
    estimates: list[pricing.Estimate]


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


@dataclass(frozen=True)
class Facts:
    report: Report
    faults: list[Said]
    warnings: list[Said]
    costs: Costs | None


def say(fault: Fault) -> Said:
    return Said(fault.line, fault.column, fault.offset, *explain(fault))


def facts(file: TrainingFile) -> Facts:
    """Personal data in the sample, and in what faults quote, is hidden, unless the team does not want it."""
    report = Report.from_dict(file.report)
    found = {one.code for one in report.findings}  # a finding names all lines, so its warning need not be said too
    faults, warnings = report.faults, [one for one in report.warnings if one.code not in found]
    if file.team.privacy:
        report.sample = [mask_messages(messages) for messages in report.sample]
        return Facts(report, [_hidden(say(f)) for f in faults], [say(w) for w in warnings], _costs(file))
    return Facts(report, [say(f) for f in faults], [say(w) for w in warnings], _costs(file))


def _hidden(said: Said) -> Said:
    return said._replace(message=mask_for_display(said.message))


@dataclass(frozen=True)
class Guess:
    """What a file that is being checked holds about, and what training on it would cost about."""

    about: Estimate
    base: pricing.Base | None
    epochs: int
    low: Decimal | None
    high: Decimal | None


def guess(file: TrainingFile) -> Guess | None:
    if not (told := file.report.get("estimate")):
        return None
    about = msgspec.convert(told, Estimate)
    epochs = pricing.likely_epochs(about.examples.value)
    base = next((base for profile in _profiles(file) for base in pricing.bases(profile.slug) if base.training), None)
    if base is None:
        return Guess(about, None, epochs, None, None)
    low, high = (base.training * tokens * epochs / pricing.MILLION for tokens in (about.tokens.low, about.tokens.high))
    return Guess(about, base, epochs, low, high)


def _costs(file: TrainingFile) -> Costs | None:
    if not file.tokens:
        return None
    profiles = _profiles(file)
    rows = [_row(file, profile, base) for profile in profiles for base in pricing.bases(profile.slug)]
    return Costs(EPOCHS, rows, [profile for profile in profiles if not pricing.bases(profile.slug)])


def _profiles(file: TrainingFile) -> list[Profile]:
    """The services that the team is connected to; all we know of when there is none."""
    slugs = set(Connection.objects.alive().filter(team=file.team_id).values_list("profile", flat=True))
    return [profile for slug, profile in PROFILES.items() if slug in slugs] or offered()


def _row(file: TrainingFile, profile: Profile, base: pricing.Base) -> Row:
    estimates = [
        pricing.estimate(profile.slug, base.id, tokens=file.tokens, examples=file.examples, epochs=epochs)
        for epochs in EPOCHS
    ]
    return Row(profile, base, estimates)

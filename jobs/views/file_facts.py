"""What the page of a file says about it: the report in words, and what training on it would cost."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings

from jobs import pricing
from jobs.faults import explain
from jobs.models import Connection, TrainingFile
from jobs.profiles import PROFILES, Profile, offered
from jobs.training_data.privacy import mask_for_display, mask_messages
from jobs.training_data.report import Fault, Report

EPOCHS = (1, 3, 5, 10)


class Said(NamedTuple):
    """A fault or a warning in the reader's language."""

    line: int
    column: int | None
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
    return Said(fault.line, fault.column, *explain(fault))


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


def _costs(file: TrainingFile) -> Costs | None:
    """For the services that the team is connected to; for all we know of when there is none."""
    if not file.tokens:
        return None
    slugs = set(Connection.objects.alive().filter(team=file.team_id).values_list("profile", flat=True))
    profiles = [profile for slug, profile in PROFILES.items() if slug in slugs] or offered()
    rows = [_row(file, profile, base) for profile in profiles for base in pricing.bases(profile.slug)]
    return Costs(EPOCHS, rows, [profile for profile in profiles if not pricing.bases(profile.slug)])


def _row(file: TrainingFile, profile: Profile, base: pricing.Base) -> Row:
    estimates = [
        pricing.estimate(profile.slug, base.id, tokens=file.tokens, examples=file.examples, epochs=epochs)
        for epochs in EPOCHS
    ]
    return Row(profile, base, estimates)

"""Tokens x epochs x price. Prices and shut-down dates are data: catalog.toml, with source and as-of date."""

import math
import tomllib
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop

from jobs.engines import Engine, base_of
from jobs.methods import TRAINS_ON, Method
from jobs.profiles import PROFILES

# Where the catalog's figures come from: kept in English, translated where they are shown.
OWN = gettext_noop("a model of your own: no fee; electricity is not counted")
SOURCES = (
    OWN,
    gettext_noop("the bundled trainer"),
    gettext_noop("OpenAI price page and deprecations page, copies of 2026"),
)
METHOD_SOURCES = (
    gettext_noop("the bundled trainer"),
    gettext_noop("OpenAI method guides, copies of November 2026"),
)
MILLION = Decimal(1_000_000)
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Base:
    """One base model of one kind of service. Prices: USD per million tokens."""

    profile: str
    id: str
    label: str
    training: Decimal
    input: Decimal
    output: Decimal
    source: str
    as_of: date
    methods: tuple[str, ...]  # by which it can be trained, as far as anybody wrote down
    methods_source: str
    practice: bool = False
    shutdown: date | None = None
    no_new_jobs: date | None = None
    is_own: bool = False  # trained and run on the machine of whoever runs the trainer

    @property
    def days_left(self) -> int | None:
        """Days until it is switched off; None when no date is known."""
        return (self.shutdown - timezone.now().date()).days if self.shutdown else None

    @property
    def is_near_end(self) -> bool:
        """A model trained now would live for less than ninety days."""
        return self.days_left is not None and self.days_left < 90

    @property
    def takes_jobs(self) -> bool:
        last = self.no_new_jobs or self.shutdown
        return last is None or timezone.now().date() < last


@dataclass(frozen=True)
class Estimate:
    """What a job will cost, as far as anybody can know. `usd` is None where the price is unknown."""

    tokens: int  # of the training file, once
    epochs: int
    epochs_are_guessed: bool  # "auto": the service chooses
    price: Decimal | None  # USD per million training tokens
    practice: bool
    source: str
    as_of: str
    is_approximate: bool = False  # nobody says which tokens of such a file the service counts
    is_own: bool = False  # no fee: the machine of whoever runs the trainer does it
    tokenizer: str = ""  # the base's own, which `tokens` are converted to; empty: o200k
    token_ratio: float | None = None  # its tokens for one of o200k
    seconds: int | None = None  # of training; None where nobody has measured the base's speed

    @property
    def trained_tokens(self) -> int:
        return self.tokens * self.epochs

    @property
    def usd(self) -> Decimal | None:
        return None if self.price is None else self.price * self.trained_tokens / MILLION

    @property
    def krw(self) -> int | None:
        return None if self.usd is None else won(self.usd)

    @property
    def time(self) -> timedelta | None:
        return None if self.seconds is None else timedelta(seconds=self.seconds)

    def as_dict(self) -> dict[str, Any]:
        """Fit for a JSON column; Decimals as text."""
        plain = asdict(self) | {"usd": self.usd, "krw": self.krw, "rate": settings.USD_KRW}
        return {key: str(value) if isinstance(value, Decimal) else value for key, value in plain.items()} | {
            "rate_date": settings.USD_KRW_DATE.isoformat()
        }


@cache
def catalog() -> tuple[Base, ...]:
    """Every base model we know prices of."""
    with (Path(__file__).parent / "catalog.toml").open("rb") as handle:
        rows = tomllib.load(handle, parse_float=Decimal)["base"]
    return tuple(_base(row) for row in rows)


def _base(row: dict[str, Any]) -> Base:
    prices = {name: Decimal(row[name]) for name in ("training", "input", "output")}
    return Base(**{**row, **prices, "methods": tuple(row["methods"])})


def bases(profile: str) -> list[Base]:
    """The catalog's base models of one kind of service."""
    return [base for base in catalog() if base.profile == profile]


def base(profile: str, model: str, engine: str = "") -> Base | None:
    """What is known of a base model id, an alias of it, or a model tuned from it; None where no price is.

    engine: what is behind the model, where that is known. What our own machine trains is never in the catalog. Another
    service may name the same engine and charge for it: only our own trainer's is without a fee.
    """
    name = base_of(model)
    if engine == Engine.TRANSFORMERS and PROFILES[profile].bundled:
        return _own(profile, name)
    return next((b for b in bases(profile) if name in (b.id, b.label)), None)


def _own(profile: str, name: str) -> Base:
    free = Decimal(0)
    today = timezone.now().date()
    return Base(profile, name, name, free, free, free, OWN, today, tuple(TRAINS_ON), METHOD_SOURCES[0], is_own=True)


def likely_epochs(examples: int) -> int:
    """What "auto" most likely becomes: 3, and more for few examples (about 100 passes over ten; observed)."""
    return min(25, max(3, math.ceil(100 / max(examples, 1))))


def estimate(
    profile: str,
    model: str,
    *,
    tokens: int,
    examples: int,
    epochs: int | str,
    method: str = Method.SUPERVISED,
    engine: str = "",
    facts: dict[str, Any] | None = None,
) -> Estimate:
    """Estimate a job of `examples` examples with `tokens` tokens; validation data is not billed.

    OpenAI bills "tokens in the file x epochs" whatever the method. That both answers of a DPO example count is likely,
    but not written down: such an estimate says so. `facts`: engines.facts_of a real base.
    """
    known = base(profile, model, engine)
    if known and known.is_own:
        return _own_estimate(known, facts or {}, tokens=tokens, examples=examples, epochs=epochs)
    guessed = epochs == "auto"
    return Estimate(
        tokens=tokens,
        epochs=likely_epochs(examples) if guessed else int(epochs),
        epochs_are_guessed=guessed,
        price=known.training if known else None,
        practice=bool(known and known.practice),
        source=known.source if known else "",
        as_of=known.as_of.isoformat() if known else "",
        is_approximate=method == Method.DPO and profile != "trainer",  # which counts as we do
    )


def _own_estimate(known: Base, facts: dict[str, Any], *, tokens: int, examples: int, epochs: int | str) -> Estimate:
    """Of what our own machine trains: no fee, tokens by its own tokenizer, and how long it takes."""
    guessed, ratio, speed = epochs == "auto", facts.get("token_ratio"), facts.get("tokens_per_second")
    passes = own_epochs(facts, examples) if guessed else int(epochs)
    counted = round(tokens * ratio) if ratio else tokens
    return Estimate(
        tokens=counted,
        epochs=passes,
        epochs_are_guessed=guessed,
        price=known.training,
        practice=False,
        source=known.source,
        as_of=known.as_of.isoformat(),
        is_own=True,
        tokenizer=facts.get("title") or known.id if ratio else "",
        token_ratio=ratio,
        seconds=math.ceil(counted * passes / speed) if speed else None,
    )


def own_epochs(facts: dict[str, Any], examples: int) -> int:
    """What "auto" becomes at our own trainer: what the base recommends, else by its rule."""
    if passes := facts.get("auto_epochs"):
        return int(passes)
    if facts.get("kind") == "full":
        return max(1, min(35, 2500 // max(examples, 1)))
    return 3 if examples < 100 else 2


def training_cost(profile: str, model: str, trained_tokens: int, engine: str = "") -> Decimal | None:
    """What the service bills for so many trained tokens; None where the price is unknown."""
    known = base(profile, model, engine)
    return known.training * trained_tokens / MILLION if known else None


def chat_cost(known: Base | None, prompt_tokens: int, completion_tokens: int) -> Decimal | None:
    """What one answer costs; None where the price is unknown."""
    if known is None:
        return None
    return (known.input * prompt_tokens + known.output * completion_tokens) / MILLION


def won(usd: Decimal) -> int:
    """USD in Korean won at the operator's dated rate, whole."""
    return int((usd * settings.USD_KRW).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def cents(usd: Decimal) -> Decimal:
    """USD rounded to cents, upwards from half."""
    return usd.quantize(CENT, rounding=ROUND_HALF_UP)

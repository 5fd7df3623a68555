"""What does the work behind a model. The service says so in its list of models; nothing else decides it."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

type Json = dict[str, Any]

LONGEST_TEXT = 200
MOST_LANGUAGES = 30
KINDS = ("lora", "full")
OPEN_LICENCES = {"apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "cc0-1.0", "unlicense"}


class Engine(models.TextChoices):
    """Empty where a service names none: then nothing is known, and nothing is claimed."""

    SIMULATED = "simulated", _("simulated")
    TRANSFORMERS = "transformers", _("real training")


def has_open_licence(facts: Mapping[str, Any]) -> bool:
    """Whether the model may be used for anything, by a licence that everybody knows."""
    named = {str(facts.get(name, "")).casefold() for name in ("spdx", "licence")}
    return not facts.get("non_commercial") and bool(named & OPEN_LICENCES)


def base_of(model: str) -> str:
    """The base of a tuned model's name (`ft:base:…`); any other name is its own base."""
    return model.split(":")[1] if model.startswith("ft:") and model.count(":") > 1 else model


def is_practice_name(model: str) -> bool:
    """Our trainer names every simulated base `sim-…`, and no real one."""
    return base_of(model).startswith("sim-")


def engine_named(model: Mapping[str, Any]) -> str:
    """The engine that a service names for a model; empty where it names none that we know."""
    named = model.get("engine")
    return named if isinstance(named, str) and named in Engine.values else ""


def facts_of(model: Mapping[str, Any]) -> Json:
    """What a trainer says of a real model in its list, each fact only where it has the right type and size."""
    if engine_named(model) != Engine.TRANSFORMERS:
        return {}
    read = {name: reader(model.get(name)) for name, reader in _READERS.items()}
    auto = model.get("auto")
    # as the service writes it, and as it was kept
    read["auto_epochs"] = _whole(auto.get("n_epochs") if isinstance(auto, dict) else model.get("auto_epochs"))
    return {name: value for name, value in read.items() if value not in (None, "", [])}


def _text(value: object) -> str:
    return value.strip()[:LONGEST_TEXT] if isinstance(value, str) else ""


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value < 10**15 else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 < value < 10**9 else None


def _languages(value: object) -> list[str]:
    if not isinstance(value, list):
        return []
    return [text[:16] for one in value[:MOST_LANGUAGES] if (text := _text(one))]


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _kind(value: object) -> str:
    return value if isinstance(value, str) and value in KINDS else ""


_READERS: dict[str, Callable[[object], Any]] = {
    **dict.fromkeys(("title", "licence", "spdx"), _text),
    **dict.fromkeys(("non_commercial", "memorises", "chat_template", "gguf", "has_worker"), _flag),
    **dict.fromkeys(("parameters", "context"), _whole),
    **dict.fromkeys(("token_ratio", "tokens_per_second"), _number),
    "kind": _kind,
    "languages": _languages,
}

"""The body of a create call, checked: every refusal names its parameter."""

import secrets
from dataclasses import dataclass
from typing import Any

from wire.errors import WireError, invalid

type Json = dict[str, Any]

MOST_SEED = 2**31 - 1
MOST_SUFFIX = 64
METADATA_PAIRS, METADATA_KEY, METADATA_VALUE = 16, 64, 512
RANGES = {"n_epochs": (1, 50), "batch_size": (1, 256)}
RATE, BETA = "learning_rate_multiplier", "beta"
LEAST_BETA, MOST_BETA = 1e-9, 2.0
METHODS = {"supervised": (*RANGES, RATE), "dpo": (*RANGES, RATE, BETA)}  # and the settings of each
STOPPING = "early_stopping"
LORA = {"lora_r": (1, 256), "lora_alpha": (1, 1024)}
OURS = (*LORA, STOPPING)  # not OpenAI's, of supervised jobs on real bases


@dataclass(frozen=True)
class Order:
    """`asked` holds each hyperparameter as a number or "auto", and those of OURS that were given."""

    model: str
    training_file: str
    validation_file: str
    suffix: str
    seed: int
    metadata: dict[str, str] | None
    method: str
    asked: Json


def read_order(body: Json) -> Order:
    method = _method(body)
    return Order(
        model=_text(body, "model", required=True),
        training_file=_text(body, "training_file", required=True),
        validation_file=_text(body, "validation_file"),
        suffix=_suffix(body),
        seed=_seed(body),
        metadata=_metadata(body),
        method=method,
        asked=_asked(body, method),
    )


def storable(text: str, param: str | None) -> str:
    """The text, unless no database could keep it: NUL bytes and half characters are refused."""
    if "\x00" in text or text != text.encode("utf-8", "replace").decode():
        raise invalid("The request holds a NUL or a broken character.", param, "invalid_value")
    return text


def _text(body: Json, name: str, required: bool = False) -> str:
    value = body.get(name)
    if value is None and not required:
        return ""
    if value is None:
        raise invalid(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")
    if not isinstance(value, str):
        raise invalid(f"Invalid type for '{name}': expected a string.", name, "invalid_type")
    return storable(value, name)


def _suffix(body: Json) -> str:
    suffix = _text(body, "suffix")
    if len(suffix) > MOST_SUFFIX:
        message = f"Invalid 'suffix': string too long. Expected a string with maximum length {MOST_SUFFIX}"
        raise invalid(
            f"{message}, but got a string with length {len(suffix)} instead.", "suffix", "string_above_max_length"
        )
    return suffix


def _seed(body: Json) -> int:
    seed = body.get("seed")
    if seed is None:
        return secrets.randbelow(MOST_SEED)
    return int(_number(seed, "seed", 0, MOST_SEED, whole=True))


def _metadata(body: Json) -> dict[str, str] | None:
    pairs = body.get("metadata")
    if pairs is None:
        return None
    if not isinstance(pairs, dict):
        raise invalid("Invalid type for 'metadata': expected an object.", "metadata", "invalid_type")
    if len(pairs) > METADATA_PAIRS:
        message = f"Invalid 'metadata': too many properties. Expected at most {METADATA_PAIRS}, but got {len(pairs)}."
        raise invalid(message, "metadata", "object_above_max_properties")
    for key, value in pairs.items():
        if not isinstance(value, str) or len(key) > METADATA_KEY or len(value) > METADATA_VALUE:
            message = f"keys have at most {METADATA_KEY} characters, values are strings of at most {METADATA_VALUE}."
            raise invalid(f"Invalid 'metadata.{key[:64]}': {message}", f"metadata.{key[:64]}")
        storable(key + value, "metadata")
    return pairs


def _method(body: Json) -> str:
    kind = (_object(body, "method") or {"type": "supervised"}).get("type")
    if not isinstance(kind, str) or kind not in METHODS:
        message = f"Invalid value: '{str(kind)[:40]}'. Supported values are: 'supervised' and 'dpo'."
        raise invalid(message, "method.type", "invalid_value")
    return kind


def _asked(body: Json, method: str) -> Json:
    """From `method.<method>.hyperparameters`; a supervised job's may stand in the deprecated `hyperparameters`."""
    inner = _object(_object(_object(body, "method"), method), "hyperparameters")
    old = method == "supervised" and not inner
    given = _object(body, "hyperparameters") if old else inner
    path = "hyperparameters" if old else f"method.{method}.hyperparameters"
    ours = OURS if method == "supervised" and not old else ()
    for name in given.keys() - {*METHODS[method], *ours}:
        raise unknown_parameter(f"{path}.{name[:64]}")
    found = {name: _hyperparameter(given.get(name), name, path) for name in METHODS[method]}
    return found | {name: _ours(given[name], f"{path}.{name}") for name in ours if given.get(name) is not None}


def unknown_parameter(param: str) -> WireError:
    return invalid(f"Unknown parameter: '{param}'.", param, "unknown_parameter")


def _ours(value: object, param: str) -> int | str | bool:
    name = param.rpartition(".")[2]
    if name == STOPPING:
        if not isinstance(value, bool):
            raise invalid(f"Invalid type for '{param}': expected a boolean.", param, "invalid_type")
        return value
    return "auto" if value == "auto" else int(_number(value, param, *LORA[name], whole=True))


def _object(body: Json, name: str) -> Json:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise invalid(f"Invalid type for '{name}': expected an object.", name, "invalid_type")
    return value or {}


def _hyperparameter(value: object, name: str, path: str) -> int | float | str:
    if value is None or value == "auto":
        return "auto"
    param = f"{path}.{name}"
    if name == RATE:
        return _number(value, param, 1e-9, 1e9, whole=False)
    if name == BETA:
        return _number(value, param, LEAST_BETA, MOST_BETA, whole=False)
    low, high = RANGES[name]
    return int(_number(value, param, low, high, whole=True))


def _number(value: object, param: str, low: float, high: float, whole: bool) -> int | float:
    kinds = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        kind = "an integer" if whole else "a number"
        raise invalid(f"Invalid type for '{param}': expected {kind}.", param, "invalid_type")
    if value < low:
        bound = f"below minimum value. Expected a value >= {low}"
        raise invalid(f"Invalid '{param}': number {bound}, but got {value} instead.", param, "below_min_value")
    if value > high:
        bound = f"above maximum value. Expected a value <= {high}"
        raise invalid(f"Invalid '{param}': number {bound}, but got {value} instead.", param, "above_max_value")
    return value

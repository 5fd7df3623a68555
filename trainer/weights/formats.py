"""In which formats a real model's weights can be had."""

from pathlib import Path
from typing import Any

from trainer.bases import real_bases
from trainer.models import Format, Job

type Json = dict[str, Any]

WHOLE = "full"  # base.json's word for a base all of whose weights are trained


def about(job: Job) -> Json | None:
    """base.json of the job's base; None where that was removed."""
    return next((base.about for base in real_bases() if base.uid == job.base), None)


def base_folder(job: Job) -> Path | None:
    return next((base.folder for base in real_bases() if base.uid == job.base), None)


def formats(base: Json) -> list[str]:
    """The first is the one that nothing has to be computed for."""
    found = [Format.MERGED] if base.get("kind") == WHOLE else [Format.ADAPTER, Format.MERGED]
    return [*found, *([Format.GGUF] if base.get("gguf") else [])]


def why_not(base: Json, wanted: str) -> str:
    """Why there is no such archive; empty where there is."""
    if wanted in formats(base):
        return ""
    if wanted == Format.ADAPTER:
        return f"{base['name']} is trained as a whole, so there is no adapter. Ask for format=merged."
    return f"{base['name']} cannot be written as GGUF. Ask for one of: {', '.join(formats(base))}."


def computes(base: Json, wanted: str) -> bool:
    """Whether torch is needed; else the files are packed as they lie there."""
    return wanted == Format.GGUF or (wanted == Format.MERGED and base.get("kind") != WHOLE)

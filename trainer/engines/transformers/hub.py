"""A base from the hub that huggingface_hub knows, for machines that reach it."""

import errno
import hashlib
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from trainer.engines.transformers.outcomes import Refused

WANTED = ["*.safetensors", "*.json", "*.jinja", "LICEN*", "NOTICE*", "USE_POLICY*", "README.md"]
UNWANTED = ["*/*", "onnx*", "*.bin.index.json", "consolidated*"]


def fetch(hub_id: str, revision: str, folder: Path) -> dict[str, object]:
    """Download what is not there yet. Returns the revision and the licence that the hub names."""
    try:
        info = HfApi().model_info(hub_id, revision=revision, files_metadata=True)
        _check(info)
        snapshot_download(hub_id, revision=info.sha, local_dir=folder, allow_patterns=WANTED, ignore_patterns=UNWANTED)
    except GatedRepoError as error:
        message = f"{hub_id} is given after its terms were accepted on the hub: do that there, then set HF_TOKEN."
        raise Refused("base_gated", message, "model") from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise Refused("base_not_found", f"The hub has no {hub_id} at {revision}, or not for you.", "model") from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise _not_reached(error) from error
        raise Refused("disk_full", "The disk is full. Make room and pull again: what came is kept.", "model") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, HTTPError) as error:
        raise _not_reached(error) from error
    _compare(info, folder)
    card = info.card_data.to_dict() if info.card_data else {}
    return {"revision": info.sha, "spdx": str(card.get("license") or "")}


def _not_reached(error: Exception) -> Refused:
    message = (
        f"The hub was not reached ({type(error).__name__}). Try again where the internet is, or copy the model's "
        "folder here and pull that: trainer_pull ./FOLDER. What was downloaded is kept."
    )
    return Refused("hub_not_reached", message, "model")


def _check(info: Any) -> None:
    names = [sibling.rfilename for sibling in info.siblings]
    if not any(name.endswith(".safetensors") and "/" not in name for name in names):
        message = (
            f"{info.id} has no safetensors, and nothing else is taken. Ask its publisher for them, or convert it where "
            "you trust it (save_pretrained of transformers writes them) and pull that folder."
        )
        raise Refused("no_safetensors", message, "model")


def _compare(info: Any, folder: Path) -> None:
    for sibling in info.siblings:
        path = folder / sibling.rfilename
        if sibling.lfs and path.is_file() and _sha256(path) != sibling.lfs.sha256:
            path.unlink()
            raise Refused("wrong_hash", f"{sibling.rfilename} came with a wrong hash. Pull again.", "model")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

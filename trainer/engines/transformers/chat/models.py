"""The models in memory: each base once, with the adapters of its tuned models and checkpoints attached to it.

What was used last stays; the rest goes when memory is needed, or when its folder has been deleted.
"""

import gc
import json
import logging
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import torch
from peft import PeftConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from trainer.engines.transformers.chat.memory import memory
from trainer.engines.transformers.chat.refusals import RefusalError

ADAPTER, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
MOST_ADAPTERS = 32  # attached to one base
SHARE = 0.5  # of all memory that models may keep while they rest: training needs the other half
MOST_TEMPLATE = 64 * 1024  # characters
HALVES = ("float16", "bfloat16")
GIB = 1024**3

logger = logging.getLogger(__name__)


@dataclass
class Loaded:
    """A model with its tokenizer. `adapters`: folder → (name, time of change of its weights)."""

    folder: Path
    model: Any
    tokenizer: Any
    context: int
    size: int
    changed: float
    adapters: "OrderedDict[Path, tuple[str, float]]" = field(default_factory=OrderedDict)
    turn_end: "set[int] | None" = None  # see prompts.py

    @contextmanager
    def speaking_as(self, adapter: Path | None) -> Iterator[Any]:
        """The model with that adapter in force, or with none."""
        if not isinstance(self.model, PeftModel):
            yield self.model
        elif adapter is None:
            with self.model.disable_adapter():
                yield self.model
        else:
            self.model.set_adapter(self.adapters[adapter][0])
            yield self.model


class Models:
    def __init__(self) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.dtype = torch.bfloat16 if self.device == "cuda" else torch.float32
        self.loaded: OrderedDict[Path, Loaded] = OrderedDict()
        self._numbers = count(1)

    def ready(self, base: Path, weights: Path | None) -> tuple[Loaded, Path | None]:
        """What answers for `weights` on `base`, and the adapter to switch on. Loads what is not there yet."""
        self._forget_deleted()
        if weights is None or (weights / ADAPTER).exists():
            loaded = self._loaded(base, base)
            if weights is not None:
                self._attach(loaded, weights)
            return loaded, weights
        return self._loaded(weights, base), None

    def _loaded(self, folder: Path, base: Path) -> Loaded:
        if folder not in self.loaded:
            self._make_room(_bytes_needed(folder, self.dtype))
            self.loaded[folder] = self._load(folder, base)
        self.loaded.move_to_end(folder)
        return self.loaded[folder]

    def _load(self, folder: Path, base: Path) -> Loaded:
        try:
            model, info = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=self.dtype,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
            )
            tokenizer = _tokenizer(folder if (folder / "tokenizer.json").exists() else base)
        except Exception as error:  # whatever a broken file makes of the libraries that read it
            logger.warning("%s cannot be loaded: %s", folder.name, error)
            raise _broken(folder) from error
        if info["missing_keys"]:
            raise _broken(folder)
        model.to(self.device).eval().requires_grad_(False)
        size = sum(weight.numel() * weight.element_size() for weight in model.parameters())
        return Loaded(folder, model, tokenizer, _context(base, model), size, _changed(folder))

    def _attach(self, loaded: Loaded, folder: Path) -> None:
        if folder not in loaded.adapters:
            while len(loaded.adapters) >= MOST_ADAPTERS:
                self._detach(loaded, next(iter(loaded.adapters)))
            name = f"adapter{next(self._numbers)}"
            try:
                _load_adapter(loaded, folder, name)
            except Exception as error:  # the model may be left with half an adapter: it is loaded again
                del self.loaded[loaded.folder]
                logger.warning("%s cannot be attached: %s", folder.name, error)
                raise _broken(folder) from error
            loaded.adapters[folder] = (name, _changed(folder))
        loaded.adapters.move_to_end(folder)

    def _detach(self, loaded: Loaded, folder: Path) -> None:
        name, _changed_at = loaded.adapters.pop(folder)
        if loaded.adapters:
            loaded.model.delete_adapter(name)
        else:  # PEFT's model cannot be without one
            loaded.model = loaded.model.unload()

    def _forget_deleted(self) -> None:
        """A deleted model, or one whose files were replaced, is not kept."""
        for folder, loaded in list(self.loaded.items()):
            if _changed(folder) != loaded.changed:
                del self.loaded[folder]
                continue
            for adapter, (_name, changed) in list(loaded.adapters.items()):
                if _changed(adapter) != changed:
                    self._detach(loaded, adapter)

    def _make_room(self, needed: int) -> None:
        """Let go of what was used longest ago until `needed` bytes fit; RefusalError where they never do."""
        free, total = memory(self.device)
        if needed > free + self._used():
            raise _too_large(needed, free + self._used())
        while self.loaded and (needed > free or self._used() + needed > SHARE * total):
            self.loaded.popitem(last=False)
            gc.collect()
            if self.device == "cuda":
                torch.cuda.empty_cache()
            free, total = memory(self.device)
        if needed > free:
            raise _too_large(needed, free)

    def _used(self) -> int:
        return sum(loaded.size for loaded in self.loaded.values())


def _load_adapter(loaded: Loaded, folder: Path, name: str) -> None:
    if not (folder / ADAPTER_WEIGHTS).is_file():  # PEFT would look for a pickle
        raise FileNotFoundError(ADAPTER_WEIGHTS)
    config = PeftConfig.from_pretrained(str(folder))
    config.inference_mode = True
    if not isinstance(loaded.model, PeftModel):
        loaded.model = PeftModel(loaded.model, config, name)
    result = loaded.model.load_adapter(str(folder), name, is_trainable=False)
    lost = [key for key in [*result.missing_keys, *result.unexpected_keys] if "lora_" in key and f".{name}." in key]
    if lost:
        raise ValueError(f"{len(lost)} weights of the adapter do not fit the model")
    loaded.model.eval()


def _tokenizer(folder: Path) -> Any:
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if isinstance(tokenizer.chat_template, str) and len(tokenizer.chat_template) > MOST_TEMPLATE:
        raise ValueError("the chat template is too long")
    return tokenizer


def _bytes_needed(folder: Path, dtype: Any) -> int:
    """What the weights take in memory; RefusalError(no_weights) where the folder holds none."""
    sizes = [file.stat().st_size for file in folder.glob("*.safetensors")] if folder.is_dir() else []
    if not sizes:
        raise RefusalError("no_weights", "This model has no weights: it answers once it has been trained.")
    try:
        config = json.loads((folder / "config.json").read_text())
        stored = str(config.get("dtype") or config.get("torch_dtype"))
    except (OSError, ValueError, AttributeError) as error:
        raise _broken(folder) from error
    return sum(sizes) * (2 if stored in HALVES and dtype == torch.float32 else 1)


def _context(base: Path, model: Any) -> int:
    about = base / "base.json"
    said = json.loads(about.read_text()).get("context") if about.exists() else None
    return int(said or getattr(model.config.get_text_config(), "max_position_embeddings", None) or 2048)


def _changed(folder: Path) -> float:
    """When its weights were written; 0 where they are gone."""
    times = [os.stat(file).st_mtime for file in folder.glob("*.safetensors")]
    return max(times, default=0.0)


def _too_large(needed: int, free: int) -> RefusalError:
    message = f"The model needs {needed / GIB:.1f} GiB of memory to answer; {free / GIB:.1f} GiB are free."
    return RefusalError("out_of_memory", message)


def _broken(folder: Path) -> RefusalError:
    return RefusalError("invalid_model", f"The weights of this model cannot be read ({folder.name}).")

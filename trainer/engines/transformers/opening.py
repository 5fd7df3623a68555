"""GGUF, opened once: its weights as safetensors, its tokenizer as tokenizer.json."""

import struct
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from trainer.engines.transformers.models import LOCAL
from trainer.engines.transformers.outcomes import Refused

# what a GGUF that is broken, or of an architecture that transformers cannot open, raises
BROKEN = (OSError, ValueError, KeyError, TypeError, IndexError, RuntimeError, AttributeError, struct.error)


def convert(gguf: Path, folder: Path) -> dict[str, object]:
    """Write the model in half precision, the tokenizer beside it."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name, **LOCAL)
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            gguf_file=gguf.name,
            dtype=torch.bfloat16,
            quantization_config=GgufConfig(dequantize=True),  # else the weights stay packed
            **LOCAL,
        )
    except BROKEN as error:
        raise Refused("invalid_base", f"{gguf.name} cannot be opened: {_words(error)}", "model") from error
    _forget_quantisation(model)
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return {"tensors": len(model.state_dict())}


def _forget_quantisation(model: Any) -> None:
    """The weights are whole numbers no more; a config that says so could not be saved."""
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer = None


def _words(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]

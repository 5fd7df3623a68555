"""The model that is trained: a base with a new adapter, or all weights of `tiny`; and how a result of it is written."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from trainer.engines.transformers import files, process, tiny
from trainer.engines.transformers.learner import knows_head
from trainer.engines.transformers.order import Base, Hyperparameters, Order
from trainer.engines.transformers.outcomes import Refused

LOCAL = {"trust_remote_code": False, "local_files_only": True}
ADAPTER = "adapter_model.safetensors"


def tokenizer_of(order: Order, texts: Iterable[str]) -> Any:
    """The base's; that of an earlier `tiny` where one is continued; one learnt from `texts` for a new `tiny`."""
    kept = order.folder / "rows" / "tokenizer"
    if kept.is_dir():
        return _read_tokenizer(kept)
    if not order.base.from_scratch:
        return _read_tokenizer(order.base.folder)
    tokenizer = _read_tokenizer(order.start) if order.start else tiny.learn_tokenizer(texts)
    with files.NewFolder(kept) as new:
        tokenizer.save_pretrained(new)
    return tokenizer


def _read_tokenizer(folder: Path) -> Any:
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **LOCAL)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused("invalid_base", f"The base's tokenizer cannot be read: {_first_line(error)}", "model") from error
    if not tokenizer.is_fast:
        raise Refused("invalid_base", "The base has no tokenizer.json.", "model")
    return tokenizer


def config_of(base: Base, tokenizer: Any) -> Any:
    try:
        config = AutoConfig.from_pretrained(base.folder, **LOCAL)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(
            "invalid_base", f"The base's config.json cannot be read: {_first_line(error)}", "model"
        ) from error
    if base.from_scratch:
        config.vocab_size = len(tokenizer)
    return config


def build(order: Order, config: Any, settings: Hyperparameters, device: Any) -> Any:
    """The model as it is before the first step; the same for the same seed."""
    torch.manual_seed(order.seed)
    try:
        model = _loaded(order, config, device)
        if not knows_head(model):
            raise ValueError("its output layer is of a kind that is not known here")
        if not order.base.full:
            model = _adapted(model, order, settings)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise Refused("invalid_base", f"The base cannot be loaded: {_first_line(error)}", "model") from error
    return model.to(device)


def _loaded(order: Order, config: Any, device: Any) -> Any:
    """In full precision on a CPU; a base that stays frozen on a GPU in half of it."""
    dtype = torch.bfloat16 if device.type == "cuda" and not order.base.full else torch.float32
    source = order.start if order.base.full and order.start else order.base.folder
    if order.base.from_scratch and not order.start:
        return AutoModelForCausalLM.from_config(config, attn_implementation="sdpa", dtype=dtype)
    model, info = AutoModelForCausalLM.from_pretrained(
        source,
        config=config,
        dtype=dtype,
        attn_implementation="sdpa",
        use_safetensors=True,
        output_loading_info=True,
        **LOCAL,
    )
    if missing := sorted(info["missing_keys"]):
        raise ValueError(f"its files lack {len(missing)} of its weights, {missing[0]} among them")
    return model


def _adapted(model: Any, order: Order, settings: Hyperparameters) -> Any:
    if order.start:
        _check_adapter(order.start, order.base)
        return PeftModel.from_pretrained(model, order.start, is_trainable=True, use_safetensors=True)
    wanted = LoraConfig(
        r=settings.lora_r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, wanted)


def _check_adapter(folder: Path, base: Base) -> None:
    of = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))["base_model_name_or_path"]
    if of != base.name:
        raise Refused("invalid_base", f"The model to start from is an adapter of {of}, not of {base.name}.", "model")


def write_result(model: Any, tokenizer: Any, base: Base, folder: Path) -> None:
    """An adapter, or a whole model folder where all weights were trained."""
    with files.NewFolder(folder) as new:
        if base.full:
            model.save_pretrained(new, safe_serialization=True)
            tokenizer.save_pretrained(new)
            return
        learnt = get_peft_model_state_dict(model, save_embedding_layers=False)  # else it looks for the base on a hub
        tensors = {name: value.detach().cpu().contiguous() for name, value in learnt.items()}
        files.write_tensors(new / ADAPTER, tensors, {"format": "pt"})
        config = replace(model.peft_config["default"], base_model_name_or_path=base.name, inference_mode=True)
        config.target_modules = sorted(config.target_modules)  # a set has no order of its own
        config.save_pretrained(new)


def spare_memory(model: Any) -> None:
    """Compute what lies between the layers again on the way back instead of keeping it.

    That works in training mode only. No chance comes with it: dropout is off, as it is where memory is not short.
    """
    process.return_memory()
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        elif isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = 0.0


def trained(model: Any) -> dict[str, Any]:
    """The parameters that learn, by name."""
    return {name: value for name, value in model.named_parameters() if value.requires_grad}


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]

"""A model folder as one GGUF file (Q8_0), for llama.cpp and Ollama: of the four architectures that our bases have.

A few lines of ours on the `gguf` package and not llama.cpp's own script: that is on the registry only as another's
upload, which writes a `gguf` of its own over the package that transformers reads (ADR 0043).
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind
from gguf import GGUFWriter
from gguf.quants import quantize
from safetensors import safe_open

from trainer.engines.transformers.export.gguf_tokens import write_tokens
from trainer.engines.transformers.export.order import RefusedError

ARCHITECTURES = {
    "LlamaForCausalLM": gguf.MODEL_ARCH.LLAMA,
    "Qwen2ForCausalLM": gguf.MODEL_ARCH.QWEN2,
    "Qwen3ForCausalLM": gguf.MODEL_ARCH.QWEN3,
    "Gemma3ForCausalLM": gguf.MODEL_ARCH.GEMMA3,
}
BLOCK = 32  # values of a row that Q8_0 scales together
Config = dict[str, Any]


def convert(model: Path, words: Path, target: Path, name: str, on_bytes: Callable[[int, int], None]) -> None:
    """Write `model` to `target`, one tensor in memory at a time; `words` holds its tokenizer. Raises RefusedError."""
    config: Config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    arch = _architecture(config)
    names = gguf.get_tensor_name_map(arch, config["num_hidden_layers"])
    writer = GGUFWriter(target, gguf.MODEL_ARCH_NAMES[arch])
    _write_shape(writer, config, name)
    write_tokens(writer, words, config["vocab_size"])
    tensors = {_renamed(names, name): (path, name, shape) for path, name, shape in _listed(model)}
    for new, (_, old, shape) in tensors.items():
        kind = _kind(old, shape)
        size = gguf.quant_shape_to_byte_shape(tuple(shape), kind) if kind is Kind.Q8_0 else tuple(shape)
        nbytes = int(np.prod(size)) * {Kind.F32: 4, Kind.F16: 2, Kind.Q8_0: 1}[kind]
        writer.add_tensor_info(new, shape, np.dtype(np.float32), nbytes, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    _write_weights(writer, config, tensors, on_bytes)
    writer.close()


def _write_weights(
    writer: GGUFWriter, config: Config, tensors: dict[str, Any], on_bytes: Callable[[int, int], None]
) -> None:
    total, done = sum(int(np.prod(shape)) for _, _, shape in tensors.values()), 0
    for path, old, shape in tensors.values():
        values = _adjusted(_read(path, old), old, config)
        writer.write_tensor_data(_packed(values, _kind(old, shape)))
        done += values.size
        on_bytes(done, total)


def _architecture(config: Config) -> gguf.MODEL_ARCH:
    named = (config.get("architectures") or ["nothing"])[0]
    if named not in ARCHITECTURES:
        raise RefusedError("no_gguf", f"{named} cannot be written as GGUF. Possible: {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[named]


def _listed(model: Path) -> Iterator[tuple[Path, str, list[int]]]:
    for path in sorted(model.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118  # no mapping: it has keys() alone
                yield path, name, file.get_slice(name).get_shape()


def _read(path: Path, name: str) -> "np.ndarray[Any, Any]":
    with safe_open(path, framework="pt") as file:
        values: np.ndarray[Any, Any] = file.get_tensor(name).float().numpy()
        return values


def _renamed(names: gguf.TensorNameMap, name: str) -> str:
    new: str | None = names.get_name(name, try_suffixes=(".weight", ".bias"))
    if new is None:
        raise RefusedError("no_gguf", f"GGUF has no place for the weights {name}.")
    return new


def _kind(name: str, shape: list[int]) -> Kind:
    if len(shape) == 1 or name.endswith("norm.weight"):
        return Kind.F32
    return Kind.Q8_0 if shape[-1] % BLOCK == 0 else Kind.F16


def _packed(values: "np.ndarray[Any, Any]", kind: Kind) -> "np.ndarray[Any, Any]":
    return quantize(values, kind) if kind is Kind.Q8_0 else values.astype({Kind.F32: "f4", Kind.F16: "f2"}[kind])


def _adjusted(values: "np.ndarray[Any, Any]", name: str, config: Config) -> "np.ndarray[Any, Any]":
    """As llama.cpp wants them: Llama's rotary halves interleaved, Gemma's norms with the 1 that is added to them."""
    if config["model_type"] == "llama" and ".q_proj." in name:
        return _interleaved(values, config["num_attention_heads"])
    if config["model_type"] == "llama" and ".k_proj." in name:
        return _interleaved(values, config["num_key_value_heads"])
    if config["model_type"].startswith("gemma3") and name.endswith("norm.weight"):
        return values + 1.0
    return values


def _interleaved(values: "np.ndarray[Any, Any]", heads: int) -> "np.ndarray[Any, Any]":
    halves = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
    return halves.swapaxes(1, 2).reshape(values.shape)


def _write_shape(writer: GGUFWriter, config: Config, name: str) -> None:
    head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config.get("num_key_value_heads") or config["num_attention_heads"])
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(_rope_base(config))
    writer.add_vocab_size(config["vocab_size"])
    if config["model_type"].startswith("gemma3"):
        writer.add_sliding_window(config["sliding_window"])
        writer.add_rope_freq_base_swa(_rope_base(config, "sliding_attention"))


def _rope_base(config: Config, layers: str = "full_attention") -> float:
    """The base of the rotary angles; a scaled rope needs more than one number, and none of our bases has one."""
    older = {"rope_theta": config.get("rope_theta"), **(config.get("rope_scaling") or {})}
    told: Config = config.get("rope_parameters") or older
    told = told.get(layers, told)
    if told.get("rope_type", "default") != "default":
        raise RefusedError("no_gguf", f"Its position scaling ({told['rope_type']}) cannot be written as GGUF here.")
    return float(told.get("rope_theta") or 10000.0)

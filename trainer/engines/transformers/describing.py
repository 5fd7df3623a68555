"""What a base is: loaded as training loads it, tried on one sentence, its tokens counted."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from trainer.engines.transformers.examples import Conversation, Fault
from trainer.engines.transformers.models import LOCAL
from trainer.engines.transformers.opening import BROKEN
from trainer.engines.transformers.outcomes import Refused
from trainer.engines.transformers.rendering import LARGEST_TEMPLATE, Renderer

TEMPLATE = "chat_template.jinja"
LARGEST_CONTEXT = 1_048_576
SENTENCE = "첫눈이 내린 새벽, 골목에는 발소리가 남았다."
TRIED = 3 * 2**30  # bytes of weights up to which one sentence goes through the whole model


def describe(folder: Path, texts: Path, template: Path | None = None) -> dict[str, object]:
    """{architecture, context, parameters, chat_template, tokens of the conversations in `texts`}.

    `template` is for a base that has none of its own.
    """
    config = _config(folder)
    tokenizer = _tokenizer(folder)
    if not tokenizer.chat_template and template:
        shutil.copy(template, folder / TEMPLATE)
        tokenizer.chat_template = template.read_text(encoding="utf-8")
    _try_template(tokenizer)
    parameters = _try(folder, config, tokenizer)
    contents = [
        message["content"]
        for line in texts.read_text(encoding="utf-8").splitlines()
        for message in json.loads(line)["messages"]
    ]
    return {
        "architecture": config.architectures[0],
        "context": _context(config, tokenizer),
        "parameters": parameters,
        "chat_template": bool(tokenizer.chat_template),
        "tokens": sum(len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in contents),
    }


def _config(folder: Path) -> Any:
    try:
        config = AutoConfig.from_pretrained(folder, **LOCAL)
    except BROKEN as error:
        raise Refused("invalid_base", f"config.json cannot be read: {_words(error)}", "model") from error
    known = set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())
    named = list(config.architectures or [])
    if not named or named[0] not in known:
        raise Refused(
            "invalid_base", f"{named[:1] or 'Its architecture'} is no text model that can be trained.", "model"
        )
    if MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(config.model_type) != named[0]:
        message = f"config.json claims to be {named[0]}, but its model_type is {config.model_type}."
        raise Refused("invalid_base", message, "model")
    return config


def _tokenizer(folder: Path) -> Any:
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **LOCAL)
    except BROKEN as error:
        raise Refused("invalid_base", f"The tokenizer cannot be read: {_words(error)}", "model") from error
    if not tokenizer.is_fast:
        raise Refused("invalid_base", "There is no tokenizer.json.", "model")
    if len(str(tokenizer.chat_template or "").encode()) > LARGEST_TEMPLATE:
        raise Refused("invalid_base", "The chat template is larger than 64 KB.", "model")
    return tokenizer


def _try_template(tokenizer: Any) -> None:
    """Whether it writes a question and its answer, and comes to an end."""
    turns = [{"role": "user", "content": SENTENCE}, {"role": "assistant", "content": SENTENCE}]
    try:
        Renderer(tokenizer).texts(Conversation(turns, [1]))
    except Fault as fault:
        message = f"Its chat template is of no use for training: a question with its answer {fault}"
        raise Refused("invalid_base", message, "model") from fault


def _try(folder: Path, config: Any, tokenizer: Any) -> int:
    """Whether weights and config belong together. A small model reads one sentence, too."""
    size = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    place = {} if size <= TRIED else {"device_map": "meta"}
    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            dtype=torch.bfloat16,
            use_safetensors=True,
            output_loading_info=True,
            **place,
            **LOCAL,
        )
        wrong = [*report["missing_keys"], *map(str, report["mismatched_keys"])]
        if not wrong and size <= TRIED:
            with torch.inference_mode():
                logits = model(**tokenizer(SENTENCE, return_tensors="pt", return_token_type_ids=False)).logits
            wrong = [] if bool(torch.isfinite(logits).all()) else ["its answers are no numbers"]
    except BROKEN as error:
        raise Refused("invalid_base", f"The weights do not fit config.json: {_words(error)}", "model") from error
    if wrong:
        raise Refused("invalid_base", f"The weights do not fit config.json: {wrong[0]} ({len(wrong)} in all).", "model")
    return sum(value.numel() for value in model.parameters())


def _context(config: Any, tokenizer: Any) -> int:
    text = config.get_text_config()
    named = [getattr(text, name, None) for name in ("max_position_embeddings", "n_positions")]
    found = [value for value in [*named, tokenizer.model_max_length] if isinstance(value, int) and value > 0]
    return min([*found, LARGEST_CONTEXT])


def _words(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]

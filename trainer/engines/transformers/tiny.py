"""`tiny`: a Llama of 3.5 million parameters with a tokenizer of its own, both made from the job's own file."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

END = "<|end|>"
SPECIAL = ["<|pad|>", END, "<|system|>", "<|user|>", "<|assistant|>"]
TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role not in ['system', 'user', 'assistant'] %}"
    "{{ raise_exception('it has no place for messages of the role ' ~ message.role) }}{% endif %}"
    "<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
BUILT_IN = Path(__file__).parent / "built_in" / "tiny"
CONFIG: dict[str, Any] = json.loads((BUILT_IN / "config.json").read_text(encoding="utf-8"))


def learn_tokenizer(texts: Iterable[str]) -> Any:
    """Byte-level BPE: any text has tokens in it, also what the file does not hold."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=CONFIG["vocab_size"],
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    whole = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=SPECIAL[0],
        eos_token=END,
        model_max_length=CONFIG["max_position_embeddings"],
    )
    whole.chat_template = TEMPLATE
    return whole

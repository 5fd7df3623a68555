"""The tokens that a question begins with. A chat template is somebody's program: sandboxed, and ended in time.

What renders is called in the main thread only: that is where an alarm rings.
"""

from typing import Any

from jinja2 import TemplateError

from trainer.engines.transformers.chat.models import Loaded
from trainer.engines.transformers.chat.orders import Order
from trainer.engines.transformers.chat.refusals import RefusalError
from trainer.engines.transformers.rendering import BROKEN, PLAIN, TooSlowError, in_time, is_swollen

SECONDS = 2.0  # a template gets
MARK = "texthelper-answer"


def prompt_text(loaded: Loaded, order: Order) -> str:
    """What the model is to go on from. A base without a template is not talked to; what was tuned on it is."""
    if order.messages is None:
        return order.prompt
    if not loaded.tokenizer.chat_template and order.weights is None:
        raise RefusalError("no_chat_template", "This model has no chat template. Use /completions instead.")
    return _rendered(loaded, order.messages)


def prompt_tokens(loaded: Loaded, order: Order, text: str) -> list[int]:
    """A template writes the tokens that a text begins with; to a bare text the tokenizer adds them."""
    bare = order.messages is None
    ids = loaded.tokenizer(text, add_special_tokens=bare)["input_ids"] or (
        _first_of_all(loaded.tokenizer) if bare else []
    )
    if not ids:
        raise RefusalError("invalid_request", "The prompt is empty.")
    if len(ids) >= loaded.context:
        message = f"This model's maximum context length is {loaded.context} tokens. However, your messages resulted in"
        raise RefusalError("context_length_exceeded", f"{message} {len(ids)} tokens. Please shorten them.")
    return [int(token) for token in ids]


def _first_of_all(tokenizer: Any) -> list[int]:
    first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    return [] if first is None else [first]


def _rendered(loaded: Loaded, messages: list[dict[str, str]], begins: bool = True) -> str:
    """The conversation as the model was trained to read it, up to where its answer begins."""
    try:
        with in_time(SECONDS):
            # thinking models are trained without thinking here; other templates do not look at it
            text: str = loaded.tokenizer.apply_chat_template(
                messages,
                chat_template=loaded.tokenizer.chat_template or PLAIN,  # as it was trained
                tokenize=False,
                add_generation_prompt=begins,
                enable_thinking=False,
            )
    except TooSlowError:
        raise RefusalError("invalid_model", "The model's chat template does not come to an end.") from None
    except (TemplateError, *BROKEN) as error:
        raise RefusalError("invalid_request", f"The model's chat template refuses: {str(error)[:200]}") from None
    if is_swollen(text, messages, []):
        raise RefusalError("invalid_model", "The model's chat template writes more than 64 KB of its own.")
    return text


def end_tokens(loaded: Loaded, chats: bool) -> set[int]:
    """The tokens that end an answer: of the model, and in a chat what its template puts after an answer."""
    configured = [loaded.model.generation_config, loaded.model.config, loaded.tokenizer]
    ends: set[int] = set()
    for about in configured:
        value = getattr(about, "eos_token_id", None)
        ends |= set(value) if isinstance(value, list) else set() if value is None else {value}
    if not chats:
        return ends
    if loaded.turn_end is None:
        loaded.turn_end = _turn_end(loaded)
    return ends | loaded.turn_end


def _turn_end(loaded: Loaded) -> set[int]:
    """The special token that follows an answer, if one does (<|im_end|>, <end_of_turn>)."""
    try:
        text = _rendered(
            loaded, [{"role": "user", "content": "?"}, {"role": "assistant", "content": MARK}], begins=False
        )
    except RefusalError:
        return set()
    tail = text.rpartition(MARK)[2].lstrip()
    ids = loaded.tokenizer(tail, add_special_tokens=False)["input_ids"] if tail else []
    return {ids[0]} & set(loaded.tokenizer.added_tokens_decoder) if ids else set()

"""Conversations as a base's chat template writes them, and which characters of that are answers to learn."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from trainer.engines.transformers.examples import Conversation, Fault, Messages
from trainer.engines.transformers.outcomes import Refused

LARGEST_TEMPLATE = 64 * 1024  # bytes
MOST_ADDED = 64 * 1024  # characters that a template may write beside what it is given, which it may write twice
PATIENCE = 10.0  # seconds for one conversation
LAST_PATIENCE = 10.0  # seconds of computing more
PROBE = "zq7x"  # a word that no template holds by itself
# A base without a chat template continues text: the answer follows the prompt on a line of its own.
PLAIN = (
    "{% for message in messages %}{{ message.content }}"
    "{% if message.role == 'assistant' %}{{ eos_token }}{% else %}{{ '\n' }}{% endif %}{% endfor %}"
)


BROKEN = (TypeError, ValueError, KeyError, AttributeError, ArithmeticError, RecursionError, MemoryError)


class TooSlowError(Exception):
    pass


@dataclass(frozen=True)
class Text:
    """`spans` are the [start, end) characters that count."""

    text: str
    spans: list[tuple[int, int]]


class Renderer:
    """Renders in transformers' sandbox. Refuses what the template would leave out without a word."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._template = tokenizer.chat_template or PLAIN
        if not isinstance(self._template, str) or len(self._template.encode()) > LARGEST_TEMPLATE:
            raise Refused("invalid_base", "The base's chat template is larger than 64 KB.", "model")
        user: Messages = [{"role": "user", "content": "1"}]
        self._takes = {"names": self._shows([{**user[0], "name": PROBE}])}
        call = {"type": "function", "id": "1", "function": {"name": PROBE, "arguments": {}}}
        turns = [*user, {"role": "assistant", "content": "", "tool_calls": [call]}]
        tool = {"type": "function", "function": {"name": PROBE, "description": "1", "parameters": {}}}
        self._takes["tools"] = self._shows(turns) and self._shows(user, [tool])

    def texts(self, conversation: Conversation) -> list[Text]:
        """One text; several where the template writes earlier answers otherwise than it wrote them when they came."""
        self._check(conversation)
        messages, tools = conversation.messages, conversation.tools
        parts = [self._answer(messages[: place + 1], tools) for place in conversation.counted]
        last = conversation.counted[-1]
        whole = parts[-1].text if last == len(messages) - 1 else self._render(messages[: last + 1], tools)
        if all(whole.startswith(part.text[: part.spans[0][1]]) for part in parts):
            return [Text(whole, [part.spans[0] for part in parts])]
        return parts

    def _answer(self, messages: Messages, tools: list[dict[str, Any]]) -> Text:
        prompt = self._render(messages[:-1], tools, generation=True)
        text = self._render(messages, tools)
        end = len(text.rstrip())
        if not text.startswith(prompt) or end <= len(prompt):
            raise Fault("is not written by the base's chat template as its prompt and then the answer.")
        return Text(text, [(len(prompt), end)])

    def _check(self, conversation: Conversation) -> None:
        messages = conversation.messages
        if not self._takes["names"] and any("name" in message for message in messages if message["role"] != "tool"):
            raise Fault("gives a name, and this base's chat template has no place for names.")
        uses_tools = conversation.tools or any("tool_calls" in m or m["role"] == "tool" for m in messages)
        if uses_tools and not self._takes["tools"]:
            raise Fault("uses tools, and this base's chat template has no place for tools.")

    def _shows(self, messages: Messages, tools: list[dict[str, Any]] | None = None) -> bool:
        try:
            return PROBE in self._render(messages, tools or [])
        except Fault:
            return False

    def _render(self, messages: Messages, tools: list[dict[str, Any]], *, generation: bool = False) -> str:
        try:
            with in_time(PATIENCE):
                text = str(
                    self._tokenizer.apply_chat_template(
                        messages,
                        tools=tools or None,
                        chat_template=self._template,
                        tokenize=False,
                        add_generation_prompt=generation,
                        enable_thinking=False,
                    )
                )
        except TooSlowError as error:
            message = f"The base's chat template does not come to an end ({PATIENCE:g} s)."
            raise Refused("invalid_base", message, "model") from error
        except TemplateError as error:
            raise Fault(f"is not taken by this base's chat template: {str(error)[:200]}.") from error
        except BROKEN as error:
            raise Refused("invalid_base", f"The base's chat template fails: {_words(error)}.", "model") from error
        if is_swollen(text, messages, tools):
            raise Refused("invalid_base", "The base's chat template writes more than 64 KB of its own.", "model")
        return text


def is_swollen(text: str, messages: Messages, tools: list[dict[str, Any]]) -> bool:
    """Whether a template wrote far more than it was given."""
    return len(text) > MOST_ADDED and len(text) > MOST_ADDED + 2 * len(json.dumps([messages, tools]))


def _words(error: BaseException) -> str:
    return str(error)[:200] or type(error).__name__


@contextmanager
def in_time(seconds: float) -> Iterator[None]:
    """TooSlowError for a template that does not come to an end. Call from the main thread.

    Where it is within one endless operation of Python, no exception can come: then SIGPROF ends the process.
    """

    def ring(*_signal: object) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds + LAST_PATIENCE)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGALRM, before)

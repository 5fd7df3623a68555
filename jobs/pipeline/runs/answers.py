"""What is odd about a summary."""

from jobs.pipeline.calls.reply import Reply
from jobs.run_states import Flag

GRAM = 8  # characters: so long a run in common is no chance
COPIED = 0.8  # of the answer, when it is as long as this share of the text
AS_LONG = 0.5


def flags_of(reply: Reply, text: str) -> list[str]:
    """What is odd: nothing said, cut off by the limit, or the text itself given back."""
    if not reply.text:
        return [Flag.EMPTY.value]
    found = [Flag.CUT.value] if reply.finish_reason == "length" else []
    return found + ([Flag.COPY.value] if is_copy(reply.text, text) else [])


def is_copy(answer: str, text: str) -> bool:
    """Whether an answer that is at least half as long as the text consists of it, whatever its white space."""
    answer, text = "".join(answer.split()), "".join(text.split())
    if len(answer) < GRAM or len(answer) < AS_LONG * len(text):
        return False
    grams = [answer[i : i + GRAM] for i in range(len(answer) - GRAM + 1)]
    known = {text[i : i + GRAM] for i in range(len(text) - GRAM + 1)}
    return sum(gram in known for gram in grams) >= COPIED * len(grams)

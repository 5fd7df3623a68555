"""Questions out of a file of examples. Loads MinHash: run it through `scoring.process`."""

from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

from jobs.training_data.likeness import plain
from jobs.training_data.operations.choosing import shuffled
from jobs.training_data.operations.rows import Index, Keep, Row, idle, rows
from jobs.training_data.operations.splitting import groups_of, validation
from jobs.training_data.scoring.messages import message, storable
from jobs.training_data.scoring.pasting import LONGEST_QUESTION, MOST_QUESTIONS
from jobs.training_data.scoring.records import Question, QuestionSet
from jobs.training_data.spoken import Spoken, loaded, spoken

TOOLS = frozenset({"tools", "functions"})
CALLS = frozenset({"tool_calls", "function_call", "tool_call_id"})
SYSTEM = ("system", "developer")


def set_aside(path: Path, *, share: float, seed: int, most: int = MOST_QUESTIONS, keep: Keep = idle) -> QuestionSet:
    """About `share` of the examples, and all that is tied to them as `keep_out`, so that none of it is trained on.

    Of examples that are tied (near duplicates, the same question or answer) one is a question. Where all are tied to
    each other there is nothing to set aside. Raises OSError.
    """
    groups = groups_of(path, Index(path, keep), keep)
    usable = [group for group, row in zip(groups, rows(path, keep), strict=True) if not _reason(row)]
    held_out = validation(usable, 1 - min(share, most / len(usable)), seed) if usable else set[int]()
    left_out, questions, keep_out, seen = Counter[str](), list[Question](), list[int](), set[int]()
    for group, row in zip(groups, rows(path, keep), strict=True):
        if group not in held_out:
            continue
        keep_out.append(row.line)
        if reason := _reason(row) or ("repeated" if group in seen else "over_limit" if len(seen) >= most else ""):
            left_out[reason] += 1
        else:
            seen.add(group)
            questions.append(_question(row))
    return QuestionSet(questions=questions, left_out=dict(left_out), keep_out=keep_out)


def whole_file(path: Path, *, seed: int, most: int = MOST_QUESTIONS, keep: Keep = idle) -> QuestionSet:
    """Every example, each question once; `most` drawn by lot where there are more. Raises OSError."""
    left_out, usable, seen = Counter[str](), list[int](), set[bytes]()
    for row in rows(path, keep):
        reason = _reason(row)
        key = b"" if reason else _key(_question(row))
        if reason or key in seen:
            left_out[reason or "repeated"] += 1
        else:
            seen.add(key)
            usable.append(row.line)
    chosen = {usable[at] for at in shuffled(len(usable), seed)[:most]}
    left_out["over_limit"] = len(usable) - len(chosen)
    questions = [_question(row) for row in rows(path, keep) if row.line in chosen]
    return QuestionSet(questions=questions, left_out=dict(+left_out))


def _key(question: Question) -> bytes:
    wording = "\x1e".join(plain(str(each["content"])) for each in question.messages if each["role"] not in SYSTEM)
    return blake2b(wording.encode(), digest_size=10).digest()


def _reason(row: Row) -> str:
    """Why no model can be put this question, or no answer compared with the one that is there; empty where they can."""
    example = loaded(row.raw)
    if not example:
        return "unreadable"
    return next(_reasons(example, spoken(example)), "")


def _reasons(example: dict[str, Any], texts: Spoken) -> Iterator[str]:
    messages = example.get("messages")
    listed = messages if isinstance(messages, list) else []
    calls = any(isinstance(each, dict) and not CALLS.isdisjoint(each) for each in listed)
    if texts.attached or calls or not TOOLS.isdisjoint(example):
        yield "beyond_text"
    if not texts.asked or texts.asked[-1][0] != "user" or not any(map(str.isalnum, texts.asked[-1][1])):
        yield "no_question"
    if texts.answer is not None and not (texts.words or texts.answer).strip():
        yield "no_answer"
    if sum(len(text) for _role, text in texts.asked) > LONGEST_QUESTION:
        yield "too_long"


def _question(row: Row) -> Question:
    """Of a pair of 2023 without the white space that its models wanted (see `converting`)."""
    example = loaded(row.raw) or {}
    texts, is_legacy = spoken(example), "messages" not in example and "completion" in example
    reference = None if texts.answer is None else texts.words or texts.answer
    return Question(
        messages=[
            message("system" if role in SYSTEM else role, text.strip() if is_legacy else text)
            for role, text in texts.asked
        ],
        reference=None if reference is None else storable(reference.strip() if is_legacy else reference),
        line=row.line,
    )

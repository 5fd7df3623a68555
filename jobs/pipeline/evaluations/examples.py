"""Examples before a question: which ones, what they cost at most, and the prompt that they make (ADR 0049)."""

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from jobs.models import Answer, Candidate, FileFormat, FileState, Team, TrainingFile, TrainingFileQuerySet
from jobs.provider import Json, ProviderError
from jobs.training_data.scoring.few_shot import MOST_CHARACTERS
from jobs.training_data.scoring.process import few_shot_prompts
from jobs.training_data.scoring.prompts import digest, taken, with_examples
from jobs.training_data.scoring.records import Shots

TEACHING = (FileFormat.CHAT, FileFormat.LEGACY, FileFormat.PREFERENCE)  # formats whose examples have an answer
SLACK = 16  # tokens that an example's messages may have beyond what the check counted: a pair of 2023 has no roles
MOST_TOKENS = 7  # of a character: four bytes, and a message of its own
FILE_GONE = gettext_noop("The file of its examples was deleted, so this prompt cannot be made any more.")
NO_EXAMPLE = gettext_noop(
    "No example of the file can come before this question: all are too long, have no answer in words, or are nearly "
    "the question itself."
)


class GoneError(Exception):
    """The examples are not there any more, or not as they were."""


def files_of(team: Team) -> TrainingFileQuerySet:
    return TrainingFile.objects.alive().filter(team=team, state=FileState.READY, format__in=TEACHING, examples__gt=0)


def most_tokens(candidate: Candidate) -> int:
    """That the examples before one question can have, before it is known which they are."""
    file = candidate.examples_file
    if file is None or not candidate.few_shot:
        return 0
    longest = (file.report.get("longest") or {}).get("tokens") or file.tokens
    return min(
        candidate.few_shot * (longest + SLACK), file.tokens + SLACK * file.examples, MOST_CHARACTERS * MOST_TOKENS
    )


def choose(candidate: Candidate, keep: Callable[[], object]) -> list[Shots]:
    """For each question of its set, in order; empty where the file was deleted. Raises ChildProcessError."""
    file = candidate.examples_file
    if file is None or not file.content:
        return []
    questions = list(candidate.question_set.questions.values_list("messages", flat=True))
    try:
        return list(few_shot_prompts(file.path, questions, candidate.few_shot, _without(candidate), keep))
    except FileNotFoundError:
        return []
    except ChildProcessError:
        if TrainingFile.objects.alive().filter(pk=file.pk).exists():
            raise
        return []  # deleted while it was read


def _without(candidate: Candidate) -> Sequence[int]:
    """Lines of the file that are questions, or nearly."""
    made = candidate.question_set
    return made.options.get("keep_out", ()) if made.training_file_id == candidate.examples_file_id else ()


def stored(shots: Shots | None) -> dict[str, Any]:
    """Fit for a JSON column. The texts stay in their file: who deletes that has deleted them."""
    return {"lines": shots.lines, "places": shots.places, "digest": shots.digest} if shots else {}


def prompt(candidate: Candidate, answer: Answer, question: Sequence[Json]) -> list[Json]:
    """The messages that are sent, and were. Raises GoneError."""
    system = [{"role": "system", "content": candidate.system_prompt}] if candidate.system_prompt else []
    if not candidate.few_shot:
        return [*system, *question]
    return [*system, *with_examples(question, _taken(candidate.examples_file, answer.examples))]


def _taken(file: TrainingFile | None, kept: dict[str, Any]) -> list[Json]:
    if file is None or not file.content or not kept:
        raise GoneError
    try:
        found = taken(file.path, kept["places"])
    except OSError as error:
        raise GoneError from error
    if digest(found) != kept["digest"]:
        raise GoneError
    return found


def sendable(candidate: Candidate, answer: Answer, question: Sequence[Json]) -> list[Json]:
    """The messages to send. Raises ProviderError: a question without its examples is never sent."""
    if candidate.few_shot and answer.examples and not answer.examples["lines"]:
        raise ProviderError(NO_EXAMPLE, permanent=True)
    try:
        return prompt(candidate, answer, question)
    except GoneError as error:
        raise ProviderError(FILE_GONE, permanent=True) from error

"""An evaluation as a configuration of promptfoo, where OpenAI sends the users of its own evaluations.

Written for promptfoo 0.123 and its published JSON schema. promptfoo renders texts as Nunjucks templates, reads files
that they name, and knows the environment with its keys: a question that holds `{{ env.OPENAI_API_KEY }}` would send
it. So no text is a template here: a brace in a message is its JSON escape, a brace in an assertion prints itself.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from django.utils.translation import gettext as _

from jobs.models import Answer, Candidate, CandidateKind, Evaluation, Question
from jobs.pipeline.evaluations.examples import GoneError, prompt
from jobs.provider import Json
from jobs.training_data.spoken import text_of

ROWS = 500
SCHEMA = "https://promptfoo.dev/config-schema.json"
UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")  # what JSON may hold as it is, and YAML may not
BRACE = re.compile(r"[{}]")
TEMPLATE = re.compile(r"\{[{%#]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
FETCHED = ("file://", "package:")  # what promptfoo reads from disk
OPENAI = "OPENAI_API_KEY"


def candidates_of(evaluation: Evaluation) -> list[Candidate]:
    related = ("connection", "tuned_model__job", "examples_file")
    heavy = ("connection__models_seen", "examples_file__report", "examples_file__options")
    return list(evaluation.candidates.select_related(*related).defer(*heavy))


def head(evaluation: Evaluation, candidates: Sequence[Candidate]) -> str:
    """All but the tests, with comments in the language that is spoken now."""
    asked = [one for one in candidates if can_be_asked(one)]
    keys = _keys(asked)
    prompts: dict[tuple[str, str], str] = {}  # labels, by system prompt and variable
    for one in asked:
        prompts.setdefault((one.system_prompt, _variable(one)), f"prompt-{len(prompts)}")
    found = [*_comments([one for one in candidates if one not in asked], keys), *_settings(evaluation), "prompts:\n"]
    for (system, variable), label in prompts.items():
        found.append(f"  - label: {label}\n    raw: {_quoted(_prompt(system, variable))}\n")
    found.append("providers:\n" if asked else "providers: []\n")
    for one in asked:
        found += _provider(evaluation, one, keys[one.connection_id], prompts[one.system_prompt, _variable(one)])
    return "".join(found)


def tests(candidates: Sequence[Candidate]) -> Iterator[str]:
    """Some hundred at a time."""
    asked = [one for one in candidates if can_be_asked(one)]
    sets = list(dict.fromkeys(one.question_set_id for one in asked))
    if not Question.objects.filter(question_set__in=sets).exclude(messages=[]).exists():
        yield "tests: []\n"
        return
    yield "tests:\n"
    for made in sets:
        yield from _tests(made, [one for one in asked if one.question_set_id == made], is_all=len(sets) == 1)


def can_be_asked(candidate: Candidate) -> bool:
    """Recorded answers ask nobody. No address may be a template."""
    named = f"{candidate.model} {candidate.connection.address}"
    return candidate.kind != CandidateKind.RECORDED and not TEMPLATE.search(named)


def _keys(candidates: Sequence[Candidate]) -> dict[int, str]:
    """For each connection the variable of the environment that its key is read from: never the key itself."""
    found: dict[int, str] = {}
    for one in candidates:
        if one.connection_id not in found:
            number = len(found) + 1
            found[one.connection_id] = OPENAI if one.connection.profile == "openai" else f"TEXTHELPER_KEY_{number}"
    return found


def _comments(left_out: Sequence[Candidate], keys: dict[int, str]) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={SCHEMA}\n"
    yield _comment(_("From TextHelper. Run it with: npx promptfoo@latest eval"))
    for name in dict.fromkeys(keys.values()):
        yield _comment(_("Keys are read from the environment. Set: %(name)s") % {"name": name})
    for one in left_out:
        yield _comment(_("Left out, since promptfoo cannot ask it: %(model)s") % {"model": one.model})
    yield _comment(_("rouge-n counts words of the good answer, and costs nothing. Raise `threshold` for a pass mark."))
    yield _comment(_("`similar` or `llm-rubric` can take its place: they ask a model, at its price."))


def _settings(evaluation: Evaluation) -> Iterator[str]:
    yield f"description: {_quoted(_plain(evaluation.name))}\n"
    yield "sharing: false\n"
    yield f"evaluateOptions:\n  maxConcurrency: 3\n  repeat: {evaluation.repetitions}\n"


def _provider(evaluation: Evaluation, candidate: Candidate, key: str, prompt: str) -> Iterator[str]:
    yield f"  - id: {_quoted(f'openai:chat:{candidate.model}')}\n"
    yield f"    label: {_quoted(_label(candidate))}\n"
    yield f"    prompts: [{prompt}]\n"
    yield "    config:\n"
    if key == OPENAI:
        yield f"      apiKeyEnvar: {OPENAI}\n"
    else:  # where an `apiKeyEnvar` is not set, promptfoo would send OpenAI's key to this address
        yield f"      apiBaseUrl: {_quoted(candidate.connection.address)}\n"
        yield f"      apiKey: {_quoted('{{ env.' + key + ' }}')}\n"
    yield f"      temperature: {evaluation.temperature}\n      max_tokens: {evaluation.max_tokens}\n"


def _label(candidate: Candidate) -> str:
    """Each another one: tests name providers by it."""
    return f"{candidate.position + 1} · {_plain(candidate.model)} · {_plain(candidate.connection.name)}"


def _variable(candidate: Candidate) -> str:
    """What a prompt calls the messages of a question; with examples before them they are this candidate's alone."""
    return f"turns_{candidate.position + 1}" if candidate.few_shot else "turns"


def _tests(question_set: int, candidates: Sequence[Candidate], *, is_all: bool) -> Iterator[str]:
    """`is_all`: these are all candidates, so a test need not name them."""
    rows = Question.objects.filter(question_set=question_set).order_by("position")
    page = list(rows[:ROWS])
    while page:
        shown = _with_examples(page, [one for one in candidates if one.few_shot])
        for question in page:
            asked = [one for one in candidates if not one.few_shot or (one.pk, question.pk) in shown]
            if question.messages and asked:  # emptied ones are no questions any more
                said = {_variable(one): shown.get((one.pk, question.pk), question.messages) for one in asked}
                yield _test(question, said, [] if is_all and len(asked) == len(candidates) else asked)
        page = list(rows.filter(position__gt=page[-1].position)[:ROWS])


def _with_examples(page: Sequence[Question], candidates: Sequence[Candidate]) -> dict[tuple[int, int], list[Json]]:
    """By candidate and question, all that was sent but the system prompt, where its examples are still there."""
    found: dict[tuple[int, int], list[Json]] = {}
    known, questions = {one.pk: one for one in candidates}, {one.pk: one for one in page}
    rows = Answer.objects.filter(candidate__in=known, question__in=questions, repetition=0) if known else []
    for answer in rows:
        candidate, question = known[answer.candidate_id], questions[answer.question_id]
        if answer.examples.get("lines"):
            with suppress(GoneError):
                sent = prompt(candidate, answer, question.messages)
                found[candidate.pk, question.pk] = sent[bool(candidate.system_prompt) :]
    return found


def _test(question: Question, said: dict[str, list[Json]], providers: Sequence[Candidate]) -> str:
    found = f"  - description: {_quoted(f'{question.position + 1}')}\n"
    if providers:
        found += f"    providers: [{', '.join(_quoted(_label(one)) for one in providers)}]\n"
    found += "    vars:\n"
    for name, messages in said.items():
        found += f"      {name}: {_quoted(_turns(messages))}\n"
    if question.reference:
        found += "    assert:\n      - type: rouge-n\n        threshold: 0\n"
        found += f"        value: {_quoted(_printing_itself(question.reference))}\n"
    return found


def _prompt(system: str, variable: str) -> str:
    """A list of messages that is no JSON before its turns are in it: so promptfoo renders it once, and as text."""
    return f"[{_turns([{'role': 'system', 'content': system}]) + ',' if system else ''}{{{{{variable}}}}}]"


def _turns(messages: Sequence[dict[str, Any]]) -> str:
    """Messages as JSON, one after another, without a brace in what they say."""
    return ",".join(
        f'{{"role":{_inert(str(each.get("role", "")))},"content":{_inert(text_of(each))}}}' for each in messages
    )


def _inert(text: str) -> str:
    return _json(text).replace("{", "\\u007b").replace("}", "\\u007d")


def _printing_itself(text: str) -> str:
    """A template that prints `text`."""
    start = "{{''}}" if text.startswith(FETCHED) else ""
    return start + BRACE.sub(lambda found: f"{{{{'{found[0]}'}}}}", text)


def _plain(name: str) -> str:
    """A name without what a template begins with."""
    return name.replace("{", "(").replace("}", ")")


def _comment(text: str) -> str:
    return f"# {CONTROL.sub(' ', text)}\n"


def _quoted(text: str) -> str:
    """A text as YAML: between single quotes where it fits on a line, which keeps JSON readable; else as JSON."""
    return _json(text) if CONTROL.search(text) or UNPRINTABLE.search(text) else "'" + text.replace("'", "''") + "'"


def _json(text: str) -> str:
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))

"""An evaluation as a configuration of promptfoo, where OpenAI sends the users of its own evaluations.

Written for promptfoo 0.123 and its published JSON schema. promptfoo renders texts as Nunjucks templates, reads files
that they name, and knows the environment with its keys: a question that holds `{{ env.OPENAI_API_KEY }}` would send
it. So no text is a template here: a brace in a message is its JSON escape, a brace in an assertion prints itself.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from jobs.models import Candidate, CandidateKind, Evaluation, Question
from jobs.training_data.spoken import text_of

ROWS = 500
SCHEMA = "https://promptfoo.dev/config-schema.json"
UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")  # what JSON may hold as it is, and YAML may not
BRACE = re.compile(r"[{}]")
TEMPLATE = re.compile(r"\{[{%#]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
FETCHED = ("file://", "package:")  # what promptfoo reads from disk
OPENAI = "OPENAI_API_KEY"
NOT_ASKED = (CandidateKind.RECORDED, CandidateKind.FEW_SHOT)


def candidates_of(evaluation: Evaluation) -> list[Candidate]:
    rows = evaluation.candidates.select_related("connection", "tuned_model__job").defer("connection__models_seen")
    return list(rows)


def head(evaluation: Evaluation, candidates: Sequence[Candidate]) -> str:
    """All but the tests, with comments in the language that is spoken now."""
    asked = [one for one in candidates if can_be_asked(one)]
    keys, prompts = _keys(asked), list(dict.fromkeys(one.system_prompt for one in asked))
    found = [*_comments([one for one in candidates if one not in asked], keys), *_settings(evaluation), "prompts:\n"]
    for number, prompt in enumerate(prompts):
        found.append(f"  - label: system-{number}\n    raw: {_quoted(_prompt(prompt))}\n")
    found.append("providers:\n" if asked else "providers: []\n")
    for one in asked:
        found += _provider(evaluation, one, keys[one.connection_id], prompts.index(one.system_prompt))
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
        yield from _tests(made, [one for one in asked if one.question_set_id == made] if len(sets) > 1 else [])


def can_be_asked(candidate: Candidate) -> bool:
    """Recorded answers ask nobody; examples before a question are chosen here. No address may be a template."""
    named = f"{candidate.model} {candidate.connection.address}"
    return candidate.kind not in NOT_ASKED and not TEMPLATE.search(named)


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


def _provider(evaluation: Evaluation, candidate: Candidate, key: str, prompt: int) -> Iterator[str]:
    yield f"  - id: {_quoted(f'openai:chat:{candidate.model}')}\n"
    yield f"    label: {_quoted(_label(candidate))}\n"
    yield f"    prompts: [system-{prompt}]\n"
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


def _tests(question_set: int, providers: Sequence[Candidate]) -> Iterator[str]:
    rows = Question.objects.filter(question_set=question_set).order_by("position")
    page = list(rows[:ROWS])
    while page:
        yield "".join(_test(question, providers) for question in page if question.messages)  # emptied ones are none
        page = list(rows.filter(position__gt=page[-1].position)[:ROWS])


def _test(question: Question, providers: Sequence[Candidate]) -> str:
    found = f"  - description: {_quoted(f'{question.position + 1}')}\n"
    if providers:
        found += f"    providers: [{', '.join(_quoted(_label(one)) for one in providers)}]\n"
    found += f"    vars:\n      turns: {_quoted(_turns(question.messages))}\n"
    if question.reference:
        found += "    assert:\n      - type: rouge-n\n        threshold: 0\n"
        found += f"        value: {_quoted(_printing_itself(question.reference))}\n"
    return found


def _prompt(system: str) -> str:
    """A list of messages that is no JSON before its turns are in it: so promptfoo renders it once, and as text."""
    return f"[{_turns([{'role': 'system', 'content': system}]) + ',' if system else ''}{{{{turns}}}}]"


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

"""promptfooconfig.yaml: what it says is what we would send, no text of it is a template, and no key is in it.

promptfoo 0.123.1 itself found these very texts valid, and sent what `asking.request_for` makes of them.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs.models import CandidateKind, Connection, Evaluation, Question
from tests.conftest import World
from tests.evaluating import make_evaluation, make_questions
from tests.factories import make_connection
from tests.test_evaluation_pages import address

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db

NASTY = [
    *("첫눈, 골목", "file:///etc/passwd", "package:x:y", "{{ env.OPENAI_API_KEY }}", "{{turns}}", "{{'{'}}"),
    *("{% for i in range(9) %}x{% endfor %}", "{# gone #} 남는 말", "}} { %} back\\slash \\u007b"),
    *(
        "it's 'quoted' \"double\"\n둘째 줄\n",
        "\x7f\x85\u2028\u2029\ufeff😀 e\u0301",
        "- a: b # c",
        "{'a': 1}",
        "---",
        "",
    ),
]
TEMPLATE = re.compile(r"\{[{%#]|[}%#]\}")
PRINTED = re.compile(r"\{\{'(.?)'\}\}")


def ordered(world: World, models: list[str], *texts: str, **fields: Any) -> Evaluation:
    made = make_questions(world.team, *texts)
    for question in made.questions.all():
        question.reference = question.messages[0]["content"]
        question.save()
    return make_evaluation(world.team, models, made, connection=world.connection, **fields)


def text_of(client: Client, world: World, row: Evaluation) -> str:
    answer = client.get(address(world, "evaluation-promptfoo", row.uuid))
    assert answer["Content-Disposition"] == 'attachment; filename="promptfooconfig.yaml"'
    return b"".join(answer).decode()


def config(client: Client, world: World, row: Evaluation) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text_of(client, world, row))
    return found


def printed(value: str) -> str:
    """What a template that only prints braces makes of itself."""
    assert not re.search(r"[{}]", PRINTED.sub("", value))
    assert not value.startswith(("file://", "package:"))
    return PRINTED.sub(r"\1", value)


def test_every_text_comes_back_as_it_is_and_none_is_a_template(world: World, login: Login) -> None:
    row = ordered(world, ["one", "two"], *NASTY)
    system = "짧게 {{ env.OPENAI_API_KEY }} {% raw %} 'x'\n둘"
    row.candidates.filter(position=0).update(system_prompt=system)

    found = config(login(world.carol), world, row)

    turns = [test["vars"]["turns"] for test in found["tests"]]
    assert [json.loads(f"[{one}]") for one in turns] == [[{"role": "user", "content": text}] for text in NASTY]
    assert [one for one in turns if TEMPLATE.search(one)] == []
    values = [test["assert"][0]["value"] for test in found["tests"] if "assert" in test]
    assert [printed(value) for value in values] == [text for text in NASTY if text]
    first, second = (prompt["raw"] for prompt in found["prompts"])
    assert TEMPLATE.sub("", first.replace("{{turns}}", "")) == first.replace("{{turns}}", "")
    assert json.loads(first.replace("{{turns}}", turns[0]))[0] == {"role": "system", "content": system}
    assert second == "[{{turns}}]"
    assert [one["prompts"] for one in found["providers"]] == [["prompt-0"], ["prompt-1"]]


def test_talks_of_several_turns_stay_talks(world: World, login: Login) -> None:
    row = ordered(world, ["one"], "첫눈")
    talk = [
        {"role": "user", "content": "안녕"},
        {"role": "assistant", "content": "네"},
        {"role": "user", "content": "눈"},
    ]
    Question.objects.update(messages=talk)

    found = config(login(world.carol), world, row)

    assert json.loads(found["prompts"][0]["raw"].replace("{{turns}}", found["tests"][0]["vars"]["turns"])) == talk


def test_providers_have_addresses_settings_and_no_key(world: World, login: Login) -> None:
    openai = make_connection(world.team, name="OpenAI {{x}}", profile="openai", key="sk-proj-very-secret-key")
    row = ordered(world, ["one"], "첫눈", max_tokens=77, temperature=0.5, repetitions=3)
    ordered_too = row.candidates.get()
    ordered_too.pk, ordered_too.uuid, ordered_too.position = None, openai.uuid, 1
    ordered_too.connection, ordered_too.model = openai, "ft:gpt-4o:org::id"
    ordered_too.save()

    text = text_of(login(world.carol), world, row)

    ours, theirs = yaml.safe_load(text)["providers"]
    settings = {"temperature": 0.5, "max_tokens": 77}
    assert ours["config"] == settings | {
        "apiBaseUrl": world.connection.address,
        "apiKey": "{{ env.TEXTHELPER_KEY_1 }}",
    }
    assert theirs["config"] == settings | {"apiKeyEnvar": "OPENAI_API_KEY"}
    assert theirs["id"] == "openai:chat:ft:gpt-4o:org::id"
    assert theirs["label"] == "2 · ft:gpt-4o:org::id · OpenAI ((x))"
    assert yaml.safe_load(text)["evaluateOptions"]["repeat"] == 3
    assert yaml.safe_load(text)["sharing"] is False
    assert "very-secret" not in text
    assert "Set: OPENAI_API_KEY" in text


@pytest.mark.parametrize(("changes", "left"), [
    ({"kind": CandidateKind.RECORDED}, True),
    ({"model": "{{ env.OPENAI_API_KEY }}"}, True), ({"model": "b{a"}, False),
])  # fmt: skip
def test_what_cannot_be_asked_is_left_out_and_named(
    world: World, login: Login, changes: dict[str, Any], left: bool
) -> None:
    row = ordered(world, ["one", "two"], "첫눈")
    row.candidates.filter(position=1).update(**changes)

    text = text_of(login(world.carol), world, row)

    assert len(yaml.safe_load(text)["providers"]) == (1 if left else 2)
    assert ("Left out" in text) is left


def test_comments_and_names_stay_on_their_lines(world: World, login: Login) -> None:
    row = ordered(world, ["one", "x\nproviders: []"], "첫눈", name="이름\nsharing: true\u2028# {{x}}")
    row.candidates.filter(position=1).update(kind=CandidateKind.RECORDED)

    found = config(login(world.carol), world, row)

    assert found["description"] == "이름\nsharing: true\u2028# ((x))"
    assert (found["sharing"], len(found["providers"])) == (False, 1)


def test_models_with_questions_of_their_own_are_asked_those(world: World, login: Login) -> None:
    row, other = ordered(world, ["one", "two"], "첫눈"), make_questions(world.team, "골목")
    row.candidates.filter(position=1).update(question_set=other)

    found = config(login(world.carol), world, row)

    labels = [one["label"] for one in found["providers"]]
    assert [test["providers"] for test in found["tests"]] == [[labels[0]], [labels[1]]]


def test_emptied_questions_are_no_tests(world: World, login: Login) -> None:
    row = ordered(world, ["one"], "첫눈", "골목")
    client = login(world.carol)
    Question.objects.filter(position=0).update(messages=[], reference="")
    assert len(config(client, world, row)["tests"]) == 1

    Question.objects.update(messages=[], reference="")

    assert config(client, world, row)["tests"] == []


def test_ten_thousand_questions_are_read_in_pages(world: World, login: Login) -> None:
    row = ordered(world, ["one"], "첫눈")
    made = row.candidates.get().question_set
    Question.objects.bulk_create(
        Question(question_set=made, position=n, messages=[{"role": "user", "content": f"질문 {n}"}])
        for n in range(1, 1201)
    )
    client = login(world.carol)

    with CaptureQueriesContext(database) as seen:
        text = text_of(client, world, row)

    assert text.count("  - description:") == 1201
    assert len([query for query in seen if "LIMIT 500" in query["sql"]]) == 4


def test_it_is_offered_where_a_model_can_be_asked(world: World, login: Login) -> None:
    row = ordered(world, ["one"], "첫눈")
    Evaluation.objects.update(total=1)
    client, where = login(world.carol), address(world, "evaluation-promptfoo", row.uuid)

    assert where in client.get(address(world, "evaluation-detail", row.uuid)).text
    row.candidates.update(kind=CandidateKind.RECORDED)

    assert where not in client.get(address(world, "evaluation-detail", row.uuid)).text


def test_comments_are_korean_for_a_korean(world: World, login: Login) -> None:
    row = ordered(world, ["one"], "첫눈")
    world.carol.language = "ko"
    world.carol.save()

    assert "키는 환경 변수에서 읽습니다" in text_of(login(world.carol), world, row)
    assert Connection.objects.count() == 1

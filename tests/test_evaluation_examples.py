"""A chat model with examples: what is sent, kept, shown again, priced before, and what happens when the file goes."""

import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import (
    Answer,
    Candidate,
    CandidateKind,
    Evaluation,
    EvaluationKind,
    QuestionSet,
    RemoteModel,
    TrainingFile,
)
from jobs.pipeline import erasing
from jobs.pipeline.evaluations import estimate, examples, scoring
from jobs.run_states import ChunkState, RunState
from jobs.states import State
from jobs.training_data.tokens import count_text
from jobs.verdict_words import sentence
from tests.chat_side import ChatSide, chat_side
from tests.conftest import World
from tests.evaluating import connect, make_evaluation, make_questions, walk
from tests.factories import make_file, make_job
from tests.test_evaluation_promptfoo import config

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db(transaction=True)
MODEL = "gpt-4.1-mini"
HTMX = {"HX-Request": "true"}
THINGS = ("첫눈", "골목", "붕어빵", "등대", "우체통", "다락방")


def chat(asks: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": asks}, {"role": "assistant", "content": answer}]}


def written(world: World, *rows: dict[str, Any], **fields: Any) -> TrainingFile:
    body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    return make_file(world.team, body, **fields)


def of_things(world: World, **fields: Any) -> TrainingFile:
    rows = (chat(f"{thing}에 대해 짧은 글을 써 줘.", f"{thing}은 겨울 아침처럼 조용했다.") for thing in THINGS)
    return written(world, *rows, **fields)


@pytest.fixture
def far(world: World, settings: Any) -> Iterator[ChatSide]:
    with chat_side() as far:
        settings.UPSTREAM_HOSTS = [f"127.0.0.1:{far.port}"]
        connect(world.connection, far.url)
        yield far


def shown(world: World, file: TrainingFile, *texts: str, k: int = 2, **of_set: Any) -> Evaluation:
    """One plain model, and the same with examples."""
    row = make_evaluation(world.team, [MODEL, MODEL], make_questions(world.team, *texts, **of_set))
    about = {"kind": CandidateKind.FEW_SHOT, "few_shot": k, "examples_file": file, "system_prompt": "짧게."}
    row.candidates.filter(position=1).update(**about)
    return row


def with_examples(row: Evaluation) -> list[Answer]:
    return list(Answer.objects.filter(evaluation=row, candidate__few_shot__gt=0).order_by("position"))


def question_page(world: World, client: Client, row: Evaluation, place: int = 0) -> str:
    question = row.candidates.get(position=1).question_set.questions.get(position=place)
    return client.get(reverse("evaluation-question", args=[world.team.slug, row.uuid, question.pk])).text


def copied(page: str) -> list[str]:
    return [html.unescape(text) for text in re.findall(r'data-copy="([^"]*)"', page)]


def test_the_nearest_examples_go_along_and_the_prompt_can_be_copied(world: World, far: ChatSide, login: Login) -> None:
    file = of_things(world)

    row = walk(shown(world, file, "골목과 등대에 대해 긴 글을 써 줘."))

    assert row.state == RunState.DONE
    sent = [body["messages"] for body in far.bodies if len(body["messages"]) > 1]
    [answer] = with_examples(row)
    assert [message["role"] for message in sent[0]] == ["system", *["user", "assistant"] * 2, "user"]
    assert sent[0][-2]["content"].startswith(("골목", "등대"))
    assert set(answer.examples["lines"]) == {2, 4}
    page = question_page(world, login(world.carol), row)
    text, as_json = copied(page)[-2:]
    assert json.loads(as_json) == sent[0]
    assert text.startswith("[system]\n짧게.\n\n[user]\n")
    assert f"?line={answer.examples['lines'][0]}" in page
    assert "gpt-4.1-mini with 2 examples" in page


def test_promptfoo_gets_the_very_messages_that_were_sent(world: World, far: ChatSide, login: Login) -> None:
    file = of_things(world)
    row = walk(shown(world, file, "골목과 등대에 대해 긴 글을 써 줘.", "첫눈에 대해 {{ 긴 }} 글을 써 줘."))
    client = login(world.carol)

    found = config(client, world, row)

    plain, examples_before = found["providers"]
    prompts = {prompt["label"]: prompt["raw"] for prompt in found["prompts"]}
    raw = prompts[examples_before["prompts"][0]]
    made = [json.loads(raw.replace("{{turns_2}}", test["vars"]["turns_2"])) for test in found["tests"]]
    sent = [body["messages"] for body in far.bodies if len(body["messages"]) > 1]
    assert sorted(map(str, made)) == sorted(map(str, sent))
    assert prompts[plain["prompts"][0]] == "[{{turns}}]"
    assert all("providers" not in test for test in found["tests"])

    erasing.erase(file, lambda _file: None)
    gone = config(client, world, row)
    assert {tuple(test["providers"]) for test in gone["tests"]} == {(plain["label"],)}
    assert all(list(test["vars"]) == ["turns"] for test in gone["tests"])


def test_what_is_kept_is_no_second_copy_of_the_texts(world: World, far: ChatSide, login: Login) -> None:
    file = of_things(world)
    row = walk(shown(world, file, "골목에 대해 긴 글을 써 줘.", "바다에 대해 긴 글을 써 줘."))
    assert "겨울 아침" not in json.dumps([answer.examples for answer in with_examples(row)])

    assert erasing.erase(file, lambda _file: None)

    page = question_page(world, login(world.carol), row)
    assert "The file of the examples was deleted" in page
    assert "겨울 아침처럼" not in page
    assert copied(page) == []


def test_what_is_set_aside_and_the_question_itself_are_no_examples(world: World, far: ChatSide) -> None:
    file = of_things(world)
    about = {"origin": "held_out", "training_file": file, "options": {"keep_out": [2, 3]}}

    row = walk(shown(world, file, f"{THINGS[3]}에 대해 짧은 글을 써 줘!", k=16, **about))

    [answer] = with_examples(row)
    assert sorted(answer.examples["lines"]) == [1, 5, 6]


@pytest.mark.parametrize("k", [1, 4, 16])
def test_the_price_before_is_never_below_what_is_held(world: World, far: ChatSide, k: int) -> None:
    rows = [chat(thing * length, f"{thing} 😀🫠 " * length) for thing in THINGS for length in (1, 40)]
    longest = max(count_text(json.dumps(row, ensure_ascii=False)) for row in rows)
    pairs = [{"prompt": f"{thing} 한 쌍", "completion": f" {thing}"} for thing in THINGS]
    for file in (
        written(world, *rows, report={"longest": {"line": 1, "tokens": longest}}, tokens=longest * len(rows)),
        written(world, *pairs, format="legacy", report={"longest": {"line": 1, "tokens": 9}}, tokens=60),
    ):
        row = shown(world, file, "골목에 대해", "첫눈에 대해", k=k)
        before = estimate.estimate(row, list(row.candidates.all()))

        walk(row)

        for part in before.parts:
            held = Answer.objects.filter(candidate=part.candidate).values_list("most_prompt_tokens", flat=True)
            assert sum(held) <= part.prompt_tokens


def test_each_call_has_its_own_bound(world: World, far: ChatSide) -> None:
    file = written(world, chat("골목 이야기", "짧다"), chat("첫눈 이야기", "길다 " * 900))

    row = walk(shown(world, file, "골목 이야기를 길게", "첫눈 이야기를 길게", k=1))

    near, far_one = with_examples(row)
    assert (near.examples["lines"], far_one.examples["lines"]) == ([1], [2])
    assert far_one.most_prompt_tokens > near.most_prompt_tokens + 900


def test_a_file_deleted_before_the_first_call_sends_nothing_without_its_examples(world: World, far: ChatSide) -> None:
    file = of_things(world)
    row = shown(world, file, "골목")
    erasing.erase(file, lambda _file: None)

    row = walk(row)

    assert (row.state, row.done, row.failed) == (RunState.DONE, 1, 1)
    assert [body["messages"] for body in far.bodies] == [[{"role": "user", "content": "골목"}]]
    [answer] = with_examples(row)
    assert "The file of its examples was deleted" in answer.trouble


def test_a_file_deleted_midway_stops_what_is_left(world: World, far: ChatSide) -> None:
    file = of_things(world)
    row = shown(world, file, "골목", "등대")
    row = walk(row)
    Answer.objects.filter(evaluation=row).update(state=ChunkState.WAITING)
    Evaluation.objects.filter(pk=row.pk).update(state=RunState.RUNNING, due_at=row.created_at, done=0)
    erasing.erase(file, lambda _file: None)
    far.bodies.clear()

    row = walk(row)

    assert (row.state, row.done, row.failed) == (RunState.DONE, 2, 2)
    assert len(far.bodies) == 2


def test_bytes_that_are_not_as_they_were_are_not_sent(world: World, far: ChatSide) -> None:
    file = of_things(world)
    row = walk(shown(world, file, "골목에 대해"))
    file.path.write_bytes(file.path.read_bytes().replace("겨울".encode(), "여름".encode()))
    [answer] = with_examples(row)

    with pytest.raises(examples.GoneError):
        examples.prompt(answer.candidate, answer, [])


def test_where_no_example_fits_nothing_is_sent(world: World, far: ChatSide) -> None:
    file = written(world, chat("골목", "길" * 30_000), chat("등대", " "))

    row = walk(shown(world, file, "골목에 대해 써 줘"))

    [answer] = with_examples(row)
    assert (answer.state, answer.examples["lines"]) == (ChunkState.FAILED, [])
    assert "No example of the file can come before this question" in answer.trouble
    assert len(far.bodies) == 1


# the order


def ordering(world: World, made: QuestionSet, **fields: Any) -> tuple[str, dict[str, Any]]:
    settings = {"max_tokens": 100, "temperature": 0, "repetitions": 1, "system_prompt": "", "order_token": str(uuid4())}
    address = f"{reverse('evaluation-new', args=[world.team.slug])}?questions={made.uuid}"
    return address, {**settings, "few_shot": "2", **fields}


def plain(world: World, model: str = "sim-large-2026-06-01") -> str:
    return f"{world.connection.uuid}|{model}"


def test_the_order_keeps_the_file_and_the_number(world: World, login: Login) -> None:
    client, file, made = login(world.bob), of_things(world), make_questions(world.team, "골목")
    address, sent = ordering(world, made, shots=[plain(world)], examples=str(file.uuid))

    price = client.post(address.replace("/new/", "/price/"), sent, headers=HTMX)
    client.post(address, sent | {"shown_usd": price.context["button_price"]})

    candidate = Candidate.objects.get()
    assert (candidate.kind, candidate.few_shot, candidate.examples_file) == ("few_shot", 2, file)
    assert "with 2 examples" in price.text
    listed = client.get(reverse("evaluation-list", args=[world.team.slug])).text
    assert "with 2 examples" in listed


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"few_shot": "7"}, "The file has only 6 examples beside the questions."),
        ({"few_shot": "17"}, "less than or equal to 16"),
        ({"few_shot": "-1"}, "greater than or equal to 1"),
        ({"examples": ""}, "Choose the file that the examples come from."),
        ({"examples": "no-uuid"}, "Select a valid choice"),
        ({"shots": ["strange"]}, "Select a valid choice"),
    ],
)
def test_a_wrong_order_is_refused_in_words(world: World, login: Login, fields: dict[str, Any], words: str) -> None:
    file, made = of_things(world), make_questions(world.team, "골목")
    address, sent = ordering(world, made, shots=[plain(world)], examples=str(file.uuid))

    answer = login(world.bob).post(address, sent | fields | {"shown_usd": "0"})

    assert answer.status_code == 422
    assert words in answer.text
    assert not Evaluation.objects.exists()


def test_files_without_answers_and_of_others_are_not_offered(world: World, login: Login) -> None:
    made, mine = make_questions(world.team, "골목"), of_things(world)
    files = [
        make_file(world.team, format="reinforcement"),
        make_file(world.team, state="invalid"),
        make_file(world.mallory.ensure_team()),
    ]
    for file in files:
        address, sent = ordering(world, made, shots=[plain(world)], examples=str(file.uuid))
        assert login(world.bob).post(address, sent | {"shown_usd": "0"}).status_code == 422
    page = login(world.bob).get(address).text
    assert str(mine.uuid) in page
    assert not any(str(file.uuid) in page for file in files)


def test_personal_data_in_the_file_is_named_before_it_leaves(world: World, login: Login, far: ChatSide) -> None:
    findings = [{"code": "personal_phone", "count": 3, "lines": [1]}, {"code": "short_answers", "count": 9}]
    file, made = of_things(world, report={"findings": findings}), make_questions(world.team, "골목")
    address, sent = ordering(world, made, examples=str(file.uuid), other_shots="on")
    sent |= {"other_connection": str(world.connection.uuid), "other_model": "some-model"}

    page = login(world.bob).post(address.replace("/new/", "/price/"), sent, headers=HTMX).text

    assert "Personal data was found 3 times in it." in page
    assert "some-model with 2 examples" in page
    without = login(world.bob).post(address.replace("/new/", "/price/"), sent | {"other_shots": ""}, headers=HTMX).text
    assert "Personal data was found" not in without


# the verdict


def scored(row: Evaluation, *answers: str) -> Evaluation:
    for candidate, text in zip(row.candidates.order_by("position"), answers, strict=True):
        candidate.answers.update(answer=text, scores={})
    Evaluation.objects.filter(pk=row.pk).update(score_due_at=row.created_at)
    scoring.score(Evaluation.objects.get(pk=row.pk))
    return Evaluation.objects.get(pk=row.pk)


def test_the_verdict_names_it_and_whose_examples_it_copies(world: World, far: ChatSide) -> None:
    long = "그해 겨울 우리는 강가의 낡은 집에서 지냈고 아침마다 얼음을 깨어 물을 길었으며 밤에는 책을 읽었다."
    file = written(world, chat("겨울 이야기", long), chat("여름 이야기", "덥다"))
    row = walk(shown(world, file, *(f"겨울의 {n}번째 밤은?" for n in range(8))))
    for question in row.candidates.get(position=0).question_set.questions.all():
        type(question).objects.filter(pk=question.pk).update(reference=long)

    row = scored(row, "다른 말", long)

    said = sentence(row.verdict["pairs"][0])
    assert "of its answers are copied from the file of its examples." in said
    assert row.verdict["pairs"][0]["a_shown"] == 2
    other = sentence(row.verdict["pairs"][0] | {"b_shown": 4, "b_model": "gpt-4.1-mini", "b_is_base": False})
    assert "than gpt-4.1-mini with 4 examples in" in other


# the rescue


def recorded(world: World, file: TrainingFile) -> tuple[RemoteModel, Evaluation]:
    row = make_evaluation(world.team, ["ft:old"], make_questions(world.team, "골목은?"), kind=EvaluationKind.RECORDING)
    candidate = row.candidates.get()
    candidate.answers.create(
        evaluation=row,
        question=candidate.question_set.questions.get(),
        position=0,
        state=ChunkState.DONE,
        answer="옛 답",
    )
    Evaluation.objects.filter(pk=row.pk).update(state=RunState.DONE, due_at=None, max_tokens=77)
    Candidate.objects.filter(pk=candidate.pk).update(system_prompt="옛 규칙")
    job = make_job(world.team, state=State.SUCCEEDED, training_file=file)
    model = RemoteModel.objects.create(
        team=world.team, connection=world.connection, name="ft:old", job=job, recording=candidate
    )
    return model, row


def test_the_rescue_names_the_way_out_without_tuning(world: World, login: Login) -> None:
    client, file = login(world.bob), of_things(world)
    model, row = recorded(world, file)
    page = client.get(reverse("rescue-model", args=[world.team.slug, model.uuid])).text
    [link] = [html.unescape(each) for each in re.findall(r'href="([^"]*examples=[^"]*)"', page)]

    form = client.get(link)

    assert form.status_code == 200
    assert form.context["price"] is not None
    first = form.context["form"]
    assert (first["examples"].value(), first["system_prompt"].value(), first["max_tokens"].value()) == (
        str(file.uuid),
        "옛 규칙",
        "77",
    )
    assert first["name"].value() == "Without tuning: ft:old"
    assert "it is not called again: ft:old" in " ".join(form.text.split())
    kinds = [part["part"].candidate.kind for part in form.context["parts"]]
    assert kinds == [CandidateKind.RECORDED, CandidateKind.FEW_SHOT]
    sent = {name: first[name].value() for name in first.fields if first[name].value() not in (None, "")}
    assert client.post(link, sent | {"shown_usd": form.context["button_price"]}).status_code == 302
    new = Evaluation.objects.exclude(pk=row.pk).get()
    assert [one.recorded for one in new.candidates.all()] == [row.candidates.get(), None]
    again = client.get(reverse("rescue-model", args=[world.team.slug, model.uuid])).text
    assert reverse("evaluation-detail", args=[world.team.slug, new.uuid]) in again


def test_a_viewer_and_a_model_without_file_get_no_link(world: World, login: Login) -> None:
    file = of_things(world)
    model, _row = recorded(world, file)
    address = reverse("rescue-model", args=[world.team.slug, model.uuid])
    assert "examples=" not in login(world.carol).get(address).text

    erasing.erase(file, lambda _file: None)

    assert "examples=" not in login(world.bob).get(address).text


def test_recorded_answers_of_other_questions_are_not_taken(world: World, login: Login) -> None:
    _model, row = recorded(world, of_things(world))
    made = make_questions(world.team, "다른 질문")
    kept = row.candidates.get()
    address, sent = ordering(world, made, models=[plain(world)], recorded=str(kept.uuid), shown_usd="0")

    answer = login(world.bob).post(address, sent)

    assert (answer.status_code, [*answer.context["form"].errors]) == (422, ["recorded"])

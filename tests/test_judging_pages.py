"""The pages of judges: the price before, warnings, one order for two clicks, following, acting, downloads."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jobs.models import Answer, AuditEntry, Candidate, Connection, Evaluation, Judging, Question, QuestionSet
from jobs.pipeline import passages, searching
from jobs.run_states import RunState
from jobs.training_data.scoring.judge_prompts import RUBRICS
from tests.chat_side import ChatSide, chat_side
from tests.conftest import World
from tests.evaluating import connect
from tests.factories import make_connection, make_file
from tests.judging import make_answered, make_judging, step, walk

type Login = Callable[..., Client]

pytestmark = pytest.mark.django_db(transaction=True)
LARGE = "sim-large-2026-06-01"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def far(world: World, settings: Any) -> Iterator[ChatSide]:
    with chat_side(judges={"judge": "ours"}) as far:
        settings.UPSTREAM_HOSTS = [f"127.0.0.1:{far.port}"]
        connect(world.connection, far.url)
        yield far


def address(row: Evaluation, name: str, *args: object) -> str:
    return reverse(name, args=[row.team.slug, row.uuid, *args])


def filled(world: World, model: str = LARGE, **fields: Any) -> dict[str, Any]:
    about = {"order_token": str(uuid4()), "judge": f"{world.connection.uuid}|{model}", "max_tokens": 16}
    return about | {"rubric": RUBRICS["ko"]} | fields


def typed(world: World, model: str, **fields: Any) -> dict[str, Any]:
    """A model that no list has."""
    return filled(world, **fields) | {"judge": "", "other_connection": world.connection.uuid, "other_model": model}


def priced(client: Client, row: Evaluation, sent: dict[str, Any]) -> Any:
    return client.post(address(row, "judging-price"), sent, headers=HTMX)


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_the_evaluation_leads_to_the_form_which_has_our_rubric_and_a_price(world: World, login: Login) -> None:
    row, client = make_answered(world.team), login(world.bob)
    assert address(row, "judging-new") in client.get(address(row, "evaluation-detail")).text
    assert address(row, "judging-new") not in login(world.carol).get(address(row, "evaluation-detail")).text

    page = client.get(address(row, "judging-new"))

    assert page.context["form"]["rubric"].value() == RUBRICS["ko"]
    assert "8 calls" in page.text
    assert page.context["price"].calls == 8
    assert "Start" in page.text
    assert "This judge is simulated" in priced(client, row, filled(world)).text


def test_two_clicks_are_one_order_at_the_price_that_was_seen(world: World, login: Login) -> None:
    row, client, sent = make_answered(world.team), login(world.bob), filled(world)
    unseen = client.post(address(row, "judging-new"), sent)
    assert unseen.status_code == 422
    assert "Here is what it costs at most. Look at it, then order." in unseen.text

    price = priced(client, row, sent).context["button_price"]
    first, second = (
        client.post(address(row, "judging-new"), sent | {"shown_usd": price, "cap": "0.50"}) for _ in range(2)
    )

    made = Judging.objects.get()
    assert first["Location"] == second["Location"] == address(row, "judging-detail", made.uuid)
    assert (made.model, made.engine, made.rubric, str(made.cap_usd)) == (LARGE, "simulated", "", "0.5")
    assert made.estimate["usd"] == price
    assert actions() == ["judging.ordered"]
    third = client.post(address(row, "judging-new"), sent | {"shown_usd": price, "order_token": str(uuid4())})
    assert third["Location"] == first["Location"]


def test_a_rubric_of_ones_own_is_kept(world: World, login: Login) -> None:
    row, client, sent = make_answered(world.team), login(world.bob), filled(world, rubric="짧은 답이\r\n낫다. ")
    price = priced(client, row, sent).context["button_price"]

    client.post(address(row, "judging-new"), sent | {"shown_usd": price})

    assert Judging.objects.get().rubric == "짧은 답이\n낫다."


def test_a_cap_below_one_call_is_refused_before(world: World, login: Login) -> None:
    row = make_answered(world.team, 2, lambda model, place: f"{model} 골목의 첫눈 이야기 " * 900)
    client, sent = login(world.bob), filled(world, max_tokens=16_000)
    price = priced(client, row, sent).context["button_price"]

    answer = client.post(address(row, "judging-new"), sent | {"shown_usd": price, "cap": "0.01"})

    assert answer.status_code == 422
    assert "The cap is below what one call may cost" in answer.text
    assert not Judging.objects.exists()


def test_a_price_that_changed_is_shown_again(world: World, login: Login) -> None:
    row = make_answered(world.team)

    answer = login(world.bob).post(address(row, "judging-new"), filled(world, shown_usd="1.23"))

    assert answer.status_code == 422
    assert "The price has changed since this page showed it." in answer.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"judge": ""}, "Choose a judge."),
        ({"judge": "x" * 5000}, "Select a valid choice"),
        ({"rubric": "x" * 9000}, "at most 8000 characters"),
        ({"max_tokens": "many"}, "Enter a whole number."),
        ({"max_tokens": 10**9}, "less than or equal to 16000"),
        ({"order_token": "none"}, "Enter a valid UUID."),
    ],
)
def test_what_cannot_be_ordered_is_explained(world: World, login: Login, fields: dict[str, Any], words: str) -> None:
    row, client = make_answered(world.team), login(world.bob)

    answer = client.post(address(row, "judging-new"), filled(world, **fields))

    assert answer.status_code == 422
    assert words in answer.text or "order_token" in fields
    assert priced(client, row, filled(world, **fields)).status_code == 200
    assert not Judging.objects.exists()


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.CANCELLED])
def test_only_an_evaluation_that_is_done_is_judged(world: World, login: Login, state: RunState) -> None:
    row, client = make_answered(world.team), login(world.bob)
    Evaluation.objects.update(state=state)

    answer = client.post(address(row, "judging-new"), filled(world, shown_usd="0"), follow=True)

    assert "A judge needs an evaluation that is done" in answer.text
    assert not Judging.objects.exists()


def test_a_judge_that_is_a_candidate_is_warned_of(world: World, login: Login) -> None:
    row, client, words = make_answered(world.team), login(world.bob), "This judge is one of the models that it judges"
    assert words not in priced(client, row, filled(world)).text

    Candidate.objects.filter(model="ours").update(price_as=LARGE)

    assert words in priced(client, row, filled(world)).text


def test_what_leaves_the_machine_is_named(world: World, login: Login, far: ChatSide) -> None:
    row, client = make_answered(world.team), login(world.bob)
    page = priced(client, row, typed(world, "judge"))
    assert f"answers are sent to a service outside this portal: 127.0.0.1:{far.port}." in page.text.replace(
        "&#x27;", "'"
    )
    assert "Personal data was not looked for in them." in page.text
    assert "The price of a model is unknown." in page.text

    file = make_file(world.team)
    file.report |= {"findings": [{"code": "personal_email", "count": 1}]}
    file.save()
    QuestionSet.objects.update(training_file=file)

    assert "The file of the questions holds personal data." in priced(client, row, typed(world, "judge")).text


def test_a_disabled_connection_is_refused(world: World, login: Login) -> None:
    row = make_answered(world.team)
    Connection.objects.update(disabled_at="2026-11-30T00:00:00Z")

    answer = login(world.bob).post(address(row, "judging-new"), filled(world))

    assert "Staff disabled this connection" in answer.text


def test_the_verdict_and_the_replies_are_shown(world: World, login: Login, far: ChatSide) -> None:
    row, client = make_answered(world.team, 8), login(world.carol)
    judging = walk(make_judging(row))

    page = client.get(address(row, "evaluation-detail"))
    assert "Judge judge: better than base in 100% of 8 questions" in page.text
    assert address(row, "judging-detail", judging.uuid) in page.text
    one = client.get(address(row, "judging-detail", judging.uuid))
    assert [row.preferred for row in one.context["rows"]] == ["ours"] * 16
    assert "Judge judge: better than base" in one.text
    assert "judging-retry" not in one.text
    asked = client.get(address(row, "evaluation-question", Question.objects.get(position=2).pk))
    [(found, replies)] = asked.context["judged"]
    assert (found, [(reply.first, reply.preferred) for reply in replies]) == (
        judging,
        [("ours", "ours"), ("base", "ours")],
    )


def test_an_evaluation_page_follows_its_judge(world: World, login: Login, far: ChatSide) -> None:
    row, client = make_answered(world.team, 2), login(world.carol)
    judging = make_judging(row)
    page = client.get(address(row, "evaluation-detail"))
    poll, since = address(row, "evaluation-poll"), page.context["since"]
    assert "hx-get" in page.text
    assert client.get(f"{poll}?since={since}").status_code == 204

    step()

    assert client.get(f"{poll}?since={since}").status_code == 200
    walk(judging)
    assert "evaluation-poll" not in client.get(address(row, "evaluation-detail")).text


def test_its_own_page_asks_for_news_until_it_is_done(world: World, login: Login, far: ChatSide) -> None:
    row, client = make_answered(world.team, 2), login(world.carol)
    judging = make_judging(row)
    where = address(row, "judging-detail", judging.uuid)
    page = client.get(where)
    assert "every 1s" in page.text
    assert client.get(where, headers=HTMX | {"X-Since": page.context["seen"]}).status_code == 204

    walk(judging)

    news = client.get(where, headers=HTMX | {"X-Since": page.context["seen"]})
    assert news.status_code == 200
    assert "every 1s" not in news.text


@pytest.mark.parametrize(("act", "state"), [("pause", RunState.PAUSED), ("cancel", RunState.CANCELLED)])
def test_pause_and_cancel_leave_a_wish(world: World, login: Login, act: str, state: RunState) -> None:
    row = make_answered(world.team, 2)
    judging = make_judging(row)
    Judging.objects.update(state=RunState.RUNNING)

    login(world.bob).post(address(row, "judging-wish", judging.uuid, act))
    step()

    judging.refresh_from_db()
    assert judging.state == state
    assert actions() == [f"judging.{act}{'d' if act == 'pause' else 'led'}"]


def test_an_unknown_act_is_none(world: World, login: Login) -> None:
    row = make_answered(world.team, 2)

    answer = login(world.bob).post(address(row, "judging-wish", make_judging(row).uuid, "explode"))

    assert answer.status_code == 404


def test_another_cap_lets_it_go_on(world: World, login: Login) -> None:
    row, client = make_answered(world.team, 2), login(world.bob)
    judging = make_judging(row, cap="0.01")
    Judging.objects.update(state=RunState.CAPPED)
    assert "Raise it and go on" in client.get(address(row, "judging-detail", judging.uuid)).text

    client.post(address(row, "judging-cap", judging.uuid), {"cap": "0.02"})

    judging.refresh_from_db()
    assert (judging.state, str(judging.cap_usd), actions()) == (RunState.RUNNING, "0.02", ["judging.capped"])


@pytest.mark.parametrize("named", ["no_vote", "0"])
def test_what_holds_no_vote_is_asked_again(world: World, login: Login, far: ChatSide, named: str) -> None:
    far.judges = {"judge": "prose"}
    row, client = make_answered(world.team, 1), login(world.bob)
    judging = walk(make_judging(row))
    page = client.get(address(row, "judging-detail", judging.uuid)).text
    assert "2 replies are none of the letters A, B and T" in page
    assert "Answer A is livelier" in page
    far.judges = {"judge": "ours"}

    client.post(address(row, "judging-retry", judging.uuid), {"reply": named})

    assert walk(judging).flagged == (0 if named == "no_vote" else 1)
    assert actions() == ["judging.retried"]


@pytest.mark.parametrize("named", ["", "x", "9" * 30, "-1", "done"])
def test_asking_again_about_nothing_does_nothing(world: World, login: Login, far: ChatSide, named: str) -> None:
    row = make_answered(world.team, 1)
    judging = walk(make_judging(row))

    login(world.bob).post(address(row, "judging-retry", judging.uuid), {"reply": named})

    judging.refresh_from_db()
    assert (judging.state, actions()) == (RunState.DONE, [])


def test_answers_that_are_being_judged_stay_as_they_are(world: World, login: Login) -> None:
    row, client = make_answered(world.team, 2), login(world.alice)
    Answer.objects.filter(position=0).update(flags=["cut"], odd=True)
    make_judging(row)

    asked = client.post(address(row, "evaluation-retry"), {"answer": "0"}, follow=True)
    client.post(address(row, "evaluation-delete"))

    assert "A judge is at work on these answers." in asked.text
    row.refresh_from_db()
    assert row.state == RunState.DONE


def test_owners_delete_a_judge_that_is_over(world: World, login: Login, far: ChatSide) -> None:
    row, client = make_answered(world.team, 2), login(world.alice)
    judging = make_judging(row)
    client.post(address(row, "judging-delete", judging.uuid))
    assert Judging.objects.exists()
    walk(judging)

    client.post(address(row, "judging-delete", judging.uuid))

    row.refresh_from_db()
    assert (row.judgings.count(), row.verdict["judges"], row.answers.count()) == (0, [], 4)
    assert actions() == ["judging.deleted"]


def test_an_evaluation_goes_with_its_judges(world: World, login: Login, far: ChatSide) -> None:
    row = make_answered(world.team, 2)
    walk(make_judging(row))

    login(world.alice).post(address(row, "evaluation-delete"))

    assert not Evaluation.objects.exists()
    assert not Judging.objects.exists()


def test_a_judge_of_another_evaluation_is_not_found(world: World, login: Login) -> None:
    row, other = make_answered(world.team, 1), make_answered(world.team, 1)

    answer = login(world.bob).get(address(other, "judging-detail", make_judging(row).uuid))

    assert answer.status_code == 404


def test_replies_are_downloaded(world: World, login: Login, far: ChatSide) -> None:
    far.judges = {"judge": "prose"}
    row, client = make_answered(world.team, 2), login(world.carol)
    judging = walk(make_judging(row))

    table = b"".join(client.get(address(row, "judging-csv", judging.uuid)))
    whole = json.loads(b"".join(client.get(address(row, "evaluation-json"))))

    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    assert [(line["first"], line["second"]) for line in rows[:2]] == [("ours", "base"), ("base", "ours")]
    assert {(line["judge"], line["no_vote"], line["reply"][:8]) for line in rows} == {
        ("judge", "both_letters", "Answer A")
    }
    assert len(whole["judgments"]) == 4
    assert whole["evaluation"]["judges"][0]["model"] == "judge"
    assert whole["evaluation"]["verdict"]["judges"][0]["no_vote"] == 4


def test_a_text_is_found_in_replies_and_rubrics_and_emptied(world: World, login: Login, far: ChatSide) -> None:
    passage = "함박눈이 밤새 소리 없이 내려 쌓였다"
    row = make_answered(world.team, 1)
    judging = walk(make_judging(row, rubric=f"이렇게 써야 한다: {passage}."))
    judging.judgments.filter(position=0).update(answer=f"답 A의 “{passage}”가 좋다.")
    search = searching.order(world.team, world.alice, passage)
    passages.work(search)
    search.refresh_from_db()
    assert [(entry["answers"], entry["prompts"]) for entry in search.evaluations] == [(1, 1)]

    where = reverse("passage-forget", args=[world.team.slug, search.uuid])
    login(world.alice).post(where, {"examples": 1})
    passages.work(type(search).objects.get(pk=search.pk))

    judging.refresh_from_db()
    assert passage not in judging.rubric
    assert [one.answer for one in judging.judgments.all()] == ["", "B"]
    assert {one.vote for one in judging.judgments.all()} == {"first", "second"}


def test_what_is_being_judged_is_kept(world: World, login: Login) -> None:
    row = make_answered(world.team, 1, lambda model, place: f"{model} 함박눈이 밤새 소리 없이 내려 쌓였다")
    make_judging(row)
    search = searching.order(world.team, world.alice, "함박눈이 밤새 소리 없이 내려 쌓였다")
    passages.work(search)
    where = reverse("passage-forget", args=[world.team.slug, search.uuid])
    login(world.alice).post(where, {"examples": 1})

    passages.work(type(search).objects.get(pk=search.pk))

    search.refresh_from_db()
    assert [entry["act"] for entry in search.evaluations] == ["kept"]
    assert not Answer.objects.filter(answer="").exists()


def test_a_page_of_many_replies_has_a_constant_number_of_queries(world: World, login: Login, far: ChatSide) -> None:
    client = login(world.carol)

    def queries(count: int) -> int:
        judging = walk(make_judging(make_answered(world.team, count)))
        with CaptureQueriesContext(database) as seen:
            client.get(address(judging.evaluation, "judging-detail", judging.uuid))
        return len(seen)

    assert queries(2) == queries(30)


def test_a_connection_that_cannot_be_called_is_not_proposed(world: World, login: Login) -> None:
    evaluation = make_answered(world.team)
    refused = make_connection(world.team, profile="openai", name="옛 열쇠")
    Connection.objects.filter(pk=refused.pk).update(parked_at=timezone.now())  # its key was refused

    form = login(world.bob).get(world.url(f"evaluations/{evaluation.uuid}/judge/")).context["form"]

    proposed = next(offer for offer in form.offers if offer.value == form["judge"].value())
    assert proposed.connection == world.connection
    assert any(offer.connection == refused for offer in form.offers)  # it is there to choose, and says why not

"""Sets of questions: made once from a file or from lines, by one worker, whatever becomes of it."""

import json
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone

from jobs.models import Origin, QuestionOrigin, QuestionSet, QuestionState, TrainingFile
from jobs.pipeline.evaluations import questions, remainder
from jobs.tasks import make_questions as make_by_task
from jobs.training_data.tokens import count_text
from tests.conftest import World
from tests.factories import make_file

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = (
    "호수 얼음 나루터",
    "우체통 편지 겨울",
    "기차 간이역 새벽",
    "등대 파도 갈매기",
    "다락방 사진 먼지",
    "시장 생선 흥정",
)


def lines(*systems: str, words: tuple[str, ...] = WORDS) -> bytes:
    """Examples that differ; `systems`: each one's system prompt in turn, empty for none."""
    made = []
    for place, asks in enumerate(words):
        system = systems[place % len(systems)] if systems else ""
        first = [{"role": "system", "content": system}] if system else []
        answer = {"role": "assistant", "content": f"{asks.split()[0]} 곁에서 오래 서 있었다."}
        made.append({"messages": [*first, {"role": "user", "content": asks}, answer]})
    return "\n".join(json.dumps(each, ensure_ascii=False) for each in made).encode()


def make(made: QuestionSet) -> QuestionSet:
    for pk in questions.due():
        questions.make(QuestionSet.objects.select_related("training_file").get(pk=pk))
    made.refresh_from_db()
    return made


def order(world: World, content: bytes, **fields: Any) -> QuestionSet:
    about = {"most": 100, **fields}
    return questions.order_file(world.team, world.bob, make_file(world.team, content), **about)


def test_a_files_questions_have_their_answers_and_tokens(world: World) -> None:
    made = make(order(world, lines("짧게 쓴다.")))

    assert (made.state, made.count, made.system_prompt, made.due_at) == (QuestionState.READY, 6, "짧게 쓴다.", None)
    first = made.questions.get(position=0)
    assert first.messages == [{"role": "user", "content": WORDS[0]}]
    assert (first.reference, first.line) == ("호수 곁에서 오래 서 있었다.", 1)
    assert first.tokens == count_text(WORDS[0]) + 3


def test_system_prompts_that_differ_stay_in_the_questions(world: World) -> None:
    made = make(order(world, lines("짧게 쓴다.", "길게 쓴다.")))

    assert made.system_prompt == ""
    assert [question.messages[0]["content"] for question in made.questions.all()[:2]] == ["짧게 쓴다.", "길게 쓴다."]


def test_the_same_order_again_finds_the_same_set(world: World) -> None:
    file = make_file(world.team, lines())
    first = questions.order_file(world.team, world.bob, file, most=3)

    assert questions.order_file(world.team, world.alice, file, most=3) == first
    make(first)
    assert questions.order_file(world.team, world.alice, file, most=3) == first
    assert questions.order_file(world.team, world.bob, file, most=3, seed=2) != first
    assert questions.order_file(world.team, world.bob, file, most=3, share=0.5) != first


def test_most_are_drawn_by_the_seed_and_the_rest_is_counted(world: World) -> None:
    made = make(order(world, lines(), most=2))

    assert made.count == 2
    assert made.left_out == {"over_limit": 4}


def test_what_is_set_aside_names_the_lines_to_keep_out(world: World) -> None:
    made = make(order(world, lines(), share=0.34))

    held = list(made.questions.values_list("line", flat=True))
    assert made.origin == QuestionOrigin.HELD_OUT
    assert len(held) == 2
    assert made.options["keep_out"] == held
    assert made.training_file
    assert questions.order_file(world.team, None, made.training_file, most=100, share=0.34) == made


def test_pasted_lines_are_questions_once_each(world: World) -> None:
    made = make(
        questions.order_lines(world.team, world.bob, "첫눈\n\n첫눈\n!!!\n골목", name="손으로", system_prompt="짧게.")
    )

    assert [question.messages[0]["content"] for question in made.questions.all()] == ["첫눈", "골목"]
    assert made.left_out == {"repeated": 1, "no_question": 1}
    assert (made.system_prompt, made.state) == ("짧게.", QuestionState.READY)


def test_nothing_usable_is_said(world: World) -> None:
    made = make(questions.order_lines(world.team, world.bob, "!!!", name="?"))

    assert (made.state, made.trouble, made.due_at) == (QuestionState.FAILED, questions.NONE_FIT, None)


@pytest.mark.parametrize("gone", ["bytes", "row"])
def test_a_file_deleted_before_is_said(world: World, gone: str) -> None:
    made = order(world, lines())
    assert made.training_file
    if gone == "bytes":
        made.training_file.path.unlink()
    else:
        TrainingFile.objects.filter(pk=made.training_file.pk).update(deleted_at=timezone.now())

    assert make(made).trouble == questions.FILE_GONE


def test_a_killed_worker_is_replaced_and_its_late_half_is_not_stored(world: World) -> None:
    made = order(world, lines())
    lost = questions.Lease(made)
    assert lost.claim()
    assert questions.due() == []

    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=True):
        assert make(made).count == 6
    with pytest.raises(questions.LeaseLostError):
        lost.write(state=QuestionState.FAILED)
    assert made.questions.count() == 6


def test_two_workers_at_once_make_one_set(world: World) -> None:
    made = order(world, lines())

    def work() -> None:
        questions.make(QuestionSet.objects.select_related("training_file").get(pk=made.pk))
        database.close()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    made.refresh_from_db()
    assert (made.state, made.questions.count()) == (QuestionState.READY, 6)


def test_what_is_set_aside_makes_the_file_to_train_on_by_itself(world: World) -> None:
    made = order(world, lines("짧게 쓴다."), share=0.34)

    make_by_task(made.pk)
    make_by_task(made.pk)  # a message that comes twice

    made.refresh_from_db()
    rest = TrainingFile.objects.get(parent=made.training_file)
    lines_too = {"lines": made.options["keep_out"]}
    make_file(world.team, parent=made.training_file, origin=Origin.EDITED, options=lines_too)
    assert (rest.origin, rest.options, rest.uploaded_by) == (
        Origin.REDUCED,
        {"lines": made.options["keep_out"]},
        world.bob,
    )
    assert remainder.remainder_of(made) == rest


def test_a_whole_file_as_questions_leaves_nothing_to_train_on(world: World) -> None:
    made = order(world, lines("짧게 쓴다."))

    make_by_task(made.pk)

    made.refresh_from_db()
    assert (made.state, remainder.remainder_of(made)) == (QuestionState.READY, None)
    assert TrainingFile.objects.get() == made.training_file


def test_what_a_killed_worker_left_without_a_file_can_be_ordered(world: World) -> None:
    made = make(order(world, lines("짧게 쓴다."), share=0.34))  # the questions are kept, and no task went on
    assert remainder.remainder_of(made) is None

    kept = remainder.order_remainder(made, world.bob)

    assert kept
    assert remainder.remainder_of(made) == kept.file
    TrainingFile.objects.filter(question_sets=made).update(deleted_at=timezone.now())
    assert remainder.order_remainder(QuestionSet.objects.get(pk=made.pk), world.bob) is None

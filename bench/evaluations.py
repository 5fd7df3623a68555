"""An evaluation of 100 questions × 3 models: what the portal itself takes for each answer, beside the service's time.

The far side is that of `paid_runs`: a process of its own that says how long it took. One worker asks here.
"""

import json
import time

from django.conf import settings
from django.db import connection as database

from bench import rows
from bench.figures import Figure, hand_over
from bench.paid_runs import MODEL, far_side, lines
from jobs import provider
from jobs.models import Candidate, CandidateKind, Connection, Evaluation, Question, QuestionSet, QuestionState, Team
from jobs.models.paid import NANO
from jobs.pipeline.evaluations import ordering, working
from jobs.run_states import RunState

QUESTIONS, MODELS = 100, 3
MOST = 15.0  # ms of our own for an answer
TEXT = "첫눈, 골목, 발소리 {}: 이 세 낱말을 모두 넣어 두 문장에서 네 문장으로 겨울의 한 장면을 써 주세요."


def order(team: Team) -> Evaluation:
    service = Connection(team=team, name="연결", profile="trainer")
    service.set_key("trainer-bench-evaluations")
    service.save()
    questions = QuestionSet.objects.create(
        team=team, name="질문", origin="lines", state=QuestionState.READY, due_at=None, count=QUESTIONS
    )
    Question.objects.bulk_create(
        Question(
            question_set=questions,
            position=place,
            messages=[{"role": "user", "content": TEXT.format(place)}],
            tokens=60,
        )
        for place in range(QUESTIONS)
    )
    models = [
        Candidate(kind=CandidateKind.CHAT, connection=service, model=MODEL, question_set=questions)
        for _ in range(MODELS)
    ]
    evaluation = Evaluation(team=team, name="비교", cap_nano=int(100 * NANO), estimate={"usd": "100"})
    return ordering.place(evaluation, models)


def fresh(evaluation: Evaluation) -> Evaluation:
    return Evaluation.objects.get(pk=evaluation.pk)


def ask_all(evaluation: Evaluation) -> tuple[float, float]:
    """Seconds by the clock, and of this process, until nothing is left to be asked."""
    candidates = Candidate.objects.select_related("evaluation", "connection", "tuned_model__job")
    began, used = time.perf_counter(), time.process_time()
    for number in evaluation.candidates.values_list("pk", flat=True):
        while working.ask(candidates.get(pk=number)):
            pass
    working.work(fresh(evaluation))
    return time.perf_counter() - began, time.process_time() - used


def main() -> None:
    team, _owner = rows.make_people(1)
    evaluation = order(team)
    port = int(settings.PORT)
    settings.TRAINER_URL = f"http://127.0.0.1:{port}/v1"
    began = time.perf_counter()
    working.work(fresh(evaluation))
    prepared = time.perf_counter() - began
    with far_side(port) as process:
        with provider.chatting(evaluation.candidates.all()[0].connection.access()):
            pass  # the SDK's import is the process's, not the evaluation's
        wall, used = ask_all(evaluation)
        ends = [json.loads(line) for line in lines(process)]
    evaluation = fresh(evaluation)
    answered, waited = sum(one["count"] for one in ends), sum(one["seconds"] for one in ends)
    if not (evaluation.state == RunState.DONE and evaluation.done == answered == QUESTIONS * MODELS):
        raise RuntimeError(f"{evaluation.state}: {evaluation.done} of {evaluation.total}, {answered} answers")
    each, kind = 1000 / answered, database.vendor
    note = f"{answered:,} answers, {wall:.1f} s by the clock, {waited:.1f} s of it the service's"
    hand_over(
        [
            Figure(
                f"{kind}: evaluation: the portal's own for an answer", (wall - waited) * each, "ms", MOST, note=note
            ),
            Figure(f"{kind}: … of it the processor's", used * each, "ms"),
            Figure(f"{kind}: … before it, a row for each question", prepared * each, "ms"),
        ]
    )

"""An evaluation that is done: thousands of questions, two models, Korean answers of some five hundred characters."""

import random

from django.utils import timezone

from bench import rows
from jobs.models import (
    Answer,
    Candidate,
    CandidateKind,
    Evaluation,
    FineTuneJob,
    Question,
    QuestionSet,
    QuestionState,
    Team,
    User,
)
from jobs.models.paid import NANO
from jobs.pipeline.evaluations import ordering
from jobs.pipeline.evaluations.verdicts import verdict_of
from jobs.run_states import ChunkState, RunState

WORDS = 120  # of an answer
ALIKE = 0.7  # of them are the same in both


def make_evaluation(team: Team, owner: User, questions: int) -> Evaluation:
    made = QuestionSet.objects.create(
        team=team, name="겨울 질문", origin="lines", state=QuestionState.READY, due_at=None, count=questions
    )
    chance = random.Random(questions)
    Question.objects.bulk_create(
        Question(question_set=made, position=n, messages=[{"role": "user", "content": _words(chance, 12)}], tokens=40)
        for n in range(questions)
    )
    service = team.connections.order_by("pk")[0]
    kinds = (CandidateKind.TUNED, CandidateKind.BASE)
    candidates = [Candidate(kind=kind, connection=service, model=rows.BASES[2], question_set=made) for kind in kinds]
    row = Evaluation(team=team, created_by=owner, name="겨울 비교", cap_nano=int(NANO), estimate={"usd": "1"})
    ordering.place(row, candidates)
    _answer(row, made, chance)
    figures = {"total": 2 * questions, "done": 2 * questions, "due_at": None, "finished_at": timezone.now()}
    Evaluation.objects.filter(pk=row.pk).update(state=RunState.DONE, verdict=verdict_of(row), **figures)
    row.refresh_from_db()
    return row


def _answer(row: Evaluation, made: QuestionSet, chance: random.Random) -> None:
    first, second = row.candidates.all()
    answers = []
    for question in made.questions.all():
        words = [chance.choice(rows.WORDS) for _ in range(WORDS)]
        other = [word if chance.random() < ALIKE else chance.choice(rows.WORDS) for word in words]
        for candidate, text in ((first, words), (second, other)):
            place = candidate.position * made.count + question.position
            scores = {"characters": 400, "language": "ko", "chrf": round(chance.uniform(20, 80), 3), "repetition": 0.1}
            about = {"evaluation": row, "candidate": candidate, "question": question, "position": place}
            kept = {"state": ChunkState.DONE, "answer": " ".join(text), "scores": scores, "seconds": 1.2}
            answers.append(Answer(**about, **kept, prompt_tokens=60, completion_tokens=240))
    Answer.objects.bulk_create(answers, batch_size=rows.AT_ONCE)


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choice(rows.WORDS) for _ in range(count))


def evaluate_jobs(team: Team, evaluation: Evaluation, count: int) -> None:
    """The newest `count` jobs have a verdict each, which their list shows."""
    pair = evaluation.verdict["pairs"][0]
    jobs = FineTuneJob.objects.filter(team=team).order_by("-created_at").only("fine_tuned_model")[:count]
    Evaluation.objects.bulk_create(
        (
            Evaluation(
                team=team,
                job=job,
                name="겨울 비교",
                state=RunState.DONE,
                due_at=None,
                verdict=evaluation.verdict | {"pairs": [pair | {"a_model": job.fine_tuned_model}]},
            )
            for job in jobs
        ),
        batch_size=rows.AT_ONCE,
    )

"""Questions, and evaluations in the states that their page can show."""

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone

from jobs.models import (
    Answer,
    Candidate,
    CandidateKind,
    CandidateState,
    Connection,
    Evaluation,
    FineTuneJob,
    Question,
    QuestionSet,
    RemoteModel,
    Team,
    TunedModel,
    User,
)
from jobs.pipeline.evaluations import ordering
from jobs.pipeline.evaluations.verdicts import verdict_of
from jobs.run_states import ChunkState, RunState

TEXTS = ("첫눈, 골목", "붕어빵, 장갑", "목도리, 버스", "등대, 파도", "우체통, 편지", "다락방, 사진", "시장, 생선")
MODEL = "sim-large-2026-06-01"
TROUBLE = "The model does not exist or you do not have access to it."


def evaluations(team: Team, owner: User, connection: Connection, job: FineTuneJob) -> dict[str, str]:
    made = QuestionSet.objects.create(
        team=team, name="떼어 둔 질문", origin="held_out", state="ready", due_at=None, count=len(TEXTS),
        training_file=job.training_file, options={"seed": 1, "share": 0.1, "most": 100, "keep_out": [3, 9]},
        system_prompt="주어진 낱말로 짧은 수필을 쓴다.", left_out={"repeated": 2, "too_long": 1}, created_by=owner,
    )  # fmt: skip
    Question.objects.bulk_create(
        Question(question_set=made, position=place, reference=f"{text} 곁에서 오래 서 있었다.", tokens=20,
                 messages=[{"role": "user", "content": text}])
        for place, text in enumerate(TEXTS)
    )  # fmt: skip
    rows = {
        "done": _made(team, owner, connection, job, made, RunState.DONE),
        "running": _made(team, owner, connection, job, made, RunState.RUNNING, answered=3),
        "capped": _made(team, owner, connection, job, made, RunState.CAPPED, answered=2),
        "leaked": _made(team, owner, connection, job, made, RunState.FAILED, answered=0),
    }
    Evaluation.objects.filter(pk=rows["leaked"].pk).update(
        trouble="The questions could not be compared with the training file: the process that compares ended.",
        verdict={"leaks": [{"model": MODEL, "file": "수필.jsonl", "lines": [3, 9], "questions": 2}]},
    )
    places = {f"evaluation {name}": _at("detail", row) for name, row in rows.items()}
    places["evaluation question"] = reverse(
        "evaluation-question", args=[team.slug, rows["done"].uuid, made.questions.all()[0].pk]
    )
    places["evaluation report"] = _at("report", rows["done"])
    places |= _rescued(team, owner, connection, job, made)
    places["evaluation vote"] = _at("vote", rows["done"])
    places["evaluation form"] = f"{reverse('evaluation-new', args=[team.slug])}?questions={made.uuid}"
    return places | {"questions": reverse("question-detail", args=[team.slug, made.uuid])}


def _rescued(team: Team, owner: User, connection: Connection, job: FineTuneJob, made: QuestionSet) -> dict[str, str]:
    """A model whose recorded answers were compared with those of its successor, and that an owner signed off."""
    recording = _made(team, owner, connection, job, made, RunState.DONE)
    Evaluation.objects.filter(pk=recording.pk).update(kind="recording", job=None, verdict={}, name="2026-12-01 09:00")
    compared = _made(team, owner, connection, job, made, RunState.DONE, name="ft:gpt-4o-mini:bomnal:winter:0001")
    old = recording.candidates.all()[1]
    compared.candidates.filter(position=1).update(kind=CandidateKind.RECORDED, recorded=old)
    Evaluation.objects.filter(pk=compared.pk).update(verdict=verdict_of(compared))
    model = RemoteModel.objects.create(
        team=team, connection=connection, name="ft:gpt-4o-mini:bomnal:winter:0001", base="gpt-4o-mini-2024-07-18",
        remote_job="ftjob-0001", is_listed=True, shutdown_date=date(2027, 1, 14), job=job, recording=old,
        retrained=job, comparison=compared, signed_by=owner, signed_at=timezone.now(),
        sign_note="새 모델이 같은 질문에 더 가깝게 답했다. 옮겨도 된다.",
    )  # fmt: skip
    return {"rescue report": reverse("rescue-report", args=[team.slug, model.uuid])}


def _at(page: str, row: Evaluation) -> str:
    return reverse(f"evaluation-{page}", args=[row.team.slug, row.uuid])


def _made(
    team: Team,
    owner: User,
    connection: Connection,
    job: FineTuneJob,
    made: QuestionSet,
    state: RunState,
    answered: int = len(TEXTS),
    name: str = "",
) -> Evaluation:
    tuned = TunedModel.objects.filter(job=job).first()
    about: dict[str, Any] = {"connection": connection, "question_set": made, "engine": "simulated"}
    row = ordering.place(
        Evaluation(team=team, created_by=owner, name=name or f"겨울 수필 · {state.value}", cap_nano=20_000_000, job=job,
                   estimate={"usd": "0.02"}),
        [
            Candidate(kind=CandidateKind.TUNED, model=tuned.name if tuned else MODEL, tuned_model=tuned,
                      price_as=MODEL, **about),
            Candidate(kind=CandidateKind.BASE, model=MODEL, **about),
        ],
    )  # fmt: skip
    for candidate in row.candidates.all():
        for question in made.questions.all():
            Answer.objects.create(**_answer(row, candidate, question, answered))
    figures = {"total": 2 * len(TEXTS), "done": 2 * answered, "spent_nano": 2_100_000, "due_at": None}
    Evaluation.objects.filter(pk=row.pk).update(
        state=state, finished_at=timezone.now(), verdict=verdict_of(row) if state == RunState.DONE else {}, **figures
    )
    if state == RunState.RUNNING:
        row.candidates.filter(position=1).update(state=CandidateState.REFUSED, trouble=TROUBLE)
        row.answers.filter(candidate__position=1, state=ChunkState.WAITING).update(
            state=ChunkState.FAILED, odd=True, trouble=TROUBLE
        )
        Evaluation.objects.filter(pk=row.pk).update(failed=len(TEXTS) - answered, unsure=1)
    return row


def _answer(row: Evaluation, candidate: Candidate, question: Question, answered: int) -> dict[str, Any]:
    place = candidate.position * len(TEXTS) + question.position
    about = {"evaluation": row, "candidate": candidate, "question": question, "position": place}
    if question.position >= answered:
        return about
    text = (
        f"{TEXTS[question.position]} 곁에서 그날 저녁을 오래 바라보았다." if candidate.position == 0 else "잘 모르겠다."
    )
    scores = {
        "characters": len(text),
        "language": "ko",
        "repetition": 0.0,
        "chrf": 61.0 if candidate.position == 0 else 4.0,
    }
    if candidate.position == 0 and question.position == 0:
        scores |= {"copied": True, "copy": 30, "copy_span": [0, 12], "copy_line": 7}
    kept = {"state": ChunkState.DONE, "answer": text, "scores": scores, "seconds": 1.2, "answered_at": timezone.now()}
    return about | kept | {"prompt_tokens": 40, "completion_tokens": 60, "finish_reason": "stop", "model_named": MODEL}

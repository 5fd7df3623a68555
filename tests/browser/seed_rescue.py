"""Models that a service will switch off, each at another step of its rescue."""

from datetime import UTC, date, datetime, timedelta
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
    EvaluationKind,
    FineTuneJob,
    Inventory,
    QuestionSet,
    RemoteModel,
    Team,
    User,
)
from jobs.pipeline.evaluations import ordering
from jobs.pipeline.evaluations.verdicts import verdict_of
from jobs.run_states import ChunkState, RunState
from tests.browser.seed_evaluations import TEXTS

BASE = "gpt-4o-mini-2024-07-18"
REFUSED = "The model `ft:gpt-4o-mini-2024-07-18:bomnal:winter:Cx3d` does not exist or you do not have access to it."


def rescues(team: Team, owner: User, connection: Connection, job: FineTuneJob) -> dict[str, str]:
    """Needs the questions of `seed_evaluations`."""
    Inventory.objects.create(connection=connection, due_at=None, pages=1, done_at=timezone.now())
    made = QuestionSet.objects.filter(team=team).earliest("pk")
    untouched, gone, recorded, compared, signed = (_model(team, connection, job, n) for n in range(5))
    RemoteModel.objects.filter(pk=untouched.pk).update(job=None, question_set=None)
    done = _recording(team, owner, made, [recorded, compared, signed], RunState.DONE, len(TEXTS))
    capped = _recording(team, owner, made, [gone], RunState.CAPPED, 3)
    for model in (compared, signed):
        _compare(team, owner, made, model, job)
    RemoteModel.objects.filter(pk=signed.pk).update(
        signed_by=owner,
        signed_at=timezone.now(),
        sign_note="새 모델이 같은 글을 씁니다. 원고지 열두 장을 견주었습니다.",
    )
    models = {"untouched": untouched, "gone": gone, "recorded": recorded, "compared": compared, "signed": signed}
    places = {f"rescue {name}": reverse("rescue-model", args=[team.slug, row.uuid]) for name, row in models.items()}
    places |= {
        "rescue": reverse("rescue", args=[team.slug]),
        "rescue record": reverse("rescue-record", args=[team.slug]),
    }
    places |= {
        f"rescue recording {row.state}": reverse("rescue-recording", args=[team.slug, row.uuid])
        for row in (done, capped)
    }
    return places | {"rescue compare": reverse("rescue-compare", args=[team.slug, compared.uuid])}


def _model(team: Team, connection: Connection, job: FineTuneJob, number: int) -> RemoteModel:
    return RemoteModel.objects.create(
        team=team, connection=connection, name=f"ft:{BASE}:bomnal:winter:Cx{number}d", base=BASE, is_listed=True,
        remote_job=f"ftjob-winter{number}", owned_by="org-bomnal", shutdown_date=date(2027, 1, 14), job=job,
        made_at=datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=number),
        question_set=QuestionSet.objects.earliest("pk"),
    )  # fmt: skip


def _recording(
    team: Team, owner: User, made: QuestionSet, models: list[RemoteModel], state: RunState, answered: int
) -> Evaluation:
    kind = EvaluationKind.RECORDING
    row = Evaluation(team=team, created_by=owner, name=f"기록 · {state.value}", kind=kind, cap_nano=60_000_000)
    row.estimate = {"usd": "0.06"}
    about: dict[str, Any] = {"kind": CandidateKind.TUNED, "price_as": BASE, "question_set": made}
    ordering.place(row, [Candidate(model=model.name, connection=model.connection, **about) for model in models])
    for candidate, model in zip(row.candidates.all(), models, strict=True):
        RemoteModel.objects.filter(pk=model.pk).update(recording=candidate)
        _answers(row, candidate, made, answered, "저녁을 오래 바라보았다.")
    figures = {"total": len(models) * len(TEXTS), "done": len(models) * answered, "spent_nano": 9_000_000}
    Evaluation.objects.filter(pk=row.pk).update(state=state, due_at=None, finished_at=timezone.now(), **figures)
    if state == RunState.CAPPED:
        row.candidates.update(state=CandidateState.REFUSED, trouble=REFUSED)
    row.refresh_from_db()
    return row


def _answers(row: Evaluation, candidate: Candidate, made: QuestionSet, answered: int, text: str) -> None:
    for question in made.questions.all():
        about: dict[str, Any] = {"evaluation": row, "candidate": candidate, "question": question}
        about["position"] = candidate.position * len(TEXTS) + question.position
        if question.position < answered:
            said = f"{TEXTS[question.position]} 곁에서 {text}"
            about |= {"state": ChunkState.DONE, "answer": said, "seconds": 1.4, "answered_at": timezone.now()}
            about |= {"prompt_tokens": 40, "completion_tokens": 60, "finish_reason": "stop"}
            about["scores"] = {"characters": len(said), "language": "ko", "repetition": 0.0, "chrf": 58.0}
        Answer.objects.create(**about)


def _compare(team: Team, owner: User, made: QuestionSet, model: RemoteModel, job: FineTuneJob) -> None:
    model.refresh_from_db()
    row = Evaluation(team=team, created_by=owner, name=f"{model.name} · 견줌", estimate={"usd": "0"}, job=job)
    new = {"connection": job.service, "model": str(job.fine_tuned_model), "engine": "simulated"}
    old = {"connection": model.connection, "model": model.name, "recorded": model.recording}
    ordering.place(
        row,
        [
            Candidate(kind=CandidateKind.TUNED, question_set=made, **new),
            Candidate(kind=CandidateKind.RECORDED, question_set=made, **old),
        ],
    )
    for candidate in row.candidates.all():
        _answers(row, candidate, made, len(TEXTS), "저녁을 오래 보았다.")
    total = 2 * len(TEXTS)
    Evaluation.objects.filter(pk=row.pk).update(
        state=RunState.DONE, due_at=None, finished_at=timezone.now(), total=total, done=total, verdict=verdict_of(row)
    )
    RemoteModel.objects.filter(pk=model.pk).update(retrained=job, comparison=row)

"""Saved prompts, talks that can be given, versions of questions, and a chat model with examples."""

from django.urls import reverse
from django.utils import timezone

from jobs.models import (
    Answer,
    Candidate,
    CandidateKind,
    Connection,
    Conversation,
    Evaluation,
    FineTuneJob,
    Question,
    QuestionSet,
    SavedPrompt,
    Team,
    User,
)
from jobs.pipeline.evaluations import examples, ordering
from jobs.run_states import ChunkState, RunState

MODEL = "sim-large-2026-06-01"
ASKED = ("첫눈, 골목으로 짧은 글을 써 줘.", "봄비와 우산으로\n시를 써 줘.")


def questions(team: Team, owner: User, connection: Connection, job: FineTuneJob) -> dict[str, str]:
    prompts = [
        SavedPrompt.objects.create(team=team, name=text[:12], text=text, system_prompt="짧게 쓴다.", created_by=owner)
        for text in ASKED
    ]
    old, new = _set(team, owner, ASKED[:1]), _set(team, owner, ASKED)
    QuestionSet.objects.filter(pk=new.pk).update(before=old, number=2)
    row = _with_examples(team, owner, connection, job, new)
    talk = Conversation.objects.filter(user=owner, job__team=team).first()
    places = {
        "prompt": _at("prompt-detail", team, prompts[0].uuid),
        "questions older": _at("question-detail", team, old.uuid),
        "questions change": _at("question-change", team, new.uuid),
        "evaluation examples": _at("evaluation-detail", team, row.uuid),
        "evaluation prompt": _at("evaluation-question", team, row.uuid, new.questions.all()[0].pk),
        "evaluation form examples": f"{_at('evaluation-new', team)}?questions={new.uuid}"
        f"&examples={job.training_file.uuid if job.training_file else ''}",
    }
    return places | ({"talk given": f"{_at('question-talks', team)}?talk={talk.uuid}"} if talk else {})


def _at(page: str, team: Team, *args: object) -> str:
    return reverse(page, args=[team.slug, *args])


def _set(team: Team, owner: User, texts: tuple[str, ...]) -> QuestionSet:
    about = {"origin": "prompts", "state": "ready", "due_at": None, "count": len(texts), "created_by": owner}
    made = QuestionSet.objects.create(team=team, name="저장한 프롬프트 질문", **about)
    for place, text in enumerate(texts):
        messages = [{"role": "user", "content": text}]
        Question.objects.create(question_set=made, position=place, messages=messages, tokens=20)
    return made


def _with_examples(team: Team, owner: User, connection: Connection, job: FineTuneJob, made: QuestionSet) -> Evaluation:
    about = {"connection": connection, "question_set": made, "engine": "simulated", "model": MODEL}
    shown = {"kind": CandidateKind.FEW_SHOT, "few_shot": 2, "examples_file": job.training_file}
    row = ordering.place(
        Evaluation(team=team, created_by=owner, name="예제를 붙인 모델", estimate={"usd": "0"}),
        [Candidate(kind=CandidateKind.CHAT, **about), Candidate(**shown, **about)],
    )
    for candidate in row.candidates.select_related("question_set", "examples_file"):
        shots = examples.choose(candidate, int) if candidate.few_shot else []
        for place, question in enumerate(made.questions.all()):
            kept = examples.stored(shots[place]) if shots else {}
            Answer.objects.create(
                evaluation=row,
                candidate=candidate,
                question=question,
                position=candidate.position * made.count + place,
                state=ChunkState.DONE,
                answer="첫눈이 골목에 내려 발소리가 작아졌다.",
                examples=kept,
                answered_at=timezone.now(),
            )
    Evaluation.objects.filter(pk=row.pk).update(state=RunState.DONE, due_at=None, total=4, done=4)
    return row

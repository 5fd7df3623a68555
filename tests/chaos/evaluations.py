"""The lane of evaluations: questions to models while processes are killed. What was paid is kept, and never paid twice.

Where there are two models or more, a judge follows, and the act comes then in half of the runs.

The far side (tests/chat_side.py) counts each answer that it makes: that is the bill. See docs/chaos.md.
"""

import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.core.management import call_command

from jobs.models import Candidate, CandidateKind, Connection, Evaluation, Judging, Team, User, Wish
from jobs.pipeline.calls import record
from jobs.pipeline.evaluations import ordering
from jobs.pipeline.judging import ordering as judges
from jobs.pipeline.judging.pairs import can_be_judged
from jobs.run_states import RUN_OVER, ChunkState, RunState
from tests.chaos.system import System
from tests.chat_side import ChatSide, words
from tests.evaluating import BUSY, make_questions

AT_ONCE = 8  # evaluations on their way: the worker has four threads
PATIENCE = 300.0  # seconds until one is stuck
LOOK_EVERY = 0.05
STEPS = ("ordered", "prepared", "asked", "half", "asked", "half", "last")
ACTIONS = ("worker", "worker", "worker", "worker alone", "beat", "two workers", "broker", "clock forward", "clock back")
JUDGES = ("first", "tie", "prose")
HABITS = ("", "", "busy", "lost", "gone")


@dataclass
class Run:
    """One evaluation, and the one act that the seed has chosen for it."""

    seed: int
    step: str
    action: str
    habit: str
    delay: float
    dice: float
    evaluation: Evaluation
    questions: list[str]
    models: list[str]
    began: float = field(default_factory=time.monotonic)
    due: float | None = None  # when the act is done, once its step was seen
    point: str = ""  # what was seen at the act
    wrong: list[str] = field(default_factory=list)
    strikes_judge: bool = False
    judging: Judging | None = None

    @property
    def judge(self) -> str:
        return f"judge-{self.seed}"

    def reached(self, row: Evaluation | Judging) -> bool:
        calls = row.judgments if isinstance(row, Judging) else row.answers
        seen = {
            "ordered": True,
            "prepared": row.total > 0,
            "asked": calls.filter(state=ChunkState.CLAIMED).exists(),
            "half": row.total > 0 and row.seen * 2 >= row.total,
            "last": row.total > 0 and row.seen + 1 >= row.total,
        }
        return seen[self.step] or row.state not in BUSY


def prepare(seed: int, user: User, far: ChatSide) -> Run:
    """A team and a connection of its own, and an order over it."""
    dice = random.Random(seed)
    team = Team.objects.make(f"chaos-{seed}", user)
    connection = Connection(team=team, name="chat", profile="custom", base_url=far.url, created_by=user)
    connection.set_key(f"key-chaos-{seed}")
    connection.state = "works"
    connection.save()
    questions = [f"{seed}-{number}" for number in range(dice.randint(4, 8))]
    models = [f"model-{seed}-{number}" for number in range(dice.randint(1, 3))]
    habit = dice.choice(HABITS)
    for names, fits in ((far.losing, habit == "lost"), (far.gone, habit == "gone"), (far.crowded, habit == "busy")):
        names.update(models[:1] if fits else [])
    questions_row = make_questions(team, *questions)
    evaluation = ordering.place(
        Evaluation(team=team, created_by=user, name=f"chaos-{seed}", max_tokens=50),
        [
            Candidate(kind=CandidateKind.CHAT, connection=connection, model=model, question_set=questions_row)
            for model in models
        ],
    )
    delay = dice.choice((0.0, 0.0, dice.uniform(0, 0.3), dice.uniform(0, 1.0)))
    run = Run(
        seed, dice.choice(STEPS), dice.choice(ACTIONS), habit, delay, dice.random(), evaluation, questions, models
    )
    run.strikes_judge = len(models) > 1 and dice.random() < 0.5
    far.judges[run.judge] = dice.choice(JUDGES)
    return run


def work(system: System, far: ChatSide, seeds: Iterable[int], pace: float) -> int:
    """Run `seeds`, say of each what came of it. 0 if all of it held, else 1."""
    call_command("migrate", interactive=False, verbosity=0)
    user = User.objects.create_user("chaos", "chaos@example.com", "x")
    waiting, running, ended, next_at = list(seeds), [], [], 0.0  # type: ignore[var-annotated]
    general = ["broken off"]
    began = time.monotonic()
    try:
        while waiting or running:
            system.look_after()
            if waiting and len(running) < AT_ONCE and time.monotonic() >= next_at:
                running.append(prepare(waiting.pop(0), user, far))
                next_at = time.monotonic() + pace
            for run in list(running):
                if _turn(run, system, far):
                    running.remove(run)
                    ended.append(run)
                    print(_line(run), flush=True)
            time.sleep(LOOK_EVERY)
        general = list(system.deaths)
    finally:
        system.start_broker()
        general += system.stop()
        wrong = [run for run in ended if run.wrong]
        print(
            f"{len(ended)} runs in {time.monotonic() - began:.0f} s: {len(ended) - len(wrong)} ok, {len(wrong)} wrong"
        )
        print(f"{far.answers.total()} answers made, {_twice(far)} of them twice; {_unsure(ended)} left to a person")
        print("\n".join(f"wrong: {line}" for line in general))
    return 1 if general or wrong else 0


def _turn(run: Run, system: System, far: ChatSide) -> bool:
    """Do what is due for a run. True: it has ended, and was looked through."""
    row = _moving(run)
    now = time.monotonic()
    is_turn = run.judging is not None or not run.strikes_judge
    if run.due is None and is_turn and run.reached(row):
        run.due = now + run.delay
    if run.due is not None and not run.point and now >= run.due:
        run.point = f"{row.state}, {row.seen} of {row.total}"
        _strike(run, system)
    if row.state == RunState.PAUSED and not row.wish:  # a person lets it go on
        record.wish(row, Wish.RESUME)
    is_through = bool(run.point) or (run.strikes_judge and run.judging is None)
    if row.state in RUN_OVER and is_through and not _goes_on(run, row):
        run.wrong += untruths(run, Evaluation.objects.get(pk=run.evaluation.pk), far)
        run.wrong += judged_untruths(run, far)
        return True
    if now - run.began > PATIENCE:
        run.wrong.append(f"stuck: {row.state}, {row.seen} of {row.total}, due {row.due_at}, {row.trouble}")
        return True
    return False


def _moving(run: Run) -> Evaluation | Judging:
    if run.judging:
        return Judging.objects.get(pk=run.judging.pk)
    return Evaluation.objects.get(pk=run.evaluation.pk)


def _goes_on(run: Run, row: Evaluation | Judging) -> bool:
    """Order the judge of an evaluation that is done."""
    if isinstance(row, Judging) or not can_be_judged(row):
        return False
    connection = row.candidates.all()[0].connection
    run.judging = judges.place(Judging(evaluation=row, connection=connection, model=run.judge))
    return True


def _strike(run: Run, system: System) -> None:
    if run.action.startswith("worker"):
        system.kill("worker", whole=run.action == "worker")
    elif run.action == "beat":
        system.kill("beat")
    elif run.action == "two workers":
        system.second("worker")
    elif run.action == "broker":
        system.stop_broker()
    elif run.action == "clock forward":
        system.move_clock(10 ** (1 + 2.5 * run.dice))
    else:
        system.move_clock(-1 - 4 * run.dice)


def untruths(run: Run, row: Evaluation, far: ChatSide) -> list[str]:
    """What does not hold of an evaluation that is over."""
    found: list[str] = []
    answers = list(row.answers.select_related("candidate", "question"))
    asked = {(one.candidate.model, one.question.messages[-1]["content"]): one for one in answers}
    wanted = {(model, question) for model in run.models for question in run.questions}
    if set(asked) != wanted or len(answers) != len(wanted):
        found.append(f"{len(answers)} rows for {len(wanted)} questions")
    for key, one in asked.items():
        made = far.answers[key]
        if made > 1:
            found.append(f"{key} was paid {made} times")
        if one.state == ChunkState.DONE and one.answer != words(*key):
            found.append(f"{key} has another answer: {one.answer!r}")
        if made and one.state not in (ChunkState.DONE, ChunkState.UNSURE):
            found.append(f"{key} was answered, and the answer is lost: {one.state}")
        if one.state == ChunkState.UNSURE and not one.trouble:
            found.append(f"{key} is unsure without a word")
        if one.state in (ChunkState.WAITING, ChunkState.CLAIMED):
            found.append(f"{key} is still {one.state}")
    counted = Counter(one.state for one in answers)
    figures = (row.done, row.failed, row.unsure, row.total)
    if figures != (counted["done"], counted["failed"], counted["unsure"], len(answers)):
        found.append(f"figures {figures} are not those of the rows {dict(counted)}")
    return found


def judged_untruths(run: Run, far: ChatSide) -> list[str]:
    """What does not hold of a judge that is over. The far side counts by what it was shown, and each pair differs."""
    if run.judging is None:
        return []
    row = Judging.objects.get(pk=run.judging.pk)
    found = [
        f"a pair was paid {count} times"
        for (model, _shown), count in far.answers.items()
        if model == run.judge and count > 1
    ]
    counted = Counter(row.judgments.values_list("state", flat=True))
    made = sum(model == run.judge for model, _shown in far.answers)
    figures = (row.done, row.failed, row.unsure, row.total)
    if figures != (counted["done"], counted["failed"], counted["unsure"], sum(counted.values())):
        found.append(f"the judge's figures {figures} are not those of its rows {dict(counted)}")
    if row.state == RunState.DONE and not counted["done"] <= made <= counted["done"] + counted["unsure"]:
        found.append(f"{made} replies were made; kept: {dict(counted)}")
    if counted["done"] + counted["failed"] + counted["unsure"] != row.total:
        found.append(f"the judge is {row.state}, and not all replies are")
    if row.state == RunState.DONE and not Evaluation.objects.get(pk=run.evaluation.pk).verdict.get("judges"):
        found.append("the judge is in no verdict")
    return found


def _twice(far: ChatSide) -> int:
    return sum(count > 1 for count in far.answers.values())


def _unsure(runs: list[Run]) -> int:
    return sum(Evaluation.objects.get(pk=run.evaluation.pk).unsure for run in runs)


def _line(run: Run) -> str:
    result = "; ".join(run.wrong) + f" (again: make chaos ARGS='--lane evaluations --seed {run.seed}')"
    seconds = time.monotonic() - run.began
    start = f"{run.seed:>5}  {run.habit or 'none':<6} {run.step:<9} {run.action:<13} {seconds:6.1f}  "
    return start + (f"ok ({run.point})" if not run.wrong else result)

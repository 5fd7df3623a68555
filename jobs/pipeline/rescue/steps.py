"""The five steps of a model's rescue, and how far each is: a pure function of the rows (ADR 0046)."""

from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.models import CandidateState, FileState, FineTuneJob, RemoteModel
from jobs.run_states import RUN_OVER, RUN_STANDS, RunState
from jobs.states import FINAL, State


class StepName(TextChoices):
    ARCHIVE = "archive", _("Archive")
    RECORD = "record", _("Record answers")
    TRAIN = "train", _("Train elsewhere")
    COMPARE = "compare", _("Compare")
    SIGN = "sign", _("Sign off")


class StepState(TextChoices):
    OPEN = "open", _("To do")
    BUSY = "busy", _("Under way")
    PART = "part", _("In part")
    TROUBLE = "trouble", _("Needs you")
    DONE = "done", _("Done")
    NONE = "none", _("Not possible")


SETTLED = frozenset({StepState.DONE, StepState.NONE})


@dataclass(frozen=True)
class Counts:
    """The answers of one recorded candidate."""

    total: int = 0
    done: int = 0
    failed: int = 0
    unsure: int = 0

    @property
    def whole(self) -> bool:
        return 0 < self.total == self.done


NO_ANSWERS = Counts()


class Step(NamedTuple):
    name: StepName
    state: StepState
    words: str | Promise

    @property
    def label(self) -> str | Promise:
        return self.name.label

    @property
    def state_label(self) -> str | Promise:
        return self.state.label

    @property
    def is_open(self) -> bool:
        return self.state not in SETTLED


def steps(model: RemoteModel, counts: Counts = NO_ANSWERS) -> list[Step]:
    """`model` with job, training file, recording with its evaluation, retrained and comparison; `counts` of the recording."""  # noqa: E501
    return [
        Step(StepName.ARCHIVE, *_archive(model)),
        Step(StepName.RECORD, *_record(model, counts)),
        Step(StepName.TRAIN, *_train(model.retrained)),
        Step(StepName.COMPARE, *_compare(model)),
        Step(StepName.SIGN, *_sign(model)),
    ]


type Found = tuple[StepState, str | Promise]


def is_off(model: RemoteModel) -> bool:
    return model.shutdown_date is not None and model.shutdown_date <= timezone.now().date()


def _archive(model: RemoteModel) -> Found:
    job = model.job
    if job is None:
        return _not_archived(model)
    if job.state == State.ADOPTING:
        return StepState.BUSY, job.trouble or _("The job is looked up at the service.")
    if job.state not in FINAL or job.collected_at is None:
        return StepState.BUSY, job.trouble or _("Events, figures and result files are fetched.")
    if job.state == State.RECORDED:
        return StepState.PART, _("The service does not know the job any more. What its list gave is kept.")
    return _file_of(job)


def _not_archived(model: RemoteModel) -> Found:
    if model.archive_due_at:
        return StepState.BUSY, _("Ordered. A worker takes it in a moment.")
    if model.trouble:
        return StepState.TROUBLE, model.trouble
    if not model.remote_job:
        return StepState.NONE, _("No job that this key can see names this model, so there is nothing to fetch.")
    return StepState.OPEN, _("Job, events, figures, checkpoints, results and training file are not fetched yet.")


def _file_of(job: FineTuneJob) -> Found:
    file = job.training_file
    if file is None:
        return StepState.PART, _("All but the training file: the service does not give it out.")
    if file.deleted_at:
        return StepState.PART, _("All but the training file: it was deleted here.")
    if not file.content or file.state == FileState.CHECKING:
        return StepState.BUSY, _("The training file is fetched and checked.")
    return StepState.DONE, _("Job, events, figures, checkpoints, results and training file are here.")


def _record(model: RemoteModel, counts: Counts) -> Found:
    candidate = model.recording
    if candidate is None:
        if is_off(model):
            return StepState.NONE, _("It is switched off. What it would answer cannot be recorded any more.")
        return StepState.OPEN, _("The only step that cannot be done later.")
    if counts.whole:
        return StepState.DONE, _("All answers are recorded.")
    if candidate.state != CandidateState.OPEN:
        return (StepState.PART if counts.done else StepState.TROUBLE), candidate.trouble
    state = RunState(candidate.evaluation.state)
    if state in RUN_STANDS:
        return StepState.TROUBLE, candidate.evaluation.state_label
    if state not in RUN_OVER and (model.connection.parked_at or model.connection.disabled_at):
        return StepState.TROUBLE, _("Its connection does not work at the moment. It goes on by itself once it does.")
    if state not in RUN_OVER:
        return StepState.BUSY, candidate.trouble or _("Questions are being sent.")
    if counts.done:
        return StepState.PART, _("Some answers are missing.")
    return StepState.TROUBLE, _("No answer came.")


def _train(job: FineTuneJob | None) -> Found:
    if job is None:
        return StepState.OPEN, _("The same training file, on another connection.")
    if job.state == State.SUCCEEDED:
        return StepState.DONE, job.name
    if job.state in FINAL:
        return StepState.TROUBLE, job.get_state_display()
    return StepState.BUSY, job.get_state_display()


def _compare(model: RemoteModel) -> Found:
    evaluation = model.comparison
    if evaluation is None:
        return StepState.OPEN, _("Recorded answers beside those of the new model.")
    if evaluation.state == RunState.DONE:
        return StepState.DONE, _("Both answered the same questions.")
    if evaluation.state in RUN_STANDS | RUN_OVER:
        return StepState.TROUBLE, evaluation.state_label
    return StepState.BUSY, evaluation.state_label


def _sign(model: RemoteModel) -> Found:
    if model.signed_at:
        return StepState.DONE, model.sign_note
    return StepState.OPEN, _("An owner says that nothing is left to be done.")

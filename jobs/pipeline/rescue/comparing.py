"""What the old model said beside what the new one says: recorded answers are not asked for again."""

from jobs.models import Candidate, CandidateKind, Evaluation, RemoteModel, TunedModel
from jobs.pipeline.evaluations import estimate, ordering
from jobs.run_states import ChunkState
from jobs.states import State


def can_compare(model: RemoteModel) -> bool:
    """It was recorded, and what was trained in its place can be called."""
    new = model.retrained
    trained = new is not None and new.state == State.SUCCEEDED and new.fine_tuned_model and new.connection_id
    return bool(trained and model.recording and model.recording.answers.filter(state=ChunkState.DONE).exists())


def candidates(model: RemoteModel) -> list[Candidate]:
    """The recorded one first: the other is compared with it. `model` as `can_compare` wants it."""
    old, new = model.recording, model.retrained
    if old is None or new is None or new.connection is None:
        raise ValueError(f"model {model.pk} cannot be compared")
    name = new.fine_tuned_model
    tuned = TunedModel.objects.filter(connection=new.connection, name=name).first()
    kept = {"question_set": old.question_set, "system_prompt": old.system_prompt}
    recorded = Candidate(
        kind=CandidateKind.RECORDED,
        connection=old.connection,
        model=old.model,
        engine=old.engine,
        price_as=old.price_as,
        recorded=old,
        **kept,
    )
    asking = Candidate(
        kind=CandidateKind.TUNED,
        connection=new.connection,
        model=name,
        engine=new.engine,
        price_as=new.base_model,
        tuned_model=tuned,
        **kept,
    )
    return [recorded, asking]


def order(evaluation: Evaluation, model: RemoteModel, found: estimate.Estimate) -> Evaluation:
    """Place it, as `found` was shown. The same order token again is an IntegrityError."""
    evaluation.job = model.retrained
    evaluation.estimate = found.as_dict()
    ordering.place(evaluation, [part.candidate for part in found.parts])
    RemoteModel.objects.filter(pk=model.pk).update(comparison=evaluation)
    return evaluation

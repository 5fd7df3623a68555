"""Which model a question is for."""

from trainer.bases import Base, living_base
from trainer.engines.chat.answers import Question
from trainer.engines.runs import weights_of
from trainer.models import Engine, TunedModel
from trainer.views.chat_body import Json
from trainer.views.door import Caller
from trainer.views.models import living_tuned, no_such_model


def model_called(name: str, caller: Caller) -> Base | TunedModel:
    """A base that the key reaches, or a model of its own organization; 404 for one that is not there, or not yet."""
    if base := living_base(name, caller.issued):
        return base
    tuned = living_tuned(caller).select_related("job__training_file", "job__training").filter(uid=name).first()
    if tuned is None:
        raise no_such_model(name)
    return tuned


def is_real(model: Base | TunedModel) -> bool:
    return model.is_real if isinstance(model, Base) else model.job.engine == Engine.TRANSFORMERS


def question_for(model: Base | TunedModel, caller: Caller, wanted: Json) -> Question:
    """What is put to a real model; 404 where its weights are gone."""
    if isinstance(model, Base):
        assert model.folder
        return Question(model.uid, model.uid, model.folder, None, wanted)
    base, weights = living_base(model.job.base, caller.issued), weights_of(model)
    if base is None or base.folder is None or weights is None or not weights.is_dir():
        raise no_such_model(model.uid)
    return Question(model.uid, base.uid, base.folder, weights, wanted)

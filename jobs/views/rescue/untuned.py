"""The way out without tuning: a plain chat model that gets the nearest training examples before each question."""

from django.http import QueryDict
from django.urls import reverse

from jobs.models import Candidate, RemoteModel
from jobs.pipeline.evaluations import examples
from jobs.run_states import ChunkState
from jobs.views.evaluations.verdicts import Seen, of_candidate

SHOWN = 3  # newest evaluations


def link(model: RemoteModel) -> str:
    """An order that is filled in, with what was recorded; empty where the training file is not here."""
    file = model.job.training_file if model.job else None
    if file is None or not examples.files_of(model.team).filter(pk=file.pk).exists():
        return ""
    query, kept = QueryDict(mutable=True), model.recording
    query["examples"] = str(file.uuid)
    if kept and kept.answers.filter(state=ChunkState.DONE).exists():
        query["questions"], query["recorded"] = str(kept.question_set.uuid), str(kept.uuid)
    return f"{reverse('evaluation-new', args=[model.team.slug])}?{query.urlencode()}"


def tried(model: RemoteModel) -> list[Seen]:
    """What such models said beside the recorded answers."""
    shown = Candidate.objects.filter(few_shot__gt=0, evaluation__candidates__recorded=model.recording_id or 0)
    return [
        Seen(one.evaluation, of_candidate(one)) for one in shown.select_related("evaluation").order_by("-pk")[:SHOWN]
    ]

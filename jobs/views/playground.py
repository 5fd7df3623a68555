"""The playground: talk to a tuned model, its checkpoints and its base, side by side.

The one place where a request calls a service: the answer goes straight on to the person who waits for it.
"""

import json
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jobs import pricing
from jobs.forms.playground import TalkForm, initial
from jobs.models import Conversation, FineTuneJob, Member, Message, SavedPrompt, TunedModel
from jobs.pipeline import talk
from jobs.pipeline.talk import Answer, Offer
from jobs.provider import ProviderError
from jobs.views.access import DeskRequest, trainer_page
from jobs.views.run_new import uuid_in

type Json = dict[str, Any]

PAGE = 24
PROMPTS = 20  # saved ones that it offers
SHOWN = 200  # messages of a conversation that its page shows; the download has them all


def job_of(request: DeskRequest, member: Member, uuid: UUID) -> FineTuneJob:
    """A job with models to talk to: a record has none, since no service knows it."""
    jobs = FineTuneJob.objects.visible_to(request.user).filter(team=member.team, connection__isnull=False)
    return get_object_or_404(jobs.select_related("connection", "training_file"), uuid=uuid)


def _conversation(request: DeskRequest, job: FineTuneJob, offers: list[Offer], *, make: bool = False) -> Conversation:
    """One's own conversation with the job's models; a page that is only looked at makes none."""
    found = Conversation.objects.filter(user=request.user, job=job).first()
    begun = {"left": offers[0].name, "right": _other(offers), "system_prompt": talk.trained_system(job)}
    if found is None and make:
        found, _made = Conversation.objects.get_or_create(user=request.user, job=job, defaults=begun)
    conversation = found or Conversation(user=request.user, job=job, **begun)
    conversation.job = job
    return conversation


def _base(job: FineTuneJob) -> pricing.Base | None:
    return pricing.base(job.service.profile, job.base_model, job.engine)


def _other(offers: list[Offer]) -> str:
    """The base beside the tuned model. Who wants to compare a checkpoint chooses it."""
    return offers[-1].name if len(offers) > 1 and offers[-1].kind == "base" else ""


@require_GET
@trainer_page
def playground(request: DeskRequest, member: Member) -> HttpResponse:
    """Choose whom to talk to: the tuned models, newest first."""
    models = TunedModel.objects.visible_to(request.user).alive().filter(team=member.team, step=None)
    page = Paginator(models.select_related("job", "connection"), PAGE).get_page(request.GET.get("page"))
    return render(request, "jobs/playground.html", {"page": page})


@require_GET
@trainer_page
def playground_job(request: DeskRequest, member: Member, job: UUID) -> HttpResponse:
    """The talk. `?model=` puts a model of the job into the left column, `?prompt=` a saved prompt into the form."""
    found = job_of(request, member, job)
    offers = talk.offers(found)
    conversation = _conversation(request, found, offers)
    wanted = request.GET.get("model", "")
    if wanted in [offer.name for offer in offers]:
        conversation.left = wanted
        conversation.right = "" if conversation.right == wanted else conversation.right
    form = TalkForm(initial=initial(conversation) | _of_prompt(request, member), offers=offers)
    return render(request, "jobs/playground_job.html", _context(conversation, offers, form))


def _of_prompt(request: DeskRequest, member: Member) -> Json:
    """What a saved prompt fills in: its message, and its system prompt, if it has one."""
    if "prompt" not in request.GET:
        return {}
    prompts = SavedPrompt.objects.alive().filter(team=member.team)
    found = prompts.filter(uuid=uuid_in(request.GET.get("prompt"))).first()
    typed = {"text": found.text, "system_prompt": found.system_prompt} if found else {}
    return {name: value for name, value in typed.items() if value}


def _context(conversation: Conversation, offers: list[Offer], form: TalkForm) -> Json:
    said = list(conversation.messages.order_by("-pk")[:SHOWN])[::-1] if conversation.pk else []
    return {
        "job": conversation.job,
        "conversation": conversation,
        "form": form,
        "columns": [_column(side, conversation, offers, said) for side in ("left", "right")],
        "empty": not said,
        "prompts": SavedPrompt.objects.alive().filter(team=conversation.job.team_id).only("uuid", "name")[:PROMPTS],
        "base_known": _base(conversation.job) is not None,
    }


def _column(side: str, conversation: Conversation, offers: list[Offer], said: list[Message]) -> Json:
    model = getattr(conversation, side)
    offer = next((offer for offer in offers if offer.name == model), None)
    heard = [message for message in said if message.role == "user" or message.model == model]
    bubbles = [{"message": message, "meta": talk.spent(message)} for message in heard] if offer else []
    nobody = [] if side == "left" else [("", _("None: one column"))]
    choices = [*nobody, *((offer.name, offer.label) for offer in offers)]
    return {"side": side, "offer": offer, "bubbles": bubbles, "choices": choices}


@require_POST
@trainer_page
def playground_models(request: DeskRequest, member: Member, job: UUID) -> HttpResponse:
    """Keep the settings, and show the columns of the models chosen."""
    found = job_of(request, member, job)
    offers = talk.offers(found)
    conversation = _conversation(request, found, offers, make=True)
    form = TalkForm(request.POST, offers=offers, asking=False)
    good = form.is_valid()
    form.apply(conversation)  # what is wrong elsewhere in the form is told when the message is sent
    if request.htmx:
        return render(request, "jobs/playground_job.html#columns", _context(conversation, offers, form))
    if good:
        return redirect("playground-job", member.team.slug, found.uuid)
    return render(request, "jobs/playground_job.html", _context(conversation, offers, form), status=422)


@require_POST
@trainer_page
def playground_ask(request: DeskRequest, member: Member, job: UUID) -> HttpResponse:
    """Keep the settings and the message, once for all columns.

    chat.js asks for JSON, and then for one stream per column; a plain form gets the page with the whole answers.
    """
    found = job_of(request, member, job)
    offers = talk.offers(found)
    conversation = _conversation(request, found, offers, make=True)
    form = TalkForm(request.POST, offers=offers)
    by_script = request.accepts("application/json") and not request.accepts("text/html")
    if not form.is_valid():
        if by_script:
            return JsonResponse({"errors": form.errors}, status=422)
        return render(request, "jobs/playground_job.html", _context(conversation, offers, form), status=422)
    form.apply(conversation)
    ask = Message.objects.create(conversation=conversation, role="user", content=form.cleaned_data["text"])
    if by_script:
        columns = [side for side in ("left", "right") if getattr(conversation, side)]
        return JsonResponse({"message": ask.pk, "columns": columns})
    for model in filter(None, (conversation.left, conversation.right)):
        _answer_whole(request, conversation, model, ask)
    return redirect("playground-job", member.team.slug, found.uuid)


def _answer_whole(request: DeskRequest, conversation: Conversation, model: str, ask: Message) -> None:
    """Without JavaScript: wait for the end; what went wrong is told on the next page."""
    try:
        async_to_sync(_drained)(talk.answer(conversation, model, ask))
    except ProviderError as error:
        told = str(talk.advice(conversation.job, model, error))
        messages.error(request, f"{model}: {error} {told}".strip())


async def _drained(answer: Answer) -> None:
    async for _piece in answer.pieces():
        pass


@require_GET
@trainer_page
def playground_download(request: DeskRequest, member: Member, job: UUID) -> HttpResponse:
    """The whole conversation as a file: JSON, or `?as=text`."""
    found = job_of(request, member, job)
    conversation = _conversation(request, found, talk.offers(found))
    said = list(conversation.messages.all()) if conversation.pk else []
    as_text = request.GET.get("as") == "text"
    response = HttpResponse(
        _as_text(said) if as_text else _as_json(conversation, said),
        content_type=f"{'text/plain' if as_text else 'application/json'}; charset=utf-8",
    )
    response["Content-Disposition"] = f'attachment; filename="talk-{found.uuid}.{"txt" if as_text else "json"}"'
    return response


def _as_text(said: list[Message]) -> str:
    return "\n\n".join(f"[{message.model or message.role}]\n{message.content}" for message in said) + "\n"


def _as_json(conversation: Conversation, said: list[Message]) -> str:
    fields = ("role", "model", "content", "prompt_tokens", "completion_tokens", "cost_usd", "stopped", "created_at")
    whole = {
        "job": str(conversation.job.uuid),
        "base_model": conversation.job.base_model,
        "settings": initial(conversation),
        "messages": [{name: getattr(message, name) for name in fields} for message in said],
    }
    return json.dumps(whole, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


@require_POST
@trainer_page
def playground_clear(request: DeskRequest, member: Member, job: UUID) -> HttpResponse:
    """Forget what was said; the settings stay."""
    found = job_of(request, member, job)
    Message.objects.filter(conversation__user=request.user, conversation__job=found).delete()
    return redirect("playground-job", member.team.slug, found.uuid)

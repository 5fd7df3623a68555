"""The playground's talk: whom one may talk to, what is sent along, and what is kept of an answer."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from jobs import pricing, provider
from jobs.engines import Engine, base_of
from jobs.models import Conversation, FineTuneJob, Message
from jobs.models.connection import DISABLED
from jobs.pipeline.collect import may_still_come
from jobs.provider import Access, Piece, ProviderError

type Json = dict[str, Any]

KEPT = Decimal("0.000001")  # as fine as the column is


@dataclass(frozen=True)
class Offer:
    """A model of a job that can be talked to."""

    name: str
    label: str | Promise
    kind: str  # "tuned", "checkpoint" or "base"


def offers(job: FineTuneJob) -> list[Offer]:
    """The final model, checkpoints (latest first), the base; less what was deleted, and a base without weights."""
    final = [Offer(job.fine_tuned_model, _("Tuned model"), "tuned")] if job.fine_tuned_model else []
    steps = [
        Offer(point.model, _("Checkpoint at step %(step)s") % {"step": point.step}, "checkpoint")
        for point in job.checkpoints.all()
        if point.model != job.fine_tuned_model
    ]
    gone = {*job.tuned_models.gone().values_list("name", flat=True)}
    trained = [offer for offer in (*final, *steps) if offer.name not in gone]
    if trained and job.model_facts.get("memorises") and base_of(job.base_model) == job.base_model:
        return trained
    return [*trained, Offer(job.base_model, _("Base model"), "base")]


def trained_system(job: FineTuneJob) -> str:
    """The system message of the training examples; empty where the first ones do not share one, whole."""
    sample = job.training_file.report.get("sample", []) if job.training_file else []
    first = [example[0] for example in sample if example]
    shared = {str(message.get("content", "")) for message in first if message.get("role") in ("system", "developer")}
    is_whole = len(shared) == 1 and all(message.get("role") in ("system", "developer") for message in first)
    return shared.pop() if is_whole and not any(message.get("long") for message in first) else ""


def request_for(conversation: Conversation, model: str, ask: Message) -> Json:
    """The body of the call: the column's own part of the talk, its last messages only, and the question."""
    heard = conversation.messages.filter(Q(role="user") | Q(model=model), pk__lt=ask.pk)
    last = list(heard.order_by("-pk")[: conversation.history])[::-1]
    system = [{"role": "system", "content": conversation.system_prompt}] if conversation.system_prompt else []
    ours = {"stream_options": {"include_queue": True}} if conversation.job.service.about.bundled else {}
    return ours | {
        "model": model,
        "messages": system + [{"role": said.role, "content": said.content} for said in [*last, ask]],
        "temperature": conversation.temperature,
        "max_tokens": conversation.max_tokens,
    }


@dataclass
class Answer:
    """An answer while it comes in. `store` keeps it, however it ended."""

    conversation: Conversation
    model: str
    request: Json
    access: Access
    text: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    whole: bool = False
    message: Message | None = None  # what was kept

    async def pieces(self) -> AsyncGenerator[Piece]:
        """Pass on what the service says. Raises ProviderError; keeps what came, also when nobody listens any more."""
        try:
            async with aclosing(provider.stream_chat(self.access, self.request)) as stream:
                async for piece in stream:
                    self._take(piece)
                    if piece.text or piece.queue is not None:
                        yield piece
            if not self.text and self.completion_tokens is None:
                raise ProviderError(gettext_noop("The answer was not a stream as OpenAI's API sends it."), code="shape")
            self.whole = True
        finally:
            # Also while this task is being cancelled (the reader left): a cancellation comes once, so this may wait.
            await sync_to_async(self.store)()

    def _take(self, piece: Piece) -> None:
        self.text += piece.text
        if piece.completion_tokens is not None:
            self.prompt_tokens, self.completion_tokens = piece.prompt_tokens, piece.completion_tokens

    @property
    def cost(self) -> Decimal | None:
        """USD; None where the price or the usage is unknown."""
        if self.prompt_tokens is None or self.completion_tokens is None:
            return None
        job = self.conversation.job
        # The service bills a checkpoint and a tuned model like their base.
        known = pricing.base(job.service.profile, job.base_model, job.engine)
        exact = pricing.chat_cost(known, self.prompt_tokens, self.completion_tokens)
        return None if exact is None else exact.quantize(KEPT)

    def store(self) -> None:
        """Keep what was said: nothing, if nothing was; and not in a conversation that was deleted meanwhile."""
        if not (self.text or self.whole) or not Conversation.objects.filter(pk=self.conversation.pk).exists():
            return
        self.message = Message.objects.create(
            conversation=self.conversation,
            role="assistant",
            model=self.model,
            content=self.text,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cost_usd=self.cost,
            stopped=not self.whole,
        )


def answer(conversation: Conversation, model: str, ask: Message) -> Answer:
    """Prepare an answer; no call is made yet. Raises ProviderError where the connection has no usable key."""
    access = conversation.job.service.access()
    return Answer(conversation, model, request_for(conversation, model, ask), access)


def spent(message: Message) -> str:
    """Tokens and price of an answer, as far as the service told."""
    if message.prompt_tokens is None or message.completion_tokens is None:
        return ""
    tokens = gettext("%(sent)s + %(answered)s tokens") % {
        "sent": f"{message.prompt_tokens:,}",
        "answered": f"{message.completion_tokens:,}",
    }
    if message.conversation.job.engine == Engine.TRANSFORMERS:
        return tokens
    if message.cost_usd is None:
        return f"{tokens} · {gettext('price unknown')}"
    return f"{tokens} · ${message.cost_usd.normalize():f} · ₩{message.cost_usd * settings.USD_KRW:.2f}"


def is_warming_up(job: FineTuneJob, model: str, error: ProviderError) -> bool:
    """A model that is not there yet, rather than not there: 404 soon after success."""
    return model != job.base_model and may_still_come(job, error)


_ADVICE: dict[int, Promise] = {
    401: _("The key was refused. An owner can replace it on the connection's page."),
    403: _("The key may not use this model. Check its rights at the service: the project that tuned it may."),
    404: _("The service does not know this model any more: it was deleted there, or switched off with its base model."),
    429: _("The service asks for fewer calls, or the account has no credit left. Wait, or see its billing page."),
}


def advice(job: FineTuneJob, model: str, error: ProviderError) -> str | Promise:
    """What to do about an error; empty where the service's own words must do."""
    if error.status == 404:
        ends = job.tuned_models.filter(name=model).values_list("shutdown_date", flat=True).first()
        if ends and ends <= timezone.now().date():
            return _("This model was switched off on %(date)s, with its base model.") % {"date": ends.isoformat()}
    if error.code == DISABLED:
        return _("Nobody can ask anything over this connection until the staff of this portal enable it.")
    if error.code in ("timeout", "connection") or (error.status or 0) >= 500:
        return _("The service has trouble, or cannot be reached. Send the message again in a while.")
    return _ADVICE.get(error.status or 0, "")

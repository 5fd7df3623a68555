"""Talks of the playground as questions. Only their author gives them: a copy, which is shown before (ADR 0021)."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

from django.db.models import Count, Q, QuerySet

from jobs.models import Conversation, QuestionOrigin, QuestionSet, Team, User
from jobs.pipeline.evaluations.questions import order_given
from jobs.provider import Json

MOST_OFFERED = 200  # questions at a time, the newest


@dataclass(frozen=True)
class Turn:
    """A message of the person as the model of the left column was sent it, with what was said before."""

    conversation: Conversation
    message: int  # its row
    messages: list[Json]

    @property
    def question(self) -> str:
        return str(self.messages[-1]["content"])


def of(user: User, team: Team) -> QuerySet[Conversation]:
    """A person's own conversations in which something was asked, the latest last asked first."""
    rows = Conversation.objects.visible_to(user).filter(job__team=team).select_related("job")
    counted = rows.annotate(asked=Count("messages", filter=Q(messages__role="user")))
    return counted.filter(asked__gt=0).order_by("-pk")


def turns(conversations: Iterable[Conversation]) -> list[Turn]:
    """What could be given of them: of each message one question, in the order in which they were asked."""
    found = [turn for conversation in conversations for turn in _turns(conversation)]
    return sorted(found, key=lambda turn: turn.message)


def _turns(conversation: Conversation) -> Iterator[Turn]:
    begin = [_said("system", conversation.system_prompt)] if conversation.system_prompt.strip() else []
    heard: list[Json] = []
    rows = conversation.messages.filter(Q(role="user") | Q(model=conversation.left)).order_by("pk")
    for pk, role, content in rows.values_list("pk", "role", "content"):
        before = heard[-conversation.history :] if conversation.history else []
        if role == "user" and content.strip():
            yield Turn(conversation, pk, [*begin, *before, _said(role, content)])
        if content.strip():
            heard.append(_said(role, content))


def _said(role: str, content: str) -> Json:
    return {"role": role, "content": content}


def digest(offered: Iterable[Turn]) -> str:
    """Of what a page shows: nothing else is given."""
    shown = json.dumps([turn.messages for turn in offered])
    return blake2b(shown.encode(), digest_size=16).hexdigest()


def give(team: Team, user: User, chosen: Iterable[Turn], name: str) -> QuestionSet:
    given = [turn.messages for turn in chosen]
    return order_given(team, user, given, name=name, origin=QuestionOrigin.TALKS)

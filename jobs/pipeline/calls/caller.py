"""Makes the calls of an order, one after another: what came is stored before anything else happens (ADR 0025, 0044)."""

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from jobs import pricing, provider
from jobs.models import Connection, PaidCall, PaidOrder
from jobs.pipeline.calls.accepted import adapted
from jobs.pipeline.calls.ledger import WHOLE, CapReachedError, Lane, Ledger
from jobs.pipeline.calls.prices import cost_nano
from jobs.pipeline.calls.record import move
from jobs.pipeline.calls.reply import Reply, read
from jobs.pipeline.park import is_resting
from jobs.provider import Json, ProviderError
from jobs.run_states import ChunkState, RunState

type Ask = Callable[[Json], Json]

BITE_SECONDS = 5.0  # a task calls for so long, then others have their turn
OPEN = (ChunkState.WAITING, ChunkState.CLAIMED)
LATE = (ChunkState.CLAIMED, ChunkState.UNSURE)  # a worker that was thought dead may bring its answer late


def prices(connection: Connection, model: str, engine: str) -> tuple[Decimal | None, Decimal | None]:
    """USD per million tokens in and out; None where a price is unknown."""
    known = pricing.base(connection.profile, model, engine)
    return (known.input, known.output) if known else (None, None)


class Caller[O: PaidOrder, C: PaidCall](ABC):
    """One lane of one order: all its calls go over one connection. What differs between kinds of orders is abstract."""

    def __init__(self, order: O, ledger: Ledger[C], connection: Connection, lane: Lane = WHOLE) -> None:
        self.order, self.ledger, self.connection, self.lane = order, ledger, connection, lane
        self.refusals: list[ProviderError] = []  # of settings that the model does not take

    @abstractmethod
    def request(self, call: C) -> Json:
        """The body of the call."""

    @abstractmethod
    def flags(self, call: C, reply: Reply) -> list[str]:
        """What is odd about the reply (`run_states.Flag`)."""

    @abstractmethod
    def price(self) -> tuple[Decimal | None, Decimal | None]:
        """USD per million tokens, in and out."""

    @abstractmethod
    def wait(self, error: ProviderError) -> None:
        """Leave the service alone for a while, or until a person lets the order go on."""

    @abstractmethod
    def settle(self) -> None:
        """See what became of the order: end it once there is nothing left to ask."""

    def columns(self, reply: Reply, seconds: float) -> dict[str, Any]:
        """More of the call's columns that an answer fills."""
        return {}

    def of_order(self) -> dict[str, Any]:
        """Columns of the order that an answer resets."""
        return {"tries": 0, "trouble": ""}

    def bite(self) -> bool:
        """Call for some seconds, then see what became of the order. True: there is more to ask at once."""
        more = False
        try:
            if not is_resting(self.connection):
                with provider.chatting(self.connection.access()) as ask:
                    more = self._call_on(ask)
        except ProviderError as error:
            self.wait(error)
        except CapReachedError:
            move(self.order, RunState.CAPPED)
        self.settle()
        return more and self.order.state == RunState.RUNNING

    def _call_on(self, ask: Ask) -> bool:
        """False where there is nothing to ask now, or the service is to be left alone."""
        until = time.monotonic() + BITE_SECONDS
        while call := self.ledger.claim(self.order.pk, self.lane):
            if not self._call(call, ask):
                return False
            if time.monotonic() >= until:
                return True
        return False

    def _call(self, call: C, ask: Ask) -> bool:
        """Ask once and store what came. False: leave the service alone for now."""
        began = time.monotonic()
        try:
            reply = self._reply(call, ask)
        except ProviderError as error:
            return self._failed(call, error)
        flags = self.flags(call, reply)
        self.ledger.turn(
            call,
            ChunkState.DONE,
            seen=LATE,
            spent=self._spent(call, reply),
            answer=reply.text,
            flags=flags,
            trouble="",
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            gained=_gained(reply, flags),
            of_order=self.of_order(),
            **self.columns(reply, time.monotonic() - began),
        )
        return True

    def _reply(self, call: C, ask: Ask) -> Reply:
        """Ask without what the model is known to refuse. Raises ProviderError."""
        body = self.request(call)
        for refusal in self.refusals:
            body = adapted(body, refusal) or body
        while True:
            try:
                return read(ask(body))
            except ProviderError as error:
                fitting = adapted(body, error)
                if fitting is None:
                    raise
                self.refusals.append(error)
                body = fitting

    def _spent(self, call: C, reply: Reply) -> int:
        """By the service's token counts; the most that it may be where it gives none."""
        if reply.prompt_tokens is None or reply.completion_tokens is None:
            return call.bound_nano
        into, out = self.price()
        return cost_nano(into, reply.prompt_tokens) + cost_nano(out, reply.completion_tokens)

    def _failed(self, call: C, error: ProviderError) -> bool:
        """What an error means for this call, and for the order. True: the next one may be made."""
        lost = error.reached
        # a refused key, right or model is no fault of the question
        at_large = not error.permanent or error.status in (401, 403, 404)
        to = ChunkState.UNSURE if lost else ChunkState.WAITING if at_large else ChunkState.FAILED
        trouble = str(error) if to != ChunkState.WAITING else ""
        self.ledger.turn(call, to, seen=(ChunkState.CLAIMED,), trouble=trouble)
        if not lost and not at_large:
            return True
        self.wait(error)
        return False


def _gained(reply: Reply, flags: list[str]) -> Counter[str]:
    """What the order's figures gain by an answer."""
    tokens = {"prompt_tokens": reply.prompt_tokens or 0, "completion_tokens": reply.completion_tokens or 0}
    return Counter({**tokens, "flagged": int(bool(flags))})

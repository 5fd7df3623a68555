"""One answer at a time: a queue in which everybody knows their place."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from trainer.engines.transformers.chat.refusals import RefusalError

MOST_WAITING = 16


class Turns:
    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._most = most_waiting
        self._tickets: list[object] = []  # the first is being answered
        self._moved = asyncio.Condition()

    @asynccontextmanager
    async def turn(self, report: Callable[[int], Awaitable[None]]) -> AsyncIterator[None]:
        """Wait for the turn; `report` is given the place when it changes, 0 at last."""
        if len(self._tickets) > self._most:
            raise RefusalError(
                "rate_limit", f"{self._most} questions are waiting already. Please try again in a moment."
            )
        ticket = object()
        self._tickets.append(ticket)
        try:
            while place := self._tickets.index(ticket):
                await report(place)
                async with self._moved:
                    await self._moved.wait()
            await report(0)
            yield
        finally:
            self._tickets.remove(ticket)
            async with self._moved:
                self._moved.notify_all()

"""The life of a recipe run and of its chunks: who may follow whom. As jobs.states has it for training."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RunState(models.TextChoices):
    NEW = "new", _("Ordered")
    MAKING = "making", _("Making examples")  # free: all in one go
    PREPARING = "preparing", _("Cutting the text")  # paid: then chunk by chunk
    RUNNING = "running", _("Summarising")
    PAUSED = "paused", _("Paused")
    CAPPED = "capped", _("Stopped at the cap")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


_AT_WORK = {RunState.DONE, RunState.CANCELLED, RunState.FAILED}
NEXT_OF_RUN: dict[RunState, frozenset[RunState]] = {
    RunState.NEW: frozenset({RunState.MAKING, RunState.PREPARING, RunState.CANCELLED}),
    RunState.MAKING: frozenset(_AT_WORK),
    RunState.PREPARING: frozenset({RunState.RUNNING, *_AT_WORK}),
    RunState.RUNNING: frozenset({RunState.PAUSED, RunState.CAPPED, RunState.DONE, RunState.CANCELLED}),
    RunState.PAUSED: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    RunState.CAPPED: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    RunState.DONE: frozenset({RunState.RUNNING}),  # on a person's word: what failed is asked again
    RunState.CANCELLED: frozenset(),
    RunState.FAILED: frozenset(),
}
RUN_CLAIMED = frozenset({RunState.MAKING, RunState.PREPARING})  # by one worker, under a lease
RUN_OVER = frozenset({RunState.DONE, RunState.CANCELLED, RunState.FAILED})
RUN_ACTIVE = frozenset(RunState) - RUN_OVER
RUN_STANDS = frozenset({RunState.PAUSED, RunState.CAPPED})  # until a person lets it go on


class ChunkState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    CLAIMED = "claimed", _("Being asked")
    DONE = "done", _("Answered")
    FAILED = "failed", _("Failed")
    UNSURE = "unsure", _("Answer lost")


class Flag(models.TextChoices):
    """What is odd about an answer: it stays out of the file unless a person takes it in."""

    EMPTY = "empty", _("Empty answer")
    CUT = "cut", _("Cut off")
    COPY = "copy", _("A copy of the text")
    NO_VOTE = "no_vote", _("No vote")

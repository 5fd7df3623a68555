"""The life of a fine-tune job: who may follow whom. docs/states.md is generated from this file."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a job stands on our side. What the service calls it is kept beside, word for word."""

    NEW = "new", _("Ordered")
    PUSHING = "pushing", _("Uploading")
    READY = "ready", _("Files ready")
    SUBMITTING = "submitting", _("Starting")
    UNSURE = "unsure", _("Checking")
    RUNNING = "running", _("Training")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    ADOPTING = "adopting", _("Looking for it")
    RECORDED = "recorded", _("Kept as a record")


NEXT: dict[State, frozenset[State]] = {
    State.NEW: frozenset({State.PUSHING, State.UNSURE, State.CANCELLED}),
    State.PUSHING: frozenset({State.READY, State.NEW, State.FAILED}),
    # an order that was taken for absent may appear before it is sent again
    State.READY: frozenset({State.SUBMITTING, State.UNSURE, State.CANCELLED}),
    State.SUBMITTING: frozenset({State.RUNNING, State.UNSURE, State.READY, State.NEW, State.FAILED}),
    State.UNSURE: frozenset({State.RUNNING, State.READY}),
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
    State.ADOPTING: frozenset({State.RUNNING, State.RECORDED}),
    State.RECORDED: frozenset({State.ADOPTING}),  # only on a person's word: a key was added since
}

# Held by one worker at a time; a sweep frees a claim whose worker died.
CLAIMED = frozenset({State.PUSHING, State.SUBMITTING})
# Nothing moves on by itself any more.
FINAL = frozenset(state for state, following in NEXT.items() if not following) | {State.RECORDED}
ACTIVE = frozenset(State) - FINAL

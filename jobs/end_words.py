"""The words by which services say how far a job is: which of them end it, and as what.

Sources: OpenAI's API reference; the packages and specifications of Together, Fireworks, Mistral, Azure, Vertex, Bedrock
and Alibaba as of November 2026. Words are compared as `plain` writes them, shown as they came.
"""

import re
from collections.abc import Mapping

from jobs.states import State

OPENAI_ENDS: Mapping[str, State] = {
    "succeeded": State.SUCCEEDED,
    "failed": State.FAILED,
    "cancelled": State.CANCELLED,
}
ALL_ENDS: Mapping[str, State] = {
    **OPENAI_ENDS,
    # Together, Fireworks, Bedrock: completed. Mistral: success. Fireworks, Together: early_stopped. Vertex: partially_…
    **dict.fromkeys(("completed", "complete", "success", "successful", "finished", "done"), State.SUCCEEDED),
    **dict.fromkeys(("early_stopped", "partially_succeeded"), State.SUCCEEDED),
    # Together: error, user_error. Mistral: failed_validation. Fireworks, Vertex: expired.
    **dict.fromkeys(("error", "errored", "failure", "user_error", "system_error", "internal_error"), State.FAILED),
    **dict.fromkeys(("failed_validation", "validation_failed", "invalid", "rejected"), State.FAILED),
    **dict.fromkeys(("expired", "timeout", "timed_out", "crashed"), State.FAILED),
    # Azure, Alibaba: canceled. Azure: deleted. Bedrock, SageMaker: stopped.
    **dict.fromkeys(("canceled", "user_cancelled", "user_canceled", "aborted", "terminated"), State.CANCELLED),
    **dict.fromkeys(("stopped", "deleted", "killed"), State.CANCELLED),
}
UNDER_WAY = frozenset(
    (
        # OpenAI, in both shapes that its API has had
        *("validating_files", "queued", "running", "pausing", "paused", "resuming", "pending", "created"),
        # Together, Fireworks, Mistral
        *("compressing", "uploading", "cancel_requested", "creating", "validating", "writing_results", "cancelling"),
        *("re_queueing", "idle", "creating_input_dataset", "started", "validated", "cancellation_requested"),
        # Azure, Vertex, Bedrock, Alibaba, CLOVA Studio and what runs at home
        *("not_running", "notrunning", "not_started", "in_progress", "canceling", "stopping", "updating", "wait"),
        *("waiting", "submitted", "scheduled", "scheduling", "starting", "initializing", "preparing", "training"),
    )
)
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
BREAK = re.compile(r"[\s-]+")
OF_ENUMS = ("job_state_", "job_status_", "state_", "status_")  # JOB_STATE_COMPLETED


def plain(word: str) -> str:
    """The word in lower case with underscores, without what an enumeration puts before it: `in_progress`."""
    text = word.strip().rpartition(".")[2]
    name = BREAK.sub("_", text if text.isupper() else CAMEL.sub("_", text)).casefold()
    return next((name.removeprefix(prefix) for prefix in OF_ENUMS if name.startswith(prefix)), name)


def is_known(word: str, ends: Mapping[str, State]) -> bool:
    """Tell whether we know what the word means at a service that ends jobs with `ends`."""
    name = plain(word)
    return name in ends or name in UNDER_WAY

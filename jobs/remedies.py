"""What to do about a service's error, in our words, beside the service's own."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.engines import Engine

BY_CODE: dict[str, Promise] = {
    "training_not_available": _(
        "It is neither your data nor your key: this account may not start new training at this service any more. "
        "Nothing was trained, so nothing is billed."
    ),
    "invalid_n_examples": _("Add examples until the file has at least ten, upload it again and order again."),
    "invalid_training_file": _("Open the training file's report, mend what it names, upload it again and order again."),
    "invalid_validation_file": _("Check the validation file as you would a training file, or leave it out."),
    "unsafe_file": _("The service refused the data as unsafe. Remove the examples it names and order again."),
    "server_error": _("The service failed by itself. Nothing is wrong with the data: order again."),
    "insufficient_quota": _("The account at the service has no credit left, or its limit is reached: see its billing."),
    "rate_limit_exceeded": _("The service has too many requests or jobs at once. Order again a little later."),
    "model_not_available": _("The service does not train this base model. Choose another one."),
    "model_not_found": _("The service does not know this model (any more)."),
    "invalid_api_key": _("The key is wrong or was withdrawn. An owner can replace it on the connection's page."),
    # of our own trainer, which names them alone
    "out_of_memory": _(
        "The machine that trains has too little memory for this job. Choose a smaller base model, shorten the longest "
        "examples, or have it trained on a machine with more memory. The message has the figures."
    ),
    "diverged": _(
        "The loss grew without end, so there was nothing to keep: the steps were too large for this data. Order again "
        "with a lower learning rate multiplier, for example half of it."
    ),
    "invalid_base": _(
        "The base model cannot be used as it lies on the trainer's machine. Choose another one; the operator can "
        "remove it there and fetch it again."
    ),
    "key_unreadable": _("An owner can enter the key anew on the connection's page."),
}
BY_STATUS: dict[int, Promise] = {
    401: BY_CODE["invalid_api_key"],
    403: _("The key lacks a right that training needs. Ask whoever manages the account at the service."),
    404: _("The service no longer knows a file or a model of this order. Ordering again uploads the file anew."),
    413: _("The file is too large for this service."),
    429: BY_CODE["rate_limit_exceeded"],
}


OWN: dict[str, Promise] = {
    "server_error": _(
        "The trainer could not finish this job; nothing is wrong with the data. Order again. If it fails again, the "
        "operator finds the reason in the log of the job's folder: a full disk, a limit of hours, or a training "
        "process that breaks each time."
    ),
}


def remedy(error: dict[str, Any], engine: str = "") -> str | Promise:
    """What to do about an error of the shape {"code", "status", ...}; empty where we have no advice.

    engine: what trains the job (jobs.engines.Engine).
    """
    code = str(error.get("code"))
    advice = (OWN.get(code) if engine == Engine.TRANSFORMERS else None) or BY_CODE.get(code)
    if not advice and error.get("status") == 400 and error.get("param") in ("training_file", "validation_file"):
        return BY_STATUS[404]  # as when the key of another account was entered: its files are not these
    return advice or BY_STATUS.get(error.get("status") or 0) or ""

"""What the audit trail says, in words: one for each action code, field and role."""

import json
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jobs.models import AuditEntry, Role

ACTIONS: dict[str, str | Promise] = {
    "team.created": _("Created the team"),
    "team.renamed": _("Renamed the team"),
    "team.exported": _("Downloaded everything the team owns"),
    "team.privacy": _("Switched the search for personal data"),
    "member.invited": _("Invited a person"),
    "member.joined": _("Joined the team"),
    "member.role": _("Changed a member's role"),
    "member.removed": _("Removed a member"),
    "member.left": _("Left the team"),
    "invitation.withdrawn": _("Withdrew an invitation"),
    "file.uploaded": _("Uploaded a file"),
    "file.changed": _("Made a new version of a file"),
    "file.converted": _("Converted a file to chat"),
    "file.masked": _("Masked personal data in a version"),
    "file.reduced": _("Ordered a version without some examples"),
    "file.edited": _("Saved edited examples as a new version"),
    "file.downloaded": _("Downloaded a file"),
    "file.check_stopped": _("Stopped the check of a file"),
    "file.checked_again": _("Had a file checked again"),
    "file.deleted": _("Deleted a file"),
    "passage.confirmed": _("Ordered a passage deleted from all files"),
    "passage.forgotten": _("Deleted a passage from the files"),
    "copy.deleted": _("Deleted a file's copy at a service"),
    "source.uploaded": _("Uploaded a text"),
    "source.encoding": _("Had a text read as another encoding"),
    "source.downloaded": _("Downloaded a text"),
    "source.deleted": _("Deleted a text"),
    "run.ordered": _("Ordered a recipe run"),
    "run.paused": _("Paused a recipe run"),
    "run.resumed": _("Resumed a recipe run"),
    "run.cancelled": _("Cancelled a recipe run"),
    "run.capped": _("Changed the cap of a recipe run"),
    "run.retried": _("Had pieces of a recipe run asked about again"),
    "run.taken": _("Decided on a flagged answer"),
    "run.file": _("Made a file of a recipe run"),
    "recipe.saved": _("Saved a recipe"),
    "recipe.renamed": _("Renamed a recipe"),
    "recipe.deleted": _("Deleted a recipe"),
    "rescue.read": _("Had the lists of tuned models read"),
    "rescue.archived": _("Had the jobs of tuned models archived"),
    "rescue.downloaded": _("Downloaded the archive of tuned models"),
    "rescue.proposed": _("Chose questions for recording tuned models"),
    "rescue.compared": _("Ordered a comparison with a recorded model"),
    "rescue.signed": _("Signed a tuned model off"),
    "rescue.unsigned": _("Took the sign-off of a tuned model back"),
    "rescue.recorded": _("Ordered a recording of tuned models"),
    "rescue.recording": _("Changed the course of a recording"),
    "job.ordered": _("Ordered a job"),
    "job.edited": _("Edited a job"),
    "job.cancelled": _("Cancelled a job"),
    "job.paused": _("Paused a job"),
    "job.resumed": _("Resumed a job"),
    "job.retried": _("Retried a job"),
    "job.settled": _("Settled an unsure job"),
    "job.second_cancelled": _("Cancelled the second job of an order"),
    "job.imported": _("Imported a job"),
    "job.kept": _("Kept a job as a record"),
    "job.looked_for": _("Looked for a job again"),
    "weights.ordered": _("Had weights packed for download"),
    "weights.downloaded": _("Downloaded weights"),
    "model.deleted": _("Deleted a model at its trainer"),
    "prompt.saved": _("Saved a prompt"),
    "prompt.changed": _("Changed a saved prompt"),
    "prompt.deleted": _("Deleted saved prompts"),
    "questions.made": _("Made a set of questions"),
    "questions.changed": _("Made another version of a set of questions"),
    "questions.deleted": _("Deleted a set of questions"),
    "evaluation.ordered": _("Ordered an evaluation"),
    "evaluation.paused": _("Paused an evaluation"),
    "evaluation.resumed": _("Resumed an evaluation"),
    "evaluation.cancelled": _("Cancelled an evaluation"),
    "evaluation.capped": _("Changed the cap of an evaluation"),
    "evaluation.retried": _("Had questions of an evaluation put again"),
    "evaluation.deleted": _("Deleted an evaluation"),
    "judging.ordered": _("Ordered a judge"),
    "judging.paused": _("Paused a judge"),
    "judging.resumed": _("Resumed a judge"),
    "judging.cancelled": _("Cancelled a judge"),
    "judging.capped": _("Changed the cap of a judge"),
    "judging.retried": _("Had pairs of answers judged again"),
    "judging.deleted": _("Deleted a judge and its replies"),
    "connection.created": _("Created a connection"),
    "connection.tested": _("Tested a connection"),
    "connection.key_replaced": _("Replaced a connection's key"),
    "connection.hook_set": _("Stored a webhook's signing secret"),
    "connection.hook_removed": _("Erased a webhook's signing secret"),
    "connection.deleted": _("Deleted a connection"),
    "staff.job_polled": _("Staff had a job looked at"),
    "staff.job_cancelled": _("Staff cancelled a job"),
    "staff.connection_disabled": _("Staff disabled a connection"),
    "staff.connection_enabled": _("Staff enabled a connection"),
}
FIELDS: dict[str, str | Promise] = {
    "name": _("Name"),
    "role": _("Role"),
    "email": _("E-mail address"),
    "note": _("Note"),
    "state": _("State"),
    "privacy": _("Personal data looked for and hidden"),
    "cap": _("Cap (USD)"),
    "chunks": _("Pieces"),
    "chunk": _("Piece"),
    "encoding": _("Encoding"),
    "file": _("File"),
    "files": _("Files"),
    "examples": _("Examples"),
    "copies": _("Copies at services"),
    "models": _("Models"),
    "format": _("Format"),
    "base": _("Base model"),
    "job": _("Job"),
    "kept": _("Files that stay"),
    "remote_id": _("Job id at the service"),
    "texts": _("Texts"),
    "prompts": _("Saved prompts"),
    "number": _("Version"),
    "questions": _("Questions"),
    "replies": _("Replies of the judge"),
    "model": _("Model"),
    "origin": _("Where they come from"),
    "kept_texts": _("Texts that stay"),
}
LONGEST = 120  # characters of a value that the page shows


class Change(NamedTuple):
    """One field of an act; an empty side was not there."""

    field: str
    before: str
    after: str


def action_words(action: str) -> str:
    """Say `action` in the reader's language; a code nobody described yet is shown as it is."""
    return str(ACTIONS.get(action, action))


def changes(entry: AuditEntry) -> list[Change]:
    """List what differs between `before` and `after`, in the order it was written down."""
    fields = dict.fromkeys([*entry.before, *entry.after])
    pairs = [(field, entry.before.get(field), entry.after.get(field)) for field in fields]
    return [Change(str(FIELDS.get(f, f)), _value(f, old), _value(f, new)) for f, old, new in pairs if old != new]


def _value(field: str, value: Any) -> str:
    if value is None:
        return ""
    if field == "role" and value in Role.values:
        return str(Role(value).label)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

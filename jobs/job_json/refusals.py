"""What cannot be the JSON of one job, each case by a code, with words for people."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ORDER = "texthelper.order"  # our own download of an order that no service has
AS_DOWNLOADED = _("Give the file as it was downloaded.")
ONE_AT_A_TIME = _("Import one job at a time: give the object of one job, {…}, alone.")
HOW_IDS_BEGIN = _("A job's id begins with ftjob- or, in 2023, ft-.")


class Words(NamedTuple):
    message: str | Promise
    remedy: str | Promise = ""


WORDS: dict[str, Words] = {
    "too_large": Words(_("The JSON is larger than 1 MB."), _("The JSON of one job has a few kilobytes.")),
    "empty": Words(_("It is empty."), _("Give the JSON of a job, as it was downloaded.")),
    "not_utf8": Words(_("It is not encoded as UTF-8."), _("Open it in a text editor and save it as UTF-8.")),
    "nul": Words(_("There is a NUL character in it."), _("Download the JSON again, or take it out.")),
    "too_deep": Words(_("Brackets are nested too deep for a job's JSON."), AS_DOWNLOADED),
    "not_json": Words(_("This is not JSON (line %(line)s, column %(column)s)."), AS_DOWNLOADED),
    "web_page": Words(
        _("This is a web page, not JSON."),
        _("Call the API's address with the key, not the address of a page, and save its answer."),
    ),
    "printed": Words(
        _("A program printed this object. It is not JSON and cannot be read (line %(line)s, column %(column)s)."),
        _("Save the JSON: in Python print(job.model_dump_json()), in JavaScript console.log(JSON.stringify(job))."),
    ),
    "list": Words(_("This is a list."), ONE_AT_A_TIME),
    "several": Words(_("There is more than one object in it. The second begins in line %(line)s."), ONE_AT_A_TIME),
    "events": Words(
        _("These are events of a job, not the job."),
        _("Give the JSON of the job itself, or type its id: the events are fetched from the service."),
    ),
    "checkpoints": Words(
        _("These are checkpoints of a job, not the job."),
        _("Give the JSON of the job itself, or type its id: the checkpoints are fetched from the service."),
    ),
    "error_answer": Words(
        _("This is an error that a service answered, not a job: %(said)s"),
        _("Retrieve the job again, and save the answer once it is the job."),
    ),
    "not_an_object": Words(_("This is not a job's JSON: it must be an object, {…}, with the job's id.")),
    "other_object": Words(
        _("This is not a job's JSON: its object is “%(object)s”, a job's is “fine_tuning.job” or “fine-tune”.")
    ),
    "order": Words(
        _("This is an order that no service had taken when it was downloaded: there is nothing to be found of it.")
    ),
    "no_id": Words(_("The JSON has no id."), HOW_IDS_BEGIN),
    "id_too_long": Words(_("The job's id is too long: at most 128 characters are possible.")),
    "other_id": Words(_("This is the id of a file or a model."), HOW_IDS_BEGIN),
    "id_unfit": Words(_("This cannot be a job's id: it holds letters, digits and - . _ : only.")),
}


class NotAJobError(ValueError):
    """What was given is not the JSON of one job: `code` of WORDS, the line where one is to be looked at."""

    def __init__(self, code: str, line: int | None = None, **params: object) -> None:
        self.code, self.line, self.params = code, line, {"line": line, **params}
        super().__init__(code)

    @property
    def message(self) -> str:
        return str(WORDS[self.code].message) % self.params

    @property
    def remedy(self) -> str:
        ids = self.params.get("ids")
        named = [_("Jobs in it: %(ids)s") % {"ids": ", ".join(map(str, ids))}] if isinstance(ids, list) and ids else []
        return " ".join(str(words) for words in (WORDS[self.code].remedy, *named) if words)

    @property
    def reason(self) -> str:
        """Both, for the field of a form."""
        return f"{self.message} {self.remedy}".strip()

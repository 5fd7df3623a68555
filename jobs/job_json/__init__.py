"""A job's JSON, whoever wrote it: from bytes to an object, and from an object to the values that the portal keeps."""

from jobs.job_json.ends import End as End
from jobs.job_json.ends import end_of as end_of
from jobs.job_json.ends import status_of as status_of
from jobs.job_json.facts import Told as Told
from jobs.job_json.facts import checked_id as checked_id
from jobs.job_json.facts import read as read
from jobs.job_json.facts import read_known as read_known
from jobs.job_json.facts import tag as tag
from jobs.job_json.names import Json as Json
from jobs.job_json.notes import notes_on as notes_on
from jobs.job_json.parsing import LIMIT as LIMIT
from jobs.job_json.parsing import Parsed as Parsed
from jobs.job_json.parsing import parse as parse
from jobs.job_json.refusals import ORDER as ORDER
from jobs.job_json.refusals import NotAJobError as NotAJobError

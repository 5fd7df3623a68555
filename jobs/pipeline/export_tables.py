"""Which rows an archive of a team holds, in which columns. Keys, sealed keys, hook secrets and tokens are in none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import ForeignKey, Model, QuerySet

from jobs.models import (
    Answer,
    AuditEntry,
    Candidate,
    Checkpoint,
    Chunk,
    Connection,
    Conversation,
    Evaluation,
    FineTuneJob,
    Invitation,
    JobEvent,
    Judging,
    Judgment,
    Member,
    Message,
    Metric,
    PlannedEvaluation,
    Question,
    QuestionSet,
    RemoteFile,
    RemoteModel,
    Run,
    SavedPrompt,
    SavedRecipe,
    SecondJob,
    Source,
    Team,
    TrainingFile,
    Transition,
    TunedModel,
    User,
    Vote,
)

type Columns = Mapping[str, str]  # name in the archive: look-up


def every_column(model: type[Model], *without: str) -> Columns:
    """All columns of `model`; who or what one refers to is named by user name or uuid, not by our row number."""
    fields = [field for field in model._meta.concrete_fields if field.name not in {"id", *without}]
    return {field.name: _lookup(field) for field in fields}


def _lookup(field: Any) -> str:
    if not isinstance(field, ForeignKey):
        return str(field.name)
    to = field.related_model
    if to is User:
        return f"{field.name}__username"
    return f"{field.name}__uuid" if any(column.name == "uuid" for column in to._meta.concrete_fields) else field.name


@dataclass(frozen=True)
class Table:
    """One file of the archive: a JSON object a line."""

    path: str
    what: str
    model: type[Model]
    belongs: str  # look-up that leads to the team
    columns: Columns
    order: tuple[str, ...] = ("pk",)
    private: str = ""  # look-up of the one person who may read it, where it is not the whole team's
    also: Callable[[dict[str, Any]], dict[str, Any]] = field(default=lambda row: row)

    def rows(self, team: Team, reader: User | None) -> QuerySet[Any]:
        """The team's rows; what is private only as far as it is `reader`'s (None: the operator, who gets all)."""
        rows = self.model._default_manager.filter(**{self.belongs: team}).order_by(*self.order)
        return rows.filter(**{self.private: reader}) if self.private and reader else rows


def archive_path(file: Mapping[str, Any]) -> str:
    """Where a training file's bytes lie in the archive: a name that no zip tool can misread."""
    stem = str(file["name"]).removesuffix(".jsonl")
    return f"training_files/{_plain(stem) or 'file'}-{file['uuid']}.jsonl"


def source_path(source: Mapping[str, Any]) -> str:
    """Where a text's bytes lie in the archive."""
    stem = str(source["name"]).rpartition(".")[0]
    return f"sources/{_plain(stem) or 'text'}-{source['uuid']}.{source['kind']}"


def _plain(stem: str) -> str:
    return "".join(char if char.isalnum() or char in "-_" else "_" for char in stem)[:60]


def _with_source_path(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"path": source_path(row)}


def _with_path(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"path": archive_path(row)}


_CONNECTION: tuple[str, ...] = (
    "uuid",
    "name",
    "profile",
    "base_url",
    "key_hint",
    "state",
    "detail",
    "models_seen",
    "tested_at",
)
_CONNECTION += ("created_at", "disabled_at", "deleted_at")
_PERSON = {"username": "user__username", "email": "user__email"}
_OF_JOB = ("at", "pk")
_OF_QUESTION = {"question_set": "question__question_set__uuid", "question": "question__position"}
_OF_PAIR = {"question_set": "a__question__question_set__uuid", "question": "a__question__position"}
_OF_PAIR |= {"a": "a__candidate__uuid", "b": "b__candidate__uuid", "repetition": "a__repetition"}

TABLES = (
    Table("members.jsonl", "people and roles", Member, "team", _PERSON | {"role": "role", "since": "created_at"}),
    Table("invitations.jsonl", "invitations", Invitation, "team", every_column(Invitation, "team", "token")),
    Table("connections.jsonl", "connections, without their keys", Connection, "team",
          {name: name for name in _CONNECTION} | {"created_by": "created_by__username"}),
    Table("training_files.jsonl", "training files and their reports", TrainingFile, "team",
          every_column(TrainingFile, "team", "content", "check_due_at"), also=_with_path),
    Table("sources.jsonl", "texts that data is made from", Source, "team",
          every_column(Source, "team", "content", "text_path", "due_at"), also=_with_source_path),
    Table("remote_copies.jsonl", "copies of training files at services", RemoteFile, "connection__team",
          every_column(RemoteFile, "claimed_at")),
    Table("jobs.jsonl", "jobs, with the service's JSON and what was imported", FineTuneJob, "team",
          every_column(FineTuneJob, "team", "order_token", "watched_until", "result_csv")),
    Table("transitions.jsonl", "every change of a job's state", Transition, "job__team",
          every_column(Transition), _OF_JOB),
    Table("events.jsonl", "what the services told about the jobs", JobEvent, "job__team", every_column(JobEvent)),
    Table("metrics.jsonl", "the numbers of every training step", Metric, "job__team", every_column(Metric),
          ("job", "step")),
    Table("checkpoints.jsonl", "checkpoints", Checkpoint, "job__team", every_column(Checkpoint), ("job", "step")),
    Table("second_jobs.jsonl", "second jobs of orders that were acted on late", SecondJob, "job__team",
          every_column(SecondJob, "due_at", "tries")),
    Table("tuned_models.jsonl", "tuned models", TunedModel, "team", every_column(TunedModel, "team")),
    Table("conversations.jsonl", "talks in the playground", Conversation, "job__team", every_column(Conversation),
          private="user"),
    Table("messages.jsonl", "what was said in them", Message, "conversation__job__team", every_column(Message),
          private="conversation__user"),
    Table("recipes.jsonl", "saved recipes", SavedRecipe, "team", every_column(SavedRecipe, "team")),
    Table("prompts.jsonl", "saved prompts", SavedPrompt, "team", every_column(SavedPrompt, "team")),
    Table("runs.jsonl", "runs of recipes", Run, "team", every_column(Run, "team", "order_token", "due_at")),
    Table("pieces.jsonl", "the pieces of text of the runs, and the answers", Chunk, "run__team",
          every_column(Chunk, "claimed_until", "most_prompt_tokens"), ("run", "position")),
    Table("question_sets.jsonl", "sets of questions for evaluations", QuestionSet, "team",
          every_column(QuestionSet, "team", "due_at")),
    Table("questions.jsonl", "their questions", Question, "question_set__team", every_column(Question),
          ("question_set", "position")),
    Table("evaluations.jsonl", "evaluations and their verdicts", Evaluation, "team",
          every_column(Evaluation, "team", "order_token", "due_at", "score_due_at")),
    Table("candidates.jsonl", "the models of each evaluation", Candidate, "evaluation__team",
          every_column(Candidate, "wait_until"), ("evaluation", "position")),
    Table("answers.jsonl", "what each model answered, and its scores", Answer, "evaluation__team",
          {**every_column(Answer, "question", "claimed_until", "most_prompt_tokens"), **_OF_QUESTION},
          ("evaluation", "position")),
    Table("votes.jsonl", "which answers members prefer", Vote, "evaluation__team",
          {**every_column(Vote, "question"), **_OF_QUESTION}),
    Table("judgings.jsonl", "judges of the answers", Judging, "evaluation__team",
          every_column(Judging, "order_token", "due_at")),
    Table("judgments.jsonl", "what each judge replied", Judgment, "judging__evaluation__team",
          {**every_column(Judgment, "a", "b", "claimed_until", "most_prompt_tokens"), **_OF_PAIR},
          ("judging", "position")),
    Table("planned_evaluations.jsonl", "evaluations that follow a job", PlannedEvaluation, "job__team",
          every_column(PlannedEvaluation)),
    Table("rescue.jsonl", "tuned models at services, and their rescue", RemoteModel, "team",
          every_column(RemoteModel, "team", "archive_due_at")),
    Table("audit.jsonl", "who did what, when, from where", AuditEntry, "team", every_column(AuditEntry, "team")),
)  # fmt: skip

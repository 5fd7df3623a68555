"""The portal's rows."""

from jobs.models.archive import Archive, ArchiveState, WeightsFormat
from jobs.models.audit import AuditEntry, audit
from jobs.models.connection import Connection, ConnectionState, RemoteFile
from jobs.models.conversation import Conversation, Message
from jobs.models.draft import DraftChange
from jobs.models.evaluation import (
    Answer,
    Candidate,
    CandidateKind,
    CandidateState,
    Evaluation,
    EvaluationKind,
    EvaluationQuerySet,
)
from jobs.models.job import FineTuneJob, JobOrigin, JobQuerySet, Wish
from jobs.models.job_history import Checkpoint, JobEvent, Metric, Transition
from jobs.models.judging import Judging, JudgingQuerySet, Judgment, Side
from jobs.models.notice import Notice, NoticeKind, NoticeQuerySet
from jobs.models.paid import PaidCall, PaidOrder
from jobs.models.planned import PlannedEvaluation
from jobs.models.prompt import SavedPrompt, SavedPromptQuerySet
from jobs.models.pulse import Pulse
from jobs.models.questions import Question, QuestionOrigin, QuestionSet, QuestionState
from jobs.models.recipe import Chunk, Run, RunQuerySet, SavedRecipe
from jobs.models.rescue import Inventory, RemoteModel, RemoteModelQuerySet
from jobs.models.search import Search, SearchState
from jobs.models.second_job import SecondJob
from jobs.models.source import Source, SourceKind, SourceState
from jobs.models.team import Invitation, MailMe, Member, Role, Team, User
from jobs.models.training_file import FileFormat, FileState, Origin, TrainingFile, TrainingFileQuerySet
from jobs.models.tuned_model import TunedModel
from jobs.models.vocabulary import SearchWord
from jobs.models.vote import Choice, Vote

__all__ = [
    "Answer",
    "Archive",
    "ArchiveState",
    "AuditEntry",
    "Candidate",
    "CandidateKind",
    "CandidateState",
    "Checkpoint",
    "Choice",
    "Chunk",
    "Connection",
    "ConnectionState",
    "Conversation",
    "DraftChange",
    "Evaluation",
    "EvaluationKind",
    "EvaluationQuerySet",
    "FileFormat",
    "FileState",
    "FineTuneJob",
    "Inventory",
    "Invitation",
    "JobEvent",
    "JobOrigin",
    "JobQuerySet",
    "Judging",
    "JudgingQuerySet",
    "Judgment",
    "MailMe",
    "Member",
    "Message",
    "Metric",
    "Notice",
    "NoticeKind",
    "NoticeQuerySet",
    "Origin",
    "PaidCall",
    "PaidOrder",
    "PlannedEvaluation",
    "Pulse",
    "Question",
    "QuestionOrigin",
    "QuestionSet",
    "QuestionState",
    "RemoteFile",
    "RemoteModel",
    "RemoteModelQuerySet",
    "Role",
    "Run",
    "RunQuerySet",
    "SavedPrompt",
    "SavedPromptQuerySet",
    "SavedRecipe",
    "Search",
    "SearchState",
    "SearchWord",
    "SecondJob",
    "Side",
    "Source",
    "SourceKind",
    "SourceState",
    "Team",
    "TrainingFile",
    "TrainingFileQuerySet",
    "Transition",
    "TunedModel",
    "User",
    "Vote",
    "WeightsFormat",
    "Wish",
    "audit",
]

"""The portal's rows."""

from jobs.models.audit import AuditEntry, audit
from jobs.models.connection import Connection, ConnectionState, RemoteFile
from jobs.models.conversation import Conversation, Message
from jobs.models.job import (
    Checkpoint,
    FineTuneJob,
    JobEvent,
    JobQuerySet,
    Metric,
    Transition,
    TunedModel,
    Wish,
)
from jobs.models.team import Invitation, Member, Role, Team, User
from jobs.models.training_file import FileFormat, FileState, Origin, TrainingFile

__all__ = [
    "AuditEntry",
    "Checkpoint",
    "Connection",
    "ConnectionState",
    "Conversation",
    "FileFormat",
    "FileState",
    "FineTuneJob",
    "Invitation",
    "JobEvent",
    "JobQuerySet",
    "Member",
    "Message",
    "Metric",
    "Origin",
    "RemoteFile",
    "Role",
    "Team",
    "TrainingFile",
    "Transition",
    "TunedModel",
    "User",
    "Wish",
    "audit",
]

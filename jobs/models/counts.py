"""How much a team has, and a person has not seen, for the head and the menu of every page."""

from typing import NamedTuple

from django.db import connection

from jobs.states import ACTIVE, State


class Counts(NamedTuple):
    """How much a team has, and its member has not seen."""

    running: int  # jobs
    active: int  # jobs: running, or on their way there
    files: int
    sources: int
    models: int
    connections: int
    ending: int  # models with a day on which they are switched off, and no word of an owner that all is done
    unseen: int  # notices, of all teams

    @property
    def waiting(self) -> int:
        return self.active - self.running


# As the ORM would write it. Every page asks this, and the ORM needs longer to write it than a database to answer it.
# The states stand there, as they do in the index jobs_active: SQLite takes it for nothing else.
UNSEEN = """SELECT COUNT(*) FROM (
    SELECT 1 FROM jobs_notice notice
        LEFT JOIN jobs_finetunejob job ON job.id = notice.job_id
        JOIN jobs_member member ON member.team_id = COALESCE(job.team_id, notice.team_id)
            AND member.user_id = notice.user_id
    WHERE notice.user_id = %s AND notice.seen_at IS NULL LIMIT 100) found"""
COUNTS = """SELECT jobs.running, jobs.active,
    (SELECT COUNT(*) FROM jobs_trainingfile WHERE team_id = %s AND deleted_at IS NULL),
    (SELECT COUNT(*) FROM jobs_source WHERE team_id = %s AND deleted_at IS NULL),
    (SELECT COUNT(*) FROM jobs_tunedmodel WHERE team_id = %s),
    (SELECT COUNT(*) FROM jobs_connection WHERE team_id = %s AND deleted_at IS NULL),
    (SELECT COUNT(*) FROM jobs_remotemodel WHERE team_id = %s AND shutdown_date IS NOT NULL AND signed_at IS NULL),
    ({})
    FROM (SELECT COUNT(*) FILTER (WHERE state = '{}') AS running, COUNT(*) AS active
        FROM jobs_finetunejob WHERE team_id = %s AND state IN ({})) jobs
""".format(UNSEEN, State.RUNNING.value, ", ".join(f"'{state.value}'" for state in sorted(ACTIVE)))  # noqa: S608 - ours


def unseen_by(user: int) -> int:
    """Notices that a person has not seen, of teams where they still are; a hundred stand for all above 99."""
    with connection.cursor() as cursor:
        cursor.execute(UNSEEN, [user])
        return int(cursor.fetchone()[0])


def counts_of(team: int, user: int) -> Counts:
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [*[team] * 5, user, team])
        return Counts(*cursor.fetchone())

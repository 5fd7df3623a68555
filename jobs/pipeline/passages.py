"""What a worker does with a search that is due: look for the passage, or delete it from the files."""

from jobs.models import Search, SearchState
from jobs.pipeline.forgetting import forget
from jobs.pipeline.searching import search
from jobs.pipeline.turns import Turn, TurnLostError


def work(row: Search) -> None:
    """Take a turn at `row`. Does nothing where another worker has it."""
    turn = Turn(row)
    if not turn.claim():
        return
    try:
        if row.state == SearchState.SEARCHING:
            search(turn)
        else:
            forget(turn)
    except TurnLostError:
        pass  # whoever took it goes on

"""Run ``call cleanup`` on one connection and watch it from a second one.

The work is done by the procedure inside the database; here is only what a person at a terminal needs: progress, and a
way to stop at a batch boundary.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from pytelemetry_db import db, planning
from pytelemetry_db.errors import PytelemetryError
from pytelemetry_db.interrupts import Interrupts

__all__ = ["Outcome", "Request", "cleanup", "exit_code", "is_growing"]

_POLL_SECONDS = 0.25
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to clean: ``tables`` (none = all with a policy), ``keeps`` by table for this pass only, one time budget.

    ``max_duration`` and the keeps are PostgreSQL interval texts; ``yes`` allows a keep shorter than the stored one.
    """

    tables: Sequence[str] = ()
    keeps: Mapping[str, str] = field(default_factory=dict)
    max_duration: str = "1 hour"
    batch_rows: int | None = None
    yes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The passes that were made (rows of ``runs_of``), and errors of calls that left no pass behind."""

    passes: tuple[db.Row, ...]
    errors: tuple[PytelemetryError, ...]


class _Call(threading.Thread):
    """One CALL in its own thread; ``error`` is set when the server raised one."""

    def __init__(self, connection: db.Connection, schema: str, params: Mapping[str, object]) -> None:
        super().__init__(name="cleanup", daemon=True)
        self.error: PytelemetryError | None = None
        self._work = (connection, "cleanup", schema, params)

    def run(self) -> None:
        try:
            db.fetch(*self._work)
        except PytelemetryError as error:
            self.error = error


def cleanup(
    connect: Callable[[str], db.Connection],
    schema: str,
    request: Request,
    *,
    interrupts: Interrupts,
    on_progress: Callable[[db.Row], None],
    on_notice: Callable[[str, str], None],
) -> Outcome:
    """Clean the tables one after the other and return their passes.

    The first interrupt asks the pass to stop at its batch boundary and cancels it when it has not within 5 s; the
    second cancels at once.

    :param connect: opens a connection for a purpose; called twice
    """
    with closing(connect("cleanup")) as worker, closing(connect("watch")) as watcher:
        db.on_notice(worker, on_notice)
        calls = _calls(watcher, schema, request)
        passes: list[db.Row] = []
        errors: list[PytelemetryError] = []
        for params in calls:
            clock = db.fetch(worker, "clock", schema)[0]
            call = _Call(worker, schema, params)
            call.start()
            _watch(call, worker, watcher, schema, interrupts, on_progress)
            made = db.fetch(watcher, "runs_of", schema, {"pid": clock["pid"], "since": clock["now"]})
            passes += made
            if call.error is not None and not any(_explains(row) for row in made):
                errors.append(call.error)
            if interrupts.count or worker.closed:
                break
        return Outcome(passes=tuple(passes), errors=tuple(errors))


def is_growing(row: db.Row) -> bool:
    """Say whether a pass left more expired rows than the pass before it did; unknown counts as growing."""
    before = row["debt_before"] if row["debt_before"] is not None else row["rows_before"]
    return row["debt_rows"] is None or before is None or row["debt_rows"] >= before


def exit_code(outcome: Outcome) -> int:
    """Return 2 for a pass that failed, was locked out or suspended, 1 for one that lags behind, else 0."""
    codes = [0, *(error.exit_code for error in outcome.errors)]
    for row in outcome.passes:
        reason = row["stop_reason"]
        if reason in ("failed", "locked", "suspended"):
            codes.append(2)
        elif reason in ("gated", "interrupted") or (reason == "deadline" and is_growing(row)):
            codes.append(1)
    return max(codes, key=(0, 1, 3, 2, 64).index)


def _calls(watcher: db.Connection, schema: str, request: Request) -> list[dict[str, object]]:
    """One CALL for everything, or one for each table when tables or keeps were named."""
    shared = {"max_duration": request.max_duration, "batch_rows": request.batch_rows, "yes": request.yes}
    keeps = planning.qualified_keeps(watcher, schema, request.keeps)
    names = list(planning.qualified(watcher, schema, request.tables).values())
    if not names and not keeps:
        return [{"p_table": None, "keep": None, **shared}]
    if not names:
        names = [row["name"] for row in db.fetch(watcher, "policies", schema)]
        names += [name for name in keeps if name not in names]
    for name in names:
        db.fetch(watcher, "check_keep", schema, {"p_table": name, "keep": keeps.get(name), "yes": request.yes})
    return [{"p_table": name, "keep": keeps.get(name), **shared} for name in names]


def _watch(
    call: _Call,
    worker: db.Connection,
    watcher: db.Connection,
    schema: str,
    interrupts: Interrupts,
    on_progress: Callable[[db.Row], None],
) -> None:
    pid = worker.info.backend_pid
    asked_at: float | None = None
    cancelled = False
    while call.is_alive():
        call.join(_POLL_SECONDS)
        if interrupts.count and asked_at is None:
            db.fetch(watcher, "request_stop", schema, {"pid": pid})
            asked_at = time.monotonic()
        late = asked_at is not None and time.monotonic() - asked_at > _STOP_SECONDS
        if (interrupts.count > 1 or late) and not cancelled:
            worker.cancel_safe()
            cancelled = True
        for row in db.fetch(watcher, "progress", schema, {"pid": pid}):
            on_progress(row)


def _explains(row: db.Row) -> bool:
    return row["stop_reason"] in ("failed", "locked", "suspended", "interrupted", None)

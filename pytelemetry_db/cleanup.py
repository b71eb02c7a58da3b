"""Run ``call cleanup`` or ``call rotate`` on one connection and watch it from a second one.

The work is done by the procedure inside the database; here is only what a person at a terminal needs: progress, and a
way to stop at a batch boundary.
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pytelemetry_db import db, planning
from pytelemetry_db.detaching import at_work
from pytelemetry_db.errors import PytelemetryError
from pytelemetry_db.interrupts import Interrupts

__all__ = ["Outcome", "Request", "cleanup", "every_pass_was_good", "exit_code"]

_POLL_SECONDS = 0.25
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to clean: ``tables`` (none = all with a policy), ``keeps`` by table for this pass only, one time budget.

    ``max_duration`` and the keeps are PostgreSQL interval texts; ``yes`` allows a keep shorter than the stored one;
    ``duty`` is the share of the time in which to work, as text; ``vacuum`` vacuums what rows were removed from.
    ``rotation`` makes and removes partitions instead, for which only tables and time count, and ``concurrently`` has
    them detached without a lock on their table where the server can.
    """

    tables: Sequence[str] = ()
    keeps: Mapping[str, str] = field(default_factory=dict)
    max_duration: str = "1 hour"
    batch_rows: int | None = None
    duty: str | None = None
    yes: bool = False
    vacuum: bool = False
    rotation: bool = False
    concurrently: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The passes that were made (rows of ``runs_of``), and errors of calls that left no pass behind."""

    passes: tuple[db.Row, ...]
    errors: tuple[PytelemetryError, ...]


class _Call(threading.Thread):
    """One CALL in its own thread; ``error`` is set when the server raised one."""

    def __init__(self, connection: db.Connection, schema: str, query: str, params: Mapping[str, object]) -> None:
        super().__init__(name=query, daemon=True)
        self.error: PytelemetryError | None = None
        self._work = (connection, query, schema, params)

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

    :param connect: opens a connection for a purpose; called twice, or three times to detach concurrently
    """
    # The passes are told by this name and not by their backend, which a pooler may change from call to call.
    token = secrets.token_hex(4)
    mine = f"{'rotate' if request.rotation else 'cleanup'} {token}"
    errors: list[PytelemetryError] = []
    detaching = at_work(connect, schema, f"detach {token}", errors.append) if request.concurrently else nullcontext()
    with closing(connect(mine)) as worker, closing(connect("watch")) as watcher, detaching as detacher:
        wanted = {"application": db.application_name(mine)}
        db.on_notice(worker, on_notice)

        def look() -> list[db.Row]:
            return db.fetch(watcher, "progress", schema, wanted)

        def ask(pid: int) -> object:
            return db.fetch(watcher, "request_stop", schema, {"pid": pid})

        calls = [{**params, "detacher": detacher} for params in _calls(watcher, schema, request)]
        passes: list[db.Row] = []
        deadline: datetime | None = None
        for params in calls:
            if interrupts.count:
                break
            clock = db.fetch(worker, "clock", schema, {"max_duration": request.max_duration})[0]
            if deadline is not None:
                # One time budget: what is left of it, which also may be nothing.
                params["max_duration"] = max(deadline - clock["now"], timedelta(milliseconds=1))
            deadline = deadline or clock["deadline"]
            call = _Call(worker, schema, _query(request), params)
            call.start()
            _watch(call, worker, look, ask, interrupts, on_progress)
            made = db.fetch(watcher, "runs_of", schema, {**wanted, "since": clock["now"]})
            for row in made:
                if row["stop_reason"] is None:
                    # Its CALL is over, so it is as well; the server has not noticed yet that the session is gone.
                    row |= {"stop_reason": "interrupted", "detail": call.error.found if call.error else None}
            passes += made
            if call.error is not None and not any(_explains(row) for row in made):
                errors.append(call.error)
            if worker.closed:
                break
        _vacuum(worker, schema, passes if request.vacuum and not interrupts.count else [], on_notice)
        return Outcome(passes=tuple(passes), errors=tuple(errors))


def _vacuum(
    worker: db.Connection, schema: str, passes: Sequence[db.Row], on_notice: Callable[[str, str], None]
) -> None:
    """Vacuum the tables of passes; one that cannot be is a warning, because the rows are gone all the same."""
    if not passes or worker.closed:
        return
    for row in db.fetch(worker, "vacuum_statements", schema, {"run_ids": [made["run_id"] for made in passes]}):
        try:
            db.query(worker, row["statement"].replace("%", "%%"), schema)
        except PytelemetryError as error:
            on_notice("WARNING", f"{row['schema_name']}.{row['table_name']} was not vacuumed: {error.found}")


def _query(request: Request) -> str:
    """Name the CALL: a release before there was a duty knows no argument for it."""
    if request.rotation:
        return "rotate"
    return "cleanup" if request.duty is None else "cleanup_paced"


def every_pass_was_good(outcome: Outcome) -> bool:
    """Say whether there were passes, each of them good (column ``good`` of the view ``runs``), and no call failed."""
    return bool(outcome.passes) and not outcome.errors and all(row["good"] is True for row in outcome.passes)


def exit_code(outcome: Outcome) -> int:
    """Return 2 for a pass that failed, was locked out or suspended, 1 for one that lags or was stopped, else 0.

    Whether one lags says ``debt_fell`` of the view ``runs``; unknown counts as lagging.
    """
    codes = [0, *(error.exit_code for error in outcome.errors)]
    for row in outcome.passes:
        reason = row["stop_reason"]
        if reason in ("failed", "locked", "suspended"):
            codes.append(2)
        elif reason in ("gated", "interrupted") or (reason == "deadline" and row["debt_fell"] is not True):
            codes.append(1)
    return max(codes, key=(0, 1, 3, 2, 64).index)


def _calls(watcher: db.Connection, schema: str, request: Request) -> list[dict[str, object]]:
    """One CALL for everything, or one for each table when tables or keeps were named, all checked before the first."""
    shared = {"max_duration": request.max_duration, "batch_rows": request.batch_rows, "duty": request.duty}
    shared["yes"] = request.yes
    meant = planning.targets(watcher, schema, request.tables, request.keeps)
    if not meant:
        return [{"p_table": None, "keep": None, **shared}]
    for name, keep in meant.items():
        db.fetch(watcher, "check_keep", schema, {"p_table": name, "keep": keep, "yes": request.yes})
    return [{"p_table": name, "keep": keep, **shared} for name, keep in meant.items()]


def _watch(
    call: _Call,
    worker: db.Connection,
    look: Callable[[], list[db.Row]],
    ask: Callable[[int], object],
    interrupts: Interrupts,
    on_progress: Callable[[db.Row], None],
) -> None:
    """Watch a CALL to its end: ``look`` returns the pass at work, ``ask`` asks the pass of a backend to stop."""
    give_up: float | None = None
    asked: set[int] = set()
    cancelled = False
    while call.is_alive():
        call.join(_POLL_SECONDS)
        rows = look()
        if interrupts.count:
            give_up = give_up or time.monotonic() + _STOP_SECONDS
            for row in rows:
                if row["run_id"] not in asked:
                    ask(row["pid"])
                    asked.add(row["run_id"])
            if (interrupts.count > 1 or time.monotonic() > give_up) and not cancelled:
                worker.cancel_safe()
                cancelled = True
        for row in rows:
            on_progress(row)


def _explains(row: db.Row) -> bool:
    return row["stop_reason"] in ("failed", "locked", "suspended", "interrupted")

"""The ways to delete expired rows that are compared; each works until none is left, or the cap is reached."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from psycopg import errors

from bench.cases import Case
from bench.sampler import Sampler, flatness
from bench.stage import Connection, Stage, one
from bench.statements import statement

__all__ = ["LABELS", "PEERS", "Call"]

LABELS = {
    "ours": "a pass",
    "single": "one DELETE",
    "loop": "the loop",
    "order_by": "the loop with ORDER BY",
    "rows": "row by row",
}


@dataclass(frozen=True, slots=True)
class Call:
    """What a peer needs: its connection, where it is, and when it has to stop."""

    stage: Stage
    database: str
    connection: Connection
    case: Case
    cap: float


def _single(call: Call) -> dict[str, Any]:
    """One DELETE; the connection's statement_timeout is the cap, and stopped it has removed nothing."""
    with suppress(errors.QueryCanceled):
        call.connection.execute(statement("single", relation=call.case.table, time_column=call.case.column))
    return {}


def _loop(call: Call) -> dict[str, Any]:
    """10000 rows, COMMIT, and from the beginning, in a procedure."""
    return _call_loop(call, ordered=False)


def _order_by(call: Call) -> dict[str, Any]:
    """The same, with the oldest rows first."""
    return _call_loop(call, ordered=True)


def _call_loop(call: Call, *, ordered: bool) -> dict[str, Any]:
    values = {"relation": call.case.table, "time_column": call.case.column, "ordered": ordered, "cap": call.cap}
    call.connection.execute(statement("loop"), values)
    return {}


def _rows(call: Call) -> dict[str, Any]:
    """A client that reads 500 keys, deletes each by its key, and commits."""
    give_up = time.monotonic() + call.cap
    while time.monotonic() < give_up:
        with call.connection.transaction():
            keys = call.connection.execute(statement("next_keys")).fetchall()
            for key in keys:
                call.connection.execute(statement("delete_key"), key)
        if not keys:
            break
    return {}


def _ours(call: Call) -> dict[str, Any]:
    """A pass at full duty, with what the ledger and the sampler say of it."""
    with Sampler(call.stage.connect(call.database, owner=True)) as sampler:
        call.connection.execute(statement("ours"), {"relation": call.case.table, "cap": call.cap})
    ledger = one(call.connection.execute(statement("last_run")))
    return {"ledger_rows": ledger.pop("rows"), **ledger, "last_to_first_tenth": flatness(sampler.samples)}


PEERS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "ours": _ours,
    "single": _single,
    "loop": _loop,
    "order_by": _order_by,
    "rows": _rows,
}

"""Runs the peers of a case by turns, and checks after each run that the right rows went."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import IsolationLevel

from bench.cases import Case
from bench.peers import PEERS, Call
from bench.sampler import memory_kb
from bench.stage import Count, Stage, WrongRowsError, one
from bench.statements import statement

__all__ = ["measure", "turns"]


def turns(case: Case, repeats: int) -> Iterator[tuple[int, str]]:
    """The number of the repeat and the peer of each run: all of them in each repeat, another one first each time."""
    for repeat in range(repeats):
        peers = case.peers + (case.slow_peers if repeat == 0 else ())
        first = repeat % len(peers)
        for peer in peers[first:] + peers[:first]:
            yield repeat, peer


def measure(
    stage: Stage, case: Case, rows: int, repeats: int, cap: float, say: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    """Build the template of a case and yield what each run was like.

    :raises WrongRowsError: after a run that left or removed a row that it should not have
    """
    total, expired = case.sizes(rows)
    before = Count(expired, total - expired)
    say(f"{case.name}: {total:,} rows, {expired:,} expired")
    with stage.template(case, rows) as template:
        for repeat, peer in turns(case, repeats):
            with stage.copy(template, case) as database:
                run = _run(stage, database, case, peer, cap)
                after = stage.count(database, case)
            problem = _wrong(before, after, run, cap)
            removed = before.expired - after.expired
            capped = after.expired > 0
            yield {
                "repeat": repeat,
                "peer": peer,
                "removed": removed,
                "capped": capped,
                "wrong": problem,
                # One DELETE that was stopped removed nothing; it would have needed longer than the cap for all.
                "rows_per_second": (removed or before.expired) / run["seconds"],
                **run,
            }
            say(f"  {peer:<8} {run['seconds']:9.3f} s{' (stopped)' if capped else ''}")
            if problem is not None:
                raise WrongRowsError(f"{case.name}, {peer}: {problem}")


def _wrong(before: Count, after: Count, run: dict[str, Any], cap: float) -> str | None:
    """What is wrong with the rows that are left, if anything."""
    if after.kept != before.kept:
        return f"{after.kept} rows are left that are not expired, there were {before.kept}"
    if after.expired > 0 and run["seconds"] < cap * 0.95:
        return f"{after.expired} expired rows are left of {before.expired}: {run.get('detail') or 'no word about it'}"
    if run.get("ledger_rows", before.expired - after.expired) != before.expired - after.expired:
        return f"the ledger says {run['ledger_rows']} rows, {before.expired - after.expired} went"
    return None


def _run(stage: Stage, database: str, case: Case, peer: str, cap: float) -> dict[str, Any]:
    """One run of one peer: its time, its WAL, its memory, and what it says of itself."""
    more = f"-c statement_timeout={int(cap * 1000)}" if peer == "single" else ""
    with (
        stage.connect(database) as watcher,
        _snapshot(stage, database, case),
        stage.connect(database, owner=True, more=more) as connection,
    ):
        memory = memory_kb(connection)
        position = one(watcher.execute(statement("position")))["position"]
        began = time.monotonic()
        facts = PEERS[peer](Call(stage, database, connection, case, cap))
        seconds = time.monotonic() - began
        wal_bytes = one(watcher.execute(statement("position")))["position"] - position
        return {
            "seconds": seconds,
            "wal_bytes": wal_bytes,
            "memory_kb": {"start": memory, "end": memory_kb(connection)},
            **facts,
        }


@contextmanager
def _snapshot(stage: Stage, database: str, case: Case) -> Iterator[None]:
    """Another session that holds a snapshot, when the case has one."""
    if not case.held:
        yield
        return
    with stage.connect(database) as holder:
        holder.isolation_level = IsolationLevel.REPEATABLE_READ
        with holder.transaction():
            holder.execute(statement("hold_snapshot", relation=case.table))
            yield

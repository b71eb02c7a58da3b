"""Passes to disturb: a table with slow batches, a CALL in a session of its own, and what must hold after."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg

from support.database import Database

T = TypeVar("T")


def until(condition: Callable[[], T], seconds: float = 20, every: float = 0.01) -> T:
    """Poll until the condition holds, and return what it returned."""
    give_up = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > give_up:
            raise AssertionError(
                f"did not happen within {seconds} s: {getattr(condition, '__doc__', None) or condition}"
            )
        time.sleep(every)
    return found


@dataclass(frozen=True)
class Table:
    """A table with `expired` rows, each at a time of its own, and `fresh` ones; its policy keeps 7 days."""

    database: Database
    name: str
    expired: int
    fresh: int
    batch_rows: int

    @classmethod
    def make(
        cls,
        database: Database,
        name: str = "app.events",
        *,
        expired: int = 4000,
        fresh: int = 50,
        batch_rows: int = 20,
        slow: float = 0.02,
        autovacuum: bool = True,
    ) -> Self:
        """Make it; each DELETE on it sleeps `slow` seconds at its end, so that a pass can be met half way.

        Autovacuum adds its maps to the table's files whenever it likes: off where sizes are compared.
        """
        short = name.partition(".")[2]
        with database.connect() as connection:
            for statement in (
                "create schema if not exists app",
                f"create table {name} (id bigint primary key, at timestamptz not null)"
                f" with (autovacuum_enabled = {autovacuum})",
                f"insert into {name} select i, now() - interval '30 days' - make_interval(secs => i)"
                f" from generate_series(1, {expired}) as i",
                f"insert into {name} select {expired} + i, now() from generate_series(1, {fresh}) as i",
                f"create index on {name} (at)",
                f"create or replace function app.slow_{short}() returns trigger language plpgsql set search_path = ''"
                f" as $$ begin perform pg_catalog.pg_sleep({slow}); return null; end $$",
            ):
                connection.execute(statement.encode())
            if slow:
                connection.execute(
                    f"create trigger slow after delete on {name} execute function app.slow_{short}()".encode()
                )
            connection.execute(f"analyze {name}".encode())
            connection.execute(f"select maint.set_policy('{name}', '7 days', p_batch_rows => {batch_rows})".encode())
            # No pauses but those of a test; earlier releases make none.
            connection.execute(
                "select maint.set_setting(s.name, 'full') from maint._setting as s where s.name = 'duty'"
            )
        return cls(database, name, expired, fresh, batch_rows)

    def inflow(self, rows: int) -> None:
        """That many rows more come in which are expired already."""
        self.database.query(
            f"insert into {self.name} select (select max(id) from {self.name}) + i,"
            f" now() - interval '20 days' - make_interval(secs => i) from generate_series(1, {rows}) as i"
        )

    def count(self) -> int:
        """Rows that are there now."""
        found = self.database.value(f"select count(*) from {self.name}")
        assert isinstance(found, int)
        return found

    def missing(self) -> int:
        """Rows that went."""
        return self.expired + self.fresh - self.count()

    def runs(self) -> list[dict[str, Any]]:
        """Its rows in the view runs, oldest first."""
        return self.database.query(
            "select * from maint.runs where format('%%I.%%I', schema_name, table_name) = %s order by run_id", self.name
        )

    def last_run(self) -> dict[str, Any]:
        """The newest of them."""
        return self.runs()[-1]

    def under_way(self, batches: int = 2) -> bool:
        """Whether the newest pass has committed some batches."""
        found = self.runs()
        return bool(found) and found[-1]["batches"] >= batches

    def in_a_batch(self, after: int = 2) -> bool:
        """Whether some batches are committed, and the next one has deleted its rows and sleeps in the trigger."""
        return self.under_way(after) and bool(
            self.database.query(
                "select a.pid from pg_locks as l join pg_stat_activity as a on a.pid = l.pid"
                " where l.relation = %s::regclass and l.mode = 'RowExclusiveLock' and a.wait_event = 'PgSleep'",
                self.name,
            )
        )

    def assert_nothing_half_done(self, *, whole_batches: bool = False) -> None:
        """Exactly the rows that the ledger names are missing, all of them expired, and no lock is left behind."""
        until(lambda: not self.locks(), 10)
        (seen,) = self.database.query(
            f"select (select count(*) from {self.name}) as left,"
            f" (select count(*) from {self.name} where at > now() - interval '7 days') as fresh,"
            " coalesce(sum(rows), 0) as gone, coalesce(sum(batches), 0) as batches,"
            " coalesce(max(largest_batch), 0) as largest"
            " from maint.runs where format('%I.%I', schema_name, table_name) = '" + self.name + "'"
        )
        assert seen["fresh"] == self.fresh
        assert seen["left"] + seen["gone"] == self.expired + self.fresh
        assert seen["largest"] <= 1.5 * self.batch_rows
        if whole_batches:
            assert seen["gone"] == seen["batches"] * self.batch_rows

    def assert_finishes(self) -> None:
        """Another pass goes on where the last one ended and removes the rest."""
        before = self.missing()
        with Pass(self.database, f"'{self.name}'") as next_pass:
            assert next_pass.wait().error is None
        last = self.last_run()
        assert (last["stop_reason"], last["rows"], last["debt_rows"]) == ("done", self.expired - before, 0)
        assert self.count() == self.fresh
        self.assert_nothing_half_done()
        assert [run for run in self.runs() if run["stop_reason"] is None] == []

    def assert_died(self) -> None:
        """The view tells that the newest pass died before anybody wrote it down; the next pass does, and finishes."""
        until(lambda: self.last_run()["stop_reason"])
        died = self.last_run()
        assert (died["stop_reason"], died["finished_at"]) == ("interrupted", None)
        assert died["detail"] == "its session ended without finishing it"
        assert self.database.query("select * from maint.progress") == []
        self.assert_nothing_half_done(whole_batches=True)
        self.fast()
        self.assert_finishes()
        (found,) = self.database.query("select * from maint._run where run_id = %s", died["run_id"])
        assert (found["stop_reason"], found["finished_at"]) == ("interrupted", found["heartbeat_at"])
        assert (found["rows"], found["batches"]) == (died["rows"], died["batches"])
        assert found["detail"] == "its session ended without finishing it; found by the next pass"

    def fast(self) -> None:
        """From now on no DELETE sleeps."""
        self.database.query(f"alter table {self.name} disable trigger slow")

    def locks(self) -> list[dict[str, Any]]:
        """Locks that clients hold on the table, and advisory ones in its database."""
        return self.database.query(
            "select l.locktype, l.mode, l.pid from pg_locks as l join pg_stat_activity as a on a.pid = l.pid"
            " where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'"
            " and (l.locktype = 'advisory' or l.relation = %s::regclass)",
            self.name,
        )


class Pass:
    """`call maint.cleanup(…)` in a session and a thread of its own; leaving the block ends it."""

    def __init__(self, database: Database, arguments: str = "", schema: str = "maint", **parts: Any) -> None:
        self.statement = f"call {schema}.cleanup({arguments})"
        self.notices: list[str] = []
        self.error: psycopg.Error | None = None
        self._database = database
        self._connection = database.connect(**parts)
        self._connection.add_notice_handler(lambda note: self.notices.append(note.message_primary or ""))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.pid = self._connection.info.backend_pid

    def _run(self) -> None:
        try:
            self._connection.execute(self.statement.encode())
        except psycopg.Error as error:
            self.error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread.is_alive():
            with suppress(psycopg.OperationalError), self._database.superuser() as superuser:
                superuser.execute("select pg_terminate_backend(%s)", [self.pid])
        self._thread.join(30)
        self._connection.close()

    def wait(self, seconds: float = 60) -> Self:
        """Wait until the CALL returned."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"still running after {seconds} s: {self.statement}"
        return self

    @property
    def running(self) -> bool:
        """Whether the CALL has not returned yet."""
        return self._thread.is_alive()

    def waits_for(self) -> str | None:
        """What the server says the session waits for."""
        found = self._database.value("select wait_event from pg_stat_activity where pid = %s", self.pid)
        return None if found is None else str(found)

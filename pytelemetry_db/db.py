"""The only module that imports psycopg: connect, ask, run, and turn the server's errors into ours."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import conninfo as _conninfo
from psycopg import errors as pg
from psycopg.rows import dict_row

from pytelemetry_db import source as sources
from pytelemetry_db.connection import Source
from pytelemetry_db.errors import (
    ConnectionFailed,
    NoPolicy,
    NotInstalled,
    NotPermitted,
    OperationFailed,
    PytelemetryError,
    Refused,
    UsageError,
)
from pytelemetry_db.model import Script
from pytelemetry_db.names import DEFAULT_SCHEMA
from pytelemetry_db.render import render_catalog

__all__ = [
    "Connection",
    "Row",
    "application_name",
    "connect",
    "execute_script",
    "fetch",
    "mapped",
    "on_notice",
    "parse_dsn",
    "query",
    "rolled_back",
    "to_error",
    "where",
]

Row = dict[str, Any]
Connection = psycopg.Connection[Row]

_CONNECT_TIMEOUT = "10"
_PREAMBLE = re.compile(
    r"(- host: .*?: )?(connection (failed|is bad): )?(connection to server .*? failed: )?(FATAL:\s*)?"
)
# libpq gives no SQLSTATE for a failed login, only the server's words.
_LOGIN = re.compile(r"password|authentication|pg_hba|role .* does not exist|permission denied|not permitted")


def parse_dsn(dsn: str) -> dict[str, str]:
    """Turn a connection string into libpq's keywords.

    :raises ValueError: when libpq cannot read it; the text is not repeated, it may hold a password
    """
    try:
        return {key: str(value) for key, value in _conninfo.conninfo_to_dict(dsn).items() if value is not None}
    except psycopg.Error:
        raise ValueError("not a connection string") from None


def connect(source: Source, *, autocommit: bool = True, purpose: str) -> Connection:
    """Open a connection that the server can recognise and that ends when we are gone.

    :param purpose: a word for ``application_name``: ``pytelemetry_db <purpose>``
    :raises ConnectionFailed: when there is no connection to be had
    :raises NotPermitted: for a wrong password, role, or a missing CONNECT privilege
    """
    conninfo = {
        "connect_timeout": _CONNECT_TIMEOUT,
        **source.conninfo,
        "application_name": application_name(purpose),
        "client_encoding": "UTF8",
    }
    if os.environ.get("PGCONNECT_TIMEOUT") and "connect_timeout" not in source.conninfo:
        del conninfo["connect_timeout"]
    try:
        with _without(source.hidden):
            try:
                connection = _open(conninfo, autocommit)
            except psycopg.OperationalError as error:
                if not (source.fallback_password and error.pgconn and error.pgconn.needs_password):
                    raise
                connection = _open({**conninfo, "password": source.fallback_password}, autocommit)
    except psycopg.Error as error:
        raise _connect_error(error, source) from None
    try:
        _prepare_session(connection)
    except psycopg.Error as error:
        connection.close()
        raise _connect_error(error, source) from None
    except ConnectionFailed:
        connection.close()
        raise
    return connection


def application_name(purpose: str) -> str:
    """Return the name by which the server knows a connection for that purpose."""
    return f"pytelemetry_db {purpose}"


def where(connection: Connection) -> str:
    """Return ``user@host:port/database`` of an open connection."""
    info = connection.info
    return f"{info.user}@{info.host or 'local socket'}:{info.port}/{info.dbname}"


def fetch(
    connection: Connection, catalog_name: str, schema: str, params: Mapping[str, object] | None = None
) -> list[Row]:
    """Run ``sql/catalog/<catalog_name>.sql`` and return its rows as dicts; an empty list for a statement without rows.

    A ``call`` of a committing procedure works too, on an autocommit connection.

    :raises PytelemetryError: the server's error, translated
    """
    return query(connection, sources.catalog(catalog_name), schema, params)


def query(connection: Connection, text: str, schema: str, params: Mapping[str, object] | None = None) -> list[Row]:
    """Run a text of the catalog's style, with ``@extschema@`` and ``%(name)s``."""
    rendered = render_catalog(text, schema).encode()
    with mapped(connection, schema=schema):
        # Always with parameters: without them a doubled % would reach the server as two.
        cursor = connection.execute(rendered, dict(params or {}))
        return cursor.fetchall() if cursor.description is not None else []


def execute_script(connection: Connection, script: Script) -> None:
    """Execute a script as the one text that is printed. After an error nothing of it is left.

    :raises PytelemetryError: the server's error, with file and line of the statement where it says them
    """
    with mapped(connection, script=script):
        # No parameters: with them psycopg would read % and send statement by statement.
        connection.execute(script.text.encode())


def on_notice(connection: Connection, handler: Callable[[str, str], None]) -> None:
    """Call ``handler(severity, message)`` for each NOTICE and WARNING of this connection; a hint is a second line."""

    def call(diagnostic: psycopg.errors.Diagnostic) -> None:
        hint = f"\n  try: {diagnostic.message_hint}" if diagnostic.message_hint else ""
        handler(diagnostic.severity_nonlocalized or "NOTICE", f"{diagnostic.message_primary}{hint}")

    connection.add_notice_handler(call)


@contextmanager
def rolled_back(connection: Connection) -> Iterator[None]:
    """A transaction of which nothing stays, whatever happens in the block."""
    with mapped(), connection.transaction(force_rollback=True):
        yield


@contextmanager
def mapped(
    connection: Connection | None = None, *, schema: str | None = None, script: Script | None = None
) -> Iterator[None]:
    """Turn psycopg's errors inside the block into ours; a failed transaction is rolled back."""
    try:
        yield
    except psycopg.Error as error:
        if connection is not None and not connection.closed:
            with suppress(psycopg.Error):
                connection.rollback()
        raise to_error(error, schema=schema, script=script) from error


def to_error(error: psycopg.Error, *, schema: str | None = None, script: Script | None = None) -> PytelemetryError:
    """Translate one error; DETAIL becomes ``expected``, HINT becomes ``next_step``."""
    diag = error.diag
    found = diag.message_primary or str(error).strip() or type(error).__name__
    if script is not None and diag.statement_position and (origin := script.locate(int(diag.statement_position))):
        found = f"{origin[0]}:{origin[1]}: {found}"
    kind = _kind(error, schema)
    detail, hint = diag.message_detail, diag.message_hint
    if kind is NotInstalled and (not hint or isinstance(error, pg.UndefinedFunction)):
        found, hint = _not_installed(error, schema)
    elif kind is UsageError and isinstance(error, pg.UndefinedTable | pg.InvalidSchemaName) and not hint:
        hint = "name the table with its schema; pytelemetry-db policy list names those that have a policy"
    elif kind is NotPermitted and not hint and schema is not None and f"schema {schema}" in found:
        hint = f"connect as the role that owns schema {schema}, or as a member of it"
    if isinstance(error, pg.DependentObjectsStillExist) and diag.source_function != "exec_stmt_raise":
        # The server's own hint is CASCADE; what depends on ours is somebody's.
        hint = "change or drop what depends on it, then run the same command again"
    if isinstance(error, pg.ReadOnlySqlTransaction) and not hint:
        found, hint = f"{found}: a standby, or default_transaction_read_only", "connect to the primary"
    if kind is OperationFailed and error.sqlstate:
        found = f"{found} [{error.sqlstate}]"
    return kind(found, detail, hint, sqlstate=error.sqlstate)


_KINDS: tuple[tuple[type[psycopg.Error], type[PytelemetryError]], ...] = (
    (pg.InvalidParameterValue, UsageError),
    (pg.UndefinedTable, UsageError),
    (pg.UndefinedObject, UsageError),
    (pg.WrongObjectType, UsageError),
    (pg.InvalidTextRepresentation, UsageError),
    (pg.InvalidDatetimeFormat, UsageError),
    (pg.DatetimeFieldOverflow, UsageError),
    (pg.IntervalFieldOverflow, UsageError),
    (pg.InvalidName, UsageError),
    (pg.InsufficientPrivilege, NotPermitted),
    (pg.InvalidAuthorizationSpecification, NotPermitted),
    (pg.InvalidPassword, NotPermitted),
    (pg.NoDataFound, NoPolicy),
    (pg.InvalidSchemaName, NotInstalled),
    (pg.ObjectNotInPrerequisiteState, Refused),
    (pg.DependentObjectsStillExist, Refused),
    (pg.ReadOnlySqlTransaction, Refused),
)


def _kind(error: psycopg.Error, schema: str | None) -> type[PytelemetryError]:
    if schema is not None:
        # What our statement names is ours: when that is missing, we are. What the user names is a value, for which the
        # server shows no place in the statement; it is a typing error, also as a.b.c or a.b.c.d.
        missing = isinstance(error, pg.UndefinedTable | pg.InvalidSchemaName | pg.UndefinedFunction)
        if missing and error.diag.statement_position:
            return NotInstalled
        if isinstance(error, pg.InvalidSchemaName | pg.SyntaxError | pg.FeatureNotSupported):
            return UsageError
    for type_, kind in _KINDS:
        if isinstance(error, type_):
            return kind
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return ConnectionFailed
    return OperationFailed


def _not_installed(error: psycopg.Error, schema: str | None) -> tuple[str, str]:
    """Return what was found and what to run next."""
    found = "pytelemetry_db is not installed" + ("" if schema is None else f' in schema "{schema}"')
    option = "" if schema in (None, DEFAULT_SCHEMA) else f" --schema {schema}"
    if isinstance(error, pg.UndefinedFunction):
        return f"{found}, or at another version", f"pytelemetry-db status{option}"
    return found, f"pytelemetry-db install{option}"


def _connect_error(error: psycopg.Error, source: Source) -> PytelemetryError:
    """Say what failed and where, in one line: libpq repeats itself for each address it tried."""
    reasons = [line for line in str(error).splitlines() if line.strip() and not line.startswith("\t")]
    reason = _PREAMBLE.sub("", reasons[-1], count=1).strip() if reasons else ""
    found = f"cannot connect to {source.label}: {reason or type(error).__name__}"
    if _LOGIN.search(reason):
        next_step = "check the user, the password (-W, DB_PASSWORD, PGPASSWORD, ~/.pgpass) and pg_hba.conf"
        return NotPermitted(found, next_step=next_step, sqlstate=error.sqlstate)
    next_step = "check --dsn, --db-*, DB_*, PG* or DATABASE_URL, and that the server is up"
    return ConnectionFailed(found, next_step=next_step, sqlstate=error.sqlstate)


def _open(conninfo: Mapping[str, str], autocommit: bool) -> Connection:
    # prepare_threshold: prepared statements do not survive a transaction pooler.
    return psycopg.connect("", autocommit=autocommit, prepare_threshold=None, row_factory=dict_row, **conninfo)  # type: ignore[arg-type]


def _prepare_session(connection: Connection) -> None:
    """Make the session read as the driver does, and end when we are gone; not one that a pooler shares with others."""
    found = connection.execute(sources.catalog("session").encode()).fetchone() or {}
    shared = found["pid"] != connection.info.backend_pid
    if not found["readable"]:
        if shared:
            raise ConnectionFailed(
                f"DateStyle is {found['datestyle']} and IntervalStyle {found['intervalstyle']} for this role,"
                " and a pooler shares the session",
                "ISO and postgres, or a direct connection",
            )
        connection.execute(sources.catalog("styles").encode())
    if not shared:
        # A few platforms cannot watch a socket; there the server notices later that we are gone.
        with suppress(pg.InvalidParameterValue):
            connection.execute(sources.catalog("client_check").encode())
    if not connection.autocommit:
        connection.commit()


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    """Hide environment variables from libpq, which would mix another source into ours."""
    saved = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(saved)

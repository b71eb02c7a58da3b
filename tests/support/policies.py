"""Calls of set_policy and friends, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Refusal:
    """An error as a person at psql reads it."""

    sqlstate: str | None
    message: str
    detail: str
    hint: str


def refusal(connection: Connection, work: Callable[[], object]) -> Refusal:
    """Run `work`, which must fail on the server, and return the error; nothing of it stays."""
    try:
        with connection.transaction():
            work()
    except psycopg.Error as error:
        diag = error.diag
        return Refusal(error.sqlstate, diag.message_primary or "", diag.message_detail or "", diag.message_hint or "")
    raise AssertionError("the server refused nothing")


def rows(connection: Connection, statement: str, *values: object) -> list[dict[str, Any]]:
    cursor = connection.cursor(row_factory=dict_row).execute(statement.encode(), values or None)
    return cursor.fetchall() if cursor.description is not None else []


def set_policy(connection: Connection, table: str, keep: str | None = None, **arguments: object) -> dict[str, Any]:
    """`set_policy(c, "t", "7 days", condition="ok")`; what is not named is not sent. Returns the policy's row."""
    named: dict[str, object] = {"table": table} | ({} if keep is None else {"keep": keep}) | arguments
    sent = ", ".join(f"p_{name} => %s" for name in named)
    return rows(connection, f"select (p).* from maint.set_policy({sent}) as p", *named.values())[0]


def refused(connection: Connection, table: str, keep: str | None = None, **arguments: object) -> Refusal:
    """The same call, which must be refused."""
    return refusal(connection, lambda: set_policy(connection, table, keep, **arguments))


@dataclass
class Told:
    """NOTICEs and WARNINGs of one connection."""

    lines: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, diag: psycopg.errors.Diagnostic) -> None:
        self.lines.append((diag.severity_nonlocalized or "", diag.message_primary or "", diag.message_hint or ""))

    def of(self, severity: str) -> list[tuple[str, str]]:
        """Message and hint of each line of that severity."""
        return [(message, hint) for kind, message, hint in self.lines if kind == severity]


@contextmanager
def listening(connection: Connection) -> Iterator[Told]:
    told = Told()
    connection.add_notice_handler(told.add)
    try:
        yield told
    finally:
        connection.remove_notice_handler(told.add)

"""Where peers run: a role, a template for each case, and a fresh copy of it for each run."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row

from bench.cases import Case
from bench.statements import statement
from pytelemetry_db import source
from pytelemetry_db.render import render_install

__all__ = ["Connection", "Count", "Stage", "WrongRowsError", "one"]

Connection = psycopg.Connection[dict[str, Any]]

# Not to be cut short by what the server has for others; memory for building the templates only.
_OPTIONS = "-c TimeZone=UTC -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"
_BUILDER = "-c maintenance_work_mem=256MB -c work_mem=64MB"


class WrongRowsError(Exception):
    """A row is missing that should be there, or is there that should have gone."""


@dataclass(frozen=True, slots=True)
class Count:
    """Rows of a table that are expired, and those that are not."""

    expired: int
    kept: int


class Stage:
    """A superuser's server with a role of ours; everything that was made is dropped at the end.

    :raises psycopg.Error: when it cannot be reached
    :raises PermissionError: when it is no superuser's
    """

    def __init__(self, dsn: str) -> None:
        self._conninfo = conninfo_to_dict(dsn)
        self._name = f"pytelemetry_bench_{secrets.token_hex(3)}"
        self._databases: list[str] = []
        with self.connect() as connection:
            if connection.info.parameter_status("is_superuser") != "on":
                raise PermissionError(f"{connection.info.user} is no superuser of that server")
            if connection.info.server_version < 150000:
                raise PermissionError("the server is older than PostgreSQL 15")
            self.settings = {row["name"]: row["setting"] for row in connection.execute(statement("server")).fetchall()}
            connection.execute(statement("create_role", role=self._name))

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        with self.connect() as connection:
            for database in reversed(self._databases):
                connection.execute(statement("drop_database", database=database))
            connection.execute(statement("drop_role", role=self._name))

    def connect(self, database: str | None = None, *, owner: bool = False, more: str = "") -> Connection:
        """Connect in autocommit, as the superuser or as the role that owns the databases."""
        role = f"-c role={self._name}" if owner else ""
        options = " ".join(word for word in (str(self._conninfo.get("options") or ""), _OPTIONS, role, more) if word)
        parts: dict[str, Any] = {**self._conninfo, "options": options, "application_name": "pytelemetry_db benchmark"}
        if database is not None:
            parts["dbname"] = database
        return psycopg.connect(make_conninfo("", **parts), autocommit=True, row_factory=dict_row)

    def count(self, database: str, case: Case) -> Count:
        """Count the rows of a case's table."""
        with self.connect(database) as connection:
            row = one(connection.execute(statement("census", relation=case.table, time_column=case.column)))
        return Count(row["expired"], row["kept"])

    @contextmanager
    def template(self, case: Case, rows: int) -> Iterator[str]:
        """A database with the table of a case, the peers, and our schema.

        :raises WrongRowsError: when the table is not what the case says
        """
        name = f"{self._name}_{case.name}"
        total, expired = case.sizes(rows)
        with self._database("create_database", name):
            with self.connect(name, owner=True, more=_BUILDER) as connection:
                connection.execute(statement(f"create_{case.rows}"))
                values = {"rows": total, "expired": expired, "scattered": case.scattered}
                connection.execute(statement(f"fill_{case.rows}"), values)
                connection.execute(statement(case.indexes))
                connection.execute(statement("make_peers"))
                connection.execute(render_install(source.load()).text.encode())
                connection.execute(statement("vacuum", relation=case.table))
            if (found := self.count(name, case)) != Count(expired, total - expired):
                raise WrongRowsError(f"{case.name}: the template has {found}, not {expired} of {total} expired")
            yield name

    @contextmanager
    def empty(self, extension: str | None = None) -> Iterator[str]:
        """A database with our schema, after the superuser ran a statement of ``bench/sql`` there, if any."""
        name = f"{self._name}_empty"
        with self._database("create_database", name):
            if extension is not None:
                with self.connect(name) as connection:
                    connection.execute(statement(extension, role=self._name))
            with self.connect(name, owner=True) as connection:
                connection.execute(render_install(source.load()).text.encode())
            yield name

    @contextmanager
    def copy(self, template: str, case: Case) -> Iterator[str]:
        """A database for one run, on disk, with a policy for the table."""
        name = f"{self._name}_run"
        with self._database("copy_database", name, template=template):
            with self.connect(name, owner=True) as connection:
                connection.execute(statement("confirm"))
                connection.execute(statement("set_policy"), {"relation": case.table, "time_column": case.column})
            with self.connect(name) as connection:
                connection.execute(statement("checkpoint"))
            yield name

    @contextmanager
    def _database(self, how: str, name: str, **names: str) -> Iterator[None]:
        self._databases.append(name)
        with self.connect() as connection:
            connection.execute(statement(how, database=name, role=self._name, **names))
        yield
        with self.connect() as connection:
            connection.execute(statement("drop_database", database=name))
        self._databases.remove(name)


def one(cursor: psycopg.Cursor[dict[str, Any]]) -> dict[str, Any]:
    """The only row of a result."""
    (row,) = cursor.fetchall()
    return row

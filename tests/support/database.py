"""One database of one test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pytelemetry_db.render import render_install
from pytelemetry_db.source import load
from support.cluster import OWNER, Cluster, LocalCluster


@dataclass(frozen=True)
class Database:
    """A fresh database owned by `owner`, an ordinary role; gone when the test ends."""

    cluster: Cluster
    name: str
    owner: str = OWNER

    @property
    def dsn(self) -> str:
        """Connects as the owner."""
        return self.cluster.dsn(self.name, **self._as_owner())

    def _as_owner(self) -> dict[str, Any]:
        return {"user": self.owner, "password": self.owner}

    def connect(self, **parts: Any) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection in autocommit, as the owner unless `parts` (libpq keywords) name somebody else."""
        return self.cluster.connect(self.name, **(self._as_owner() | parts))

    def superuser(self, **parts: Any) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection in autocommit as the server's superuser."""
        return self.cluster.connect(self.name, **parts)

    def query(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """Run one statement as the owner and return its rows."""
        with self.connect() as connection:
            cursor = connection.cursor(row_factory=dict_row).execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description is not None else []

    def value(self, statement: str, *values: object) -> Any:
        """The first column of the first row."""
        rows = self.query(statement, *values)
        return next(iter(rows[0].values())) if rows else None


@contextmanager
def running(server: LocalCluster) -> Iterator[Database]:
    """The server, started, with an installation in a database of its own."""
    try:
        server.start()
        server.create_roles()
        with server.connect() as root:
            root.execute(f"create database apart owner {OWNER}".encode())
        database = Database(server, "apart")
        with database.connect() as owner:
            owner.execute(render_install(load()).text.encode())
        yield database
    finally:
        server.remove()

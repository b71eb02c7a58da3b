"""One database of one test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from support.cluster import OWNER, Cluster


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
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *values: object) -> Any:
        """The first column of the first row."""
        rows = self.query(statement, *values)
        return next(iter(rows[0].values())) if rows else None

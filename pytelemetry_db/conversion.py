"""Conversion of a plain table into a partitioned one, and back; the database does it and writes down every step."""

from collections.abc import Callable
from dataclasses import dataclass

from pytelemetry_db import db

__all__ = ["Request", "convert", "plan_conversion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Which table, and how: ``interval`` and ``max_duration`` are PostgreSQL interval texts, ``boundary`` a time.

    ``boundary`` is where the old table ends and the new partitions begin. ``undo`` turns the conversion round.
    """

    table: str
    interval: str | None = None
    premake: int | None = None
    boundary: str | None = None
    max_duration: str = "1 hour"
    undo: bool = False

    @property
    def values(self) -> dict[str, object]:
        """The arguments of ``convert`` by name."""
        return {
            "p_table": self.table,
            "p_interval": self.interval,
            "p_premake": self.premake,
            "p_boundary": self.boundary,
            "p_max_duration": self.max_duration,
            "p_undo": self.undo,
        }


def plan_conversion(connection: db.Connection, schema: str, request: Request) -> list[db.Row]:
    """Return what would be done now: rows of ``step``, ``detail``, ``locks``.

    :raises Refused: the table cannot be converted, with all reasons
    """
    return db.fetch(connection, "convert_plan", schema, request.values)


def convert(
    connection: db.Connection, schema: str, request: Request, *, on_notice: Callable[[str, str], None]
) -> db.Row:
    """Convert, or undo, and return the row of the view ``conversions``. What was begun before goes on where it ended.

    :raises Refused: it cannot be done, or it is not done yet; the error says which, and what to run
    """
    db.on_notice(connection, on_notice)
    db.fetch(connection, "convert", schema, request.values)
    return db.fetch(connection, "conversion", schema, {"p_table": request.table})[0]

"""Tables to convert into partitioned ones, conversions to stop at a step, and what a table is made of."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from support.database import Database
from support.rotations import sql

HERE = Path(__file__).parent / "convert"
# Makes app.t, a table that has everything a table can have and keep in a conversion.
EVERYTHING = (HERE / "everything.sql").read_text()


def make_counters(database: Database) -> None:
    """A table like agg_1m, with a key that upserts use, of wall-clock times."""
    sql(
        database,
        "create table agg (client text, at timestamp not null, n bigint not null default 0, primary key (client, at))",
        "create index on agg (at)",
        "insert into agg select 'c' || i % 7, localtimestamp - make_interval(mins => i), 1"
        " from generate_series(1, 3000) as i",
        "select maint.set_policy('agg', '30 days')",
    )


def convert(database: Database, arguments: str) -> list[str]:
    notices: list[str] = []
    with database.connect() as connection:
        connection.add_notice_handler(lambda note: notices.append(note.message_primary or ""))
        connection.execute(f"call maint.convert({arguments})".encode())
    return notices


def lines(database: Database, table: str = "app.t", *, plain: bool = False) -> list[str]:
    """What a table is made of, as lines of text: two tables are alike when these are."""
    with database.superuser(options="-c search_path=pg_catalog") as root:
        return [
            line
            for name in ("lines", *(["plain"] if plain else []))
            for (line,) in root.execute(
                (HERE / f"{name}.sql").read_text().replace("%", "%%").replace("%%(t)s", "%(t)s").encode(), {"t": table}
            ).fetchall()
        ]


def one_step(database: Database, arguments: str) -> None:
    """One step and no more: the time is up after it."""
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="the conversion is not done"):
        convert(database, f"{arguments}, p_max_duration => '0 s'")


def stands_at(database: Database) -> str:
    return str(database.value("select step from maint.conversions"))


def until_step(database: Database, arguments: str, step: str) -> None:
    for _ in range(60):
        if database.value("select step from maint.conversions") == step:
            return
        one_step(database, arguments)
    raise AssertionError(f"it never came to {step}")

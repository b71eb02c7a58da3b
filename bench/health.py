"""``python -m bench.health``: our checks beside check_postgres, where it has the same one: answers and times.

On a server to throw away, with many partitions and tables, dead rows, an idle transaction and a chain of sessions that
wait for each other. check_postgres is a program of its own for each check; ours are timed in one connection, and as the
command.
"""

import argparse
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bench.statements import statement
from bench.throwaway import throwaway
from pytelemetry_db.render import render_install
from pytelemetry_db.source import load

# Our check, and what check_postgres calls it, with limits that are alike.
PAIRS = (
    ("blocked_queries", ("locks", "--warning=total=1000:waiting=1", "--critical=total=2000:waiting=3")),
    ("long_queries", ("query_time", "--warning=1 second", "--critical=10 minutes")),
    ("idle_transactions", ("txn_idle", "--warning=1 second", "--critical=10 minutes")),
    ("connections", ("backends", "--warning=80%", "--critical=95%")),
    ("wraparound", ("txn_wraparound", "--warning=1050000000", "--critical=1600000000")),
    ("dead_tuples", ("bloat", "--warning=1 MB", "--critical=10 GB")),
    ("autovacuum", ("last_autovacuum", "--warning=1 d", "--critical=7 d")),
    ("sequences", ("sequence", "--warning=85%", "--critical=95%")),
)


def main() -> int:
    """Make the situation, look in both ways, print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.health", description=__doc__)
    parser.add_argument("--tables", type=int, default=2000, help="so many partitions, and as many other tables")
    parser.add_argument("--times", type=int, default=5, help="the best of so many")
    options = parser.parse_args()
    peer = shutil.which("check_postgres")
    if peer is None:
        print("check_postgres is not installed: only ours is measured", file=sys.stderr)
    with throwaway(1) as dsn, _situation(dsn, options.tables), psycopg.connect(dsn, autocommit=True) as connection:
        took, locks, rows = _whole(connection, options.times)
        print(f"the view health on {options.tables} partitions and {options.tables} tables: ", end="")
        print(f"{took * 1000:.0f} ms, {locks} locks, {rows} findings\n")
        print("| check | ms | says | check_postgres | ms | says |\n| --- | --- | --- | --- | --- | --- |")
        for check, action in PAIRS:
            cells = [check, *_ours(connection, check, options.times)]
            cells += [action[0], *_theirs(peer, dsn, action, options.times)] if peer else ["", "", ""]
            print("| " + " | ".join(cells) + " |", flush=True)
    return 0


@contextmanager
def _situation(dsn: str, tables: int) -> Iterator[None]:
    """Many tables, one with dead rows, and four sessions: an UPDATE, an ALTER behind it, two readers behind that."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement("health_owner"))
    with psycopg.connect(dsn, autocommit=True, user="bench_owner") as connection:
        connection.execute(render_install(load()).text.encode())
        connection.execute(statement("health_size"), {"tables": str(tables)})
        connection.execute(statement("health_tables"))
    with psycopg.connect(dsn, autocommit=True) as root, psycopg.connect(dsn, autocommit=True) as watching:
        root.autocommit = False
        root.execute(statement("health_update"))
        waiting = [_Waiting(dsn, name) for name in ("health_alter", "health_read", "health_read")]
        try:
            while watching.execute(statement("health_waiting")).fetchone() != (len(waiting),):
                time.sleep(0.1)
            time.sleep(2)
            yield
        finally:
            for each in waiting:
                each.end()


class _Waiting(threading.Thread):
    """A session whose statement waits until it is ended."""

    def __init__(self, dsn: str, name: str) -> None:
        super().__init__(daemon=True)
        self._name = name
        self._connection = psycopg.connect(dsn, autocommit=True)
        self.start()
        time.sleep(0.3)

    def run(self) -> None:
        with suppress(psycopg.Error):
            self._connection.execute(statement(self._name))

    def end(self) -> None:
        """Give up."""
        self._connection.cancel()
        self.join()
        self._connection.close()


def _whole(connection: psycopg.Connection[tuple[Any, ...]], times: int) -> tuple[float, int, int]:
    best, locks, rows = float("inf"), 0, 0
    for _ in range(times + 1):
        with connection.transaction():
            began = time.monotonic()
            rows = len(connection.execute(statement("health_all")).fetchall())
            best = min(best, time.monotonic() - began)
            found = connection.execute(statement("health_locks")).fetchone()
            locks = max(locks, found[0] if found else 0)
    return best, locks, rows


def _ours(connection: psycopg.Connection[tuple[Any, ...]], check: str, times: int) -> tuple[str, str]:
    best, said = float("inf"), ""
    for _ in range(times + 1):
        began = time.monotonic()
        found = connection.execute(statement("health_one"), {"check_id": check}).fetchall()
        best = min(best, time.monotonic() - began)
        worst = next(
            (level for level in ("critical", "unknown", "warning") if level in {row[0] for row in found}), "ok"
        )
        bad = [f"{row[1] or ''} {row[2]}" for row in found if row[0] == worst]
        said = f"{worst.upper()}: {_short('; '.join(bad))}"
    return f"{best * 1000:.1f}", said


def _theirs(peer: str, dsn: str, action: tuple[str, ...], times: int) -> tuple[str, str]:
    where = {key: str(value) for key, value in conninfo_to_dict(dsn).items()}
    command = [peer, f"--action={action[0]}", *action[1:], f"--host={where['host']}", f"--port={where['port']}"]
    command += [f"--dbuser={where['user']}", f"--dbname={where['dbname']}"]
    best, said = float("inf"), ""
    for _ in range(times):
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        best = min(best, time.monotonic() - began)
        said = _short((done.stdout or done.stderr).split("|")[0])
    return f"{best * 1000:.0f}", said


def _short(text: str) -> str:
    text = " ".join(text.replace("|", "/").split())
    return text if len(text) <= 160 else text[:157] + "..."


if __name__ == "__main__":
    sys.exit(main())

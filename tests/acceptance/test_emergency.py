"""cleanup --emergency: what it says of the disk, what it asks for, and what comes of it."""

from __future__ import annotations

import re

from support.command import Cli
from support.database import Database
from support.passes import Table


def test_a_dry_run_says_what_helps_and_changes_nothing(database: Database, cli: Cli) -> None:
    table = Table.make(database, expired=4000, fresh=2000, slow=0)
    run = cli.here("cleanup", "--emergency", "--dry-run", "--dsn", database.dsn)
    assert run.returncode == 0, run.stderr
    assert "a DELETE gives nothing back to the disk" in run.stderr
    assert re.search(r"^app\.events .* about [34],\d{3} ", run.stdout, re.MULTILINE)
    assert re.search(
        r"^reindex index concurrently app\.events_at_idx; .* SHARE UPDATE EXCLUSIVE", run.stdout, re.MULTILINE
    )
    assert re.search(r"^vacuum \(full\) app\.events; .* ACCESS EXCLUSIVE", run.stdout, re.MULTILINE)
    assert table.count() == 6000
    facts = cli.here("cleanup", "--emergency", "--dry-run", "--json", "--dsn", database.dsn).json["emergency"]
    ((name, ways_of),) = ((one["table"], one["ways"]) for one in facts)
    assert (name, len(ways_of)) == ("app.events", 3)


def test_without_a_terminal_nothing_is_assumed(database: Database, cli: Cli) -> None:
    table = Table.make(database, expired=100, slow=0)
    for words in ((), ("--keep", "app.events=1d")):
        run = cli("cleanup", "--emergency", *words, "--dsn", database.dsn)
        assert run.returncode == 64
        assert "error: " in run.stderr
    assert table.missing() == 0


def test_it_cleans_vacuums_and_says_what_was_not_given_back(database: Database, cli: Cli) -> None:
    table = Table.make(database, expired=4000, fresh=2000, slow=0)
    Table.make(database, "app.small", expired=10, fresh=10, slow=0)
    database.query("update app.events set at = now() - interval '2 days' where id between 4001 and 5000")
    database.query("analyze app.events")
    run = cli.here("cleanup", "--emergency", "--keep", "app.events=1d", "--yes", "--dsn", database.dsn)
    assert run.returncode == 0, run.stderr
    # The keep that was said for one table is that table's alone.
    assert table.count() == 1000
    assert database.value("select count(*) from app.small") == 10
    assert {row["keep_override"] for row in table.runs()} == {True}
    assert "nothing was given back to the disk" in run.stderr
    ways = re.findall(r"^  (reindex index concurrently \S+|vacuum \(full\) \S+);$", run.stderr, re.MULTILINE)
    assert "vacuum (full) app.events" in ways
    assert database.value("select vacuum_count from pg_stat_user_tables where relname = 'events'") == 1
    before = database.value("select pg_total_relation_size('app.events')")
    # What it says is true: the statements do give back.
    for way in ways:
        with database.connect() as connection:
            connection.execute(way.encode())
    assert database.value("select pg_total_relation_size('app.events')") < before / 2

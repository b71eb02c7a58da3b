"""What the plan says that a pass will cost, beside what the ledger says that it did."""

from __future__ import annotations

from typing import Any

import pytest
from support.database import Database
from support.passes import Table


def _bill(database: Database, table: str = "app.events", **arguments: Any) -> dict[str, Any]:
    said = "".join(f", {name} => %s" for name in arguments)
    found = database.value(
        f"select jsonb_path_query_first(p.findings, '$[*] ? (@.check_id == \"bill\")') from maint.plan(%s{said}) as p",
        table,
        *arguments.values(),
    )
    assert isinstance(found, dict)
    return found


def test_without_a_pass_the_bill_says_that_it_guesses(database: Database) -> None:
    table = Table.make(database, expired=3000, fresh=3000, slow=0, autovacuum=False)
    bill = _bill(database)
    assert bill["basis"] == "no pass yet, by the figures of ordinary rows"
    assert bill["passes"] == 0
    assert bill["batches"] == 3000 / table.batch_rows
    assert bill["dead_rows"] == 3000
    assert bill["returned_bytes"] == 0
    size = database.value("select pg_total_relation_size('app.events')")
    assert bill["reusable_bytes"] == pytest.approx(size / 2, rel=0.01)


def test_after_a_pass_its_rows_are_the_measure(database: Database) -> None:
    table = Table.make(database, expired=20000, fresh=100, batch_rows=2000, slow=0)
    database.query("select maint.set_policy('app.events', p_batch_rows => 2000)")
    database.query("call maint.cleanup('app.events', p_keep => '30 days 3 hours')")
    first = table.last_run()
    assert 0 < first["rows"] < 15000
    bill = _bill(database)
    assert bill["passes"] == 1
    database.query("call maint.cleanup()")
    second = table.last_run()
    assert first["rows"] + second["rows"] == 20000
    assert bill["batches"] == pytest.approx(second["batches"], abs=1)
    assert bill["wal_bytes"] == pytest.approx(second["wal_bytes"], rel=0.5)
    # By what rows cost in that pass, at full duty, as the setting says.
    took = first["duration"].total_seconds()
    assert bill["work_s"] <= took * second["rows"] / first["rows"] + 0.1
    assert bill["elapsed_s"] == pytest.approx(bill["work_s"], abs=0.001)


def test_what_if_is_billed_as_well_and_duty_counts(database: Database) -> None:
    Table.make(database, expired=5000, fresh=5000, slow=0)
    database.query("select maint.set_setting('duty', 'gentle')")
    database.query("update app.events set at = now() - interval '2 days' where id > 5000")
    database.query("vacuum analyze app.events")
    now, more = _bill(database), _bill(database, p_keep="1 day")
    assert now["dead_rows"] == 5000
    assert more["dead_rows"] == 10000
    assert now["wal_bytes"] < more["wal_bytes"] <= 2 * now["wal_bytes"]
    assert now["elapsed_s"] == pytest.approx(5 * now["work_s"], abs=0.02)


def test_a_gate_that_is_shut_is_in_the_plan(database: Database) -> None:
    Table.make(database, expired=100, slow=0)
    database.query("select maint.set_setting('gate_load_query', 'select 2.0')")
    found = database.query(
        "select f ->> 'level' as level, f ->> 'detail' as detail, f ->> 'fix' as fix"
        " from maint.plan('app.events') as p, jsonb_array_elements(p.findings) as f where f ->> 'check_id' = 'gate'"
    )
    assert [row["level"] for row in found] == ["warning"]
    assert found[0]["detail"].startswith("a pass would wait now: load_query is at ")
    database.query("select maint.set_setting('gate_load_query', 'off')")
    assert not database.query(
        "select from maint.plan('app.events') as p, jsonb_array_elements(p.findings) as f"
        " where f ->> 'check_id' = 'gate'"
    )

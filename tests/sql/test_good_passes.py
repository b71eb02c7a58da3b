"""Which passes were good: a scheduler that runs is no proof that data goes.

`good` of the view runs is the only place that says it; `last_good_at` of the view retention is what people watch.
"""

from __future__ import annotations

from typing import Any

from support import Database
from support.passes import Pass, Table, until

# With 20 rows in each batch, and 20 ms for each, at most 1,020 rows go in that time.
SHORT = "p_max_duration => '1 s'"
DRAIN_AT_MOST = 1020
TRIGGER = "create function app.{0}() returns trigger language plpgsql set search_path = '' as $$ begin {1} end $$"


def clean(table: Table, arguments: str = "") -> dict[str, Any]:
    """Run a pass over the table, whatever comes of it, and return its row of the ledger."""
    with Pass(table.database, f"p_table => '{table.name}'{', ' * bool(arguments)}{arguments}") as made:
        made.wait()
    return table.last_run()


def last_good(table: Table) -> Any:
    return table.database.value("select last_good_at from maint.retention")


def test_inflow_of_twice_the_drain_is_not_good_and_half_of_it_is(database: Database) -> None:
    table = Table.make(database, expired=2000)
    assert last_good(table) is None
    first = clean(table, SHORT)
    assert (first["stop_reason"], first["good"], first["debt_fell"]) == ("deadline", True, True)
    assert last_good(table) == first["finished_at"]
    for _ in range(3):
        table.inflow(2 * DRAIN_AT_MOST)
        run = clean(table, SHORT)
        assert (run["stop_reason"], run["good"], run["debt_fell"]) == ("deadline", False, False)
        assert 0 < run["rows"] <= DRAIN_AT_MOST
    assert last_good(table) == first["finished_at"]
    for _ in range(3):
        table.inflow(10)
        run = clean(table, SHORT)
        assert (run["stop_reason"], run["good"], run["debt_fell"]) == ("deadline", True, True)
        assert run["rows"] >= 20
        assert last_good(table) == run["finished_at"]


def test_a_pass_that_is_done_is_good_unless_it_removed_nothing_and_something_is_left(database: Database) -> None:
    table = Table.make(database, expired=10, slow=0)
    removed, nothing = clean(table), clean(table)
    assert [(run["stop_reason"], run["rows"], run["good"]) for run in (removed, nothing)] == [
        ("done", 10, True),
        ("done", 0, True),
    ]
    database.query(TRIGGER.format("keep", "return null;"))
    database.query("create trigger keeps before delete on app.events for each row execute function app.keep()")
    table.inflow(10)
    kept = clean(table)
    assert (kept["stop_reason"], kept["rows"], kept["debt_rows"], kept["good"]) == ("done", 0, 10, False)
    assert last_good(table) == nothing["finished_at"]


def test_a_pass_over_rows_that_others_hold_is_not_good(database: Database) -> None:
    table = Table.make(database, expired=10, slow=0)
    with database.connect() as application, application.transaction():
        application.execute("select from app.events for update")
        run = clean(table, "p_max_duration => '200 ms'")
    assert (run["stop_reason"], run["rows"], run["debt_rows"], run["good"]) == ("deadline", 0, 10, False)


def test_a_pass_with_a_longer_keep_is_not_good_and_nothing_is_compared_with_it(database: Database) -> None:
    table = Table.make(database, expired=3000)
    first = clean(table, SHORT)
    # Nothing is older than 60 days: by that keep there is no debt.
    longer = clean(table, "p_keep => '60 days'")
    assert (longer["stop_reason"], longer["debt_rows"], longer["good"]) == ("done", 0, False)
    assert last_good(table) == first["finished_at"]
    after = clean(table, SHORT)
    assert (after["stop_reason"], after["good"]) == ("deadline", True)
    table.fast()
    table.inflow(5)
    longer = clean(table, "p_keep => '25 days'")
    assert (longer["stop_reason"], longer["rows"] > 0, longer["debt_rows"], longer["good"]) == ("done", True, 0, False)
    shorter = clean(table, "p_keep => '6 days', p_yes => true")
    assert (shorter["stop_reason"], shorter["rows"], shorter["good"]) == ("done", 5, True)


def test_passes_that_are_suspended_paused_or_failed_are_not_good(database: Database) -> None:
    table = Table.make(database, expired=100, slow=0)
    database.query("select maint.pause('app.events', 'an audit')")
    paused = clean(table)
    assert (paused["stop_reason"], paused["debt_rows"], paused["good"]) == ("paused", 100, False)
    # Less is left, by the hand of somebody else: that is no work of ours.
    database.query("delete from app.events where id <= 50")
    paused = clean(table)
    assert (paused["debt_rows"], paused["debt_fell"], paused["good"]) == (50, True, False)
    database.query("select maint.resume('app.events')")

    database.query(TRIGGER.format("refuse", "raise exception 'no';"))
    database.query("create trigger refuse after delete on app.events execute function app.refuse()")
    failed = clean(table)
    assert (failed["stop_reason"], failed["error_message"], failed["good"]) == ("failed", "no", False)

    database.query("alter table app.events rename to other")
    with Pass(database) as made:
        made.wait()
    (suspended,) = database.query("select stop_reason, good from maint.runs order by run_id desc limit 1")
    assert suspended == {"stop_reason": "suspended", "good": False}
    assert last_good(table) is None


def test_a_pass_that_was_paused_or_stopped_half_way_is_good_when_less_is_left(database: Database) -> None:
    table = Table.make(database)
    with Pass(database) as made:
        until(table.under_way)
        assert table.last_run()["good"] is None
        database.query("select maint._request_stop(%s)", made.pid)
        made.wait()
    stopped = table.last_run()
    assert (stopped["stop_reason"], stopped["good"]) == ("interrupted", True)
    with Pass(database) as made:
        until(lambda: len(table.runs()) == 2 and table.under_way())
        database.query("select maint.pause('app.events')")
        made.wait()
    paused = table.last_run()
    assert (paused["stop_reason"], paused["good"]) == ("paused", True)
    assert last_good(table) == paused["finished_at"]


def test_a_debt_that_nobody_knows_is_not_less(database: Database) -> None:
    """A session that died counted nothing, and neither did a pass that was locked out of the table at its end."""
    table = Table.make(database)
    with Pass(database) as made:
        until(table.under_way)
        with database.superuser() as superuser:
            superuser.execute("select pg_terminate_backend(%s)", [made.pid])
        made.wait()
    died = until(lambda: [run for run in table.runs() if run["stop_reason"]])[0]
    assert (died["stop_reason"], died["finished_at"], died["good"]) == ("interrupted", None, False)

    with database.connect() as application, Pass(database, "p_max_duration => '2 s'") as made:
        until(lambda: len(table.runs()) == 2 and table.under_way())
        with application.transaction():
            application.execute("lock table app.events in access exclusive mode")
            made.wait()
    found, uncounted = table.runs()
    assert (found["run_id"], found["stop_reason"], found["good"]) == (died["run_id"], "interrupted", False)
    assert (uncounted["stop_reason"], uncounted["rows"] > 0) == ("deadline", True)
    assert (uncounted["debt_rows"], uncounted["debt_fell"], uncounted["good"]) == (None, None, False)
    assert last_good(table) is None
    assert clean(table, SHORT)["good"] is True

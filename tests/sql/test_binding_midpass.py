"""pause, a changed policy and a dropped one bind from the moment the call returns, also in the middle of a pass."""

from __future__ import annotations

import time

import pytest
from support import Database
from support.passes import Pass, Table, until

# The call, the reason in the ledger, a word of its detail.
CHANGES = [
    pytest.param("select maint.pause('app.events', 'incident 7')", "paused", "incident 7", id="pause"),
    pytest.param("select maint.set_policy('app.events', '40 days')", "interrupted", "changed", id="longer keep"),
    pytest.param("select maint.set_policy('app.events', p_condition => 'id < 0')", "interrupted", "changed", id="rows"),
    pytest.param("select maint.drop_policy('app.events')", "interrupted", "dropped", id="drop"),
]


def _assert_it_bound(table: Table, count: int, reason: str, detail: str) -> None:
    """Nothing went after the call had returned, although there was plenty left to go."""
    assert table.count() == count
    assert count > table.fresh + 10 * table.batch_rows
    last = table.last_run()
    assert last["stop_reason"] == reason
    assert detail in last["detail"]
    assert last["finished_at"] is not None
    table.assert_nothing_half_done(whole_batches=True)


@pytest.mark.parametrize(("change", "reason", "detail"), CHANGES)
def test_a_change_binds_when_the_call_returns(database: Database, change: str, reason: str, detail: str) -> None:
    table = Table.make(database)
    with Pass(database) as running, database.connect() as operator:
        until(lambda: table.under_way(3))
        operator.execute(change.encode())
        count = operator.execute("select count(*) from app.events").fetchone()
        assert running.wait().error is None
    assert count is not None
    _assert_it_bound(table, count[0], reason, detail)


@pytest.mark.parametrize(("change", "reason", "detail"), CHANGES)
def test_a_change_waits_for_the_batch_that_is_under_way(
    database: Database, change: str, reason: str, detail: str
) -> None:
    table = Table.make(database, slow=0.4)
    with Pass(database) as running, database.connect() as operator:
        until(lambda: running.waits_for() == "PgSleep" and table.locks())
        begun = table.count()
        operator.execute(change.encode())
        count = table.count()
        assert running.wait().error is None
    # The batch was not visible before the call and is complete after it.
    assert count == begun - table.batch_rows
    _assert_it_bound(table, count, reason, detail)


@pytest.mark.parametrize(("change", "reason", "detail"), CHANGES)
def test_batches_wait_while_the_changing_transaction_is_open(
    database: Database, change: str, reason: str, detail: str
) -> None:
    table = Table.make(database)
    with Pass(database) as running, database.connect() as operator:
        until(lambda: table.under_way(2))
        operator.execute("begin")
        operator.execute(change.encode())
        count = table.count()
        time.sleep(0.5)
        assert table.count() == count
        assert running.running
        operator.execute("commit")
        assert running.wait().error is None
    _assert_it_bound(table, count, reason, detail)


def test_a_change_that_is_rolled_back_does_not_end_the_pass(database: Database) -> None:
    table = Table.make(database, expired=400)
    with Pass(database) as running, database.connect() as operator:
        until(lambda: table.under_way(2))
        operator.execute("begin")
        operator.execute("select maint.pause('app.events')")
        count = table.count()
        time.sleep(0.3)
        assert table.count() == count
        operator.execute("rollback")
        assert running.wait().error is None
    assert [run["stop_reason"] for run in table.runs()] == ["done"]
    assert table.count() == table.fresh
    table.assert_nothing_half_done()


def test_every_change_raises_the_epoch(database: Database) -> None:
    Table.make(database, expired=1)
    epochs = []
    for call in ("pause('app.events')", "resume('app.events')", "set_policy('app.events')", "rebind('app.events')"):
        database.query(f"select maint.{call}")
        epochs.append(database.value("select epoch from maint._policy"))
    assert epochs == sorted(set(epochs))


def test_a_paused_policy_stays_paused_until_it_is_resumed(database: Database) -> None:
    table = Table.make(database, expired=100, slow=0)
    database.query("select maint.pause('app.events', 'audit')")
    with Pass(database) as refused:
        assert refused.wait().error is None
    last = table.last_run()
    assert (last["stop_reason"], last["rows"]) == ("paused", 0)
    assert "audit" in last["detail"]
    assert table.missing() == 0
    database.query("select maint.resume('app.events')")
    table.assert_finishes()


def test_the_next_pass_follows_the_changed_policy(database: Database) -> None:
    """Of 4000 rows, a second apart beginning 30 days ago, a keep of 30 days and 30 minutes leaves the 1800 newest."""
    table = Table.make(database, slow=0.01)
    with Pass(database) as running:
        until(lambda: table.under_way(2))
        database.query("select maint.set_policy('app.events', interval '30 days 30 minutes')")
        running.wait()
    with Pass(database) as following:
        assert following.wait().error is None
    first, second = table.runs()
    assert (first["stop_reason"], second["stop_reason"]) == ("interrupted", "done")
    assert second["cutoff"] < first["cutoff"]
    # The clock went on since the rows were made: that many more are older than the cutoff.
    expired = database.value("select count(*) from app.events where at < %s", second["cutoff"])
    assert expired == 0
    assert table.count() - table.fresh in range(1700, 1800)


def test_a_pass_that_begins_while_a_change_is_open_leaves_the_table_alone(database: Database) -> None:
    table = Table.make(database, expired=100, slow=0)
    with database.connect() as operator:
        operator.execute("begin")
        operator.execute("select maint.pause('app.events')")
        with Pass(database) as refused:
            assert refused.wait().error is None
        assert "another session is at work on it" in refused.notices[-1]
        operator.execute("rollback")
    assert table.runs() == []
    table.assert_finishes()

"""The forecast against what came: replayed weeks of noisy traffic, limits, and other keeps."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sql.test_samples import make, sample
from support import Database
from support.policies import set_policy

WEEKDAYS = (1.1, 1.15, 1.2, 1.15, 1.05, 0.7, 0.65)


def replay(seed: int, days: int) -> list[int]:
    """Bytes of a table at the end of each day: weekdays differ, days are noisy, some are odd, and it grows slowly."""
    luck = random.Random(seed)
    size, sizes = 5e9, []
    for day in range(days):
        size += 2e8 * WEEKDAYS[day % 7] * luck.gauss(1, 0.3) * (1 + day / 400)
        # A pass that was late, or made up for it: what it leaves is back the next day.
        odd = luck.gauss(0, 1.5e8) if luck.random() < 0.05 else 0
        sizes.append(int(size + odd))
    return sizes


def store(database: Database, sizes: list[int], table: str = "events") -> None:
    """Samples of that table, the last one a minute ago."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    with database.connect() as connection:
        connection.execute("delete from maint._sample where relation_id = %s::regclass", [table])
        connection.execute(
            "insert into maint._sample (policy_id, relation_id, at, rows, heap_bytes, index_bytes, toast_bytes)"
            " select p.policy_id, p.relation_id, t.at, 1000, t.bytes, 0, 0 from maint._policy as p,"
            " unnest(%s::timestamptz[], %s::bigint[]) as t (at, bytes) where p.relation_id = %s::regclass",
            [[now - timedelta(days=len(sizes) - 1 - i) for i in range(len(sizes))], sizes, table],
        )


def forecast(database: Database, table: str = "events") -> dict[str, Any]:
    return database.query("select * from maint.forecast where table_name = %s", table)[0]


def days_left(database: Database, scope: str) -> float:
    left = "select extract(epoch from limit_at - sampled_at) / 86400 from maint.forecast where scope = %s"
    return float(database.value(left, scope))


@pytest.mark.parametrize("history", [14, 28, 56])
def test_the_range_holds_in_most_replayed_weeks(database: Database, history: int) -> None:
    make(database)
    held = 0
    for seed in range(40):
        sizes = replay(seed, history + 7)
        store(database, sizes[:history])
        found = forecast(database)
        growth = (sizes[-1] - sizes[history - 1]) / 7
        held += found["growth_low"] <= growth <= found["growth_high"]
        assert found["growth_low"] > -3e8
        assert found["growth_high"] < 7e8
    assert held >= 0.8 * 40


def test_without_two_weeks_there_is_no_growth(database: Database) -> None:
    make(database)
    assert (forecast(database)["days"], forecast(database)["bytes"]) == (0, None)
    store(database, replay(1, 13))
    found = forecast(database)
    assert (found["days"], found["growth_per_day"], found["limit_at"]) == (13, None, None)


def test_when_the_size_budget_is_reached(database: Database) -> None:
    make(database)
    with database.connect() as connection:
        set_policy(connection, "events", max_size="10 GB")
    store(database, [10**9 + i * 10**8 for i in range(20)])
    found = forecast(database)
    assert found["growth_per_day"] == pytest.approx(10**8, rel=0.01)
    assert days_left(database, "table") == pytest.approx((10 * 2**30 - 2.9e9) / 1e8, rel=0.01)
    store(database, [11 * 2**30] * 20)
    assert forecast(database)["limit_at"] == forecast(database)["sampled_at"]
    store(database, [10**9] * 20)
    assert database.value("select limit_at = 'infinity' from maint.forecast where scope = 'table'") is True


def test_when_the_stated_capacity_is_reached(database: Database) -> None:
    for name in ("events", "alerts"):
        make(database, name)
        store(database, [10**9 + i * 10**8 for i in range(20)], name)
    (found,) = database.query("select * from maint.forecast where scope = 'all'")
    assert (found["bytes"], found["limit_bytes"], found["limit_at"]) == (2 * 2_900_000_000, None, None)
    database.query("select maint.set_setting('capacity', '10 GB')")
    assert days_left(database, "all") == pytest.approx((10 * 2**30 - 5.8e9) / 2e8, rel=0.01)


def test_what_another_keep_would_save(database: Database) -> None:
    make(database, expired=0, fresh=9000)
    sample(database)
    (found,) = database.query("select * from maint.forecast_keep('events', '5 days')")
    exact = database.value("select count(*) from events where at < now() - interval '5 days'")
    assert found["saved_rows"] == pytest.approx(exact, rel=0.05)
    assert found["accuracy"] < 0.1
    (size,) = database.query("select heap_bytes + index_bytes as bytes, rows from maint._sample")
    assert found["saved_bytes"] == pytest.approx(exact * size["bytes"] / size["rows"], rel=0.06)
    # Longer: by what comes in, which takes two samples.
    (found,) = database.query("select * from maint.forecast_keep('events', '9 days')")
    assert (found["saved_rows"], found["note"]) == (None, "the inflow is not known yet; it takes two samples")
    database.query(
        "insert into maint._sample (policy_id, relation_id, at, inserted) select policy_id, relation_id,"
        " at - interval '2 hours', inserted - 120 from maint._sample"
    )
    (found,) = database.query("select * from maint.forecast_keep('events', '9 days')")
    assert found["saved_rows"] == pytest.approx(-60 * 48, abs=60)

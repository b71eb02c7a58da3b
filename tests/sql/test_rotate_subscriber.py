"""A real subscriber on a second server: it gets what new partitions hold, and loses nothing that was not deleted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support import Cluster, Database, LocalCluster, running
from support.passes import until
from support.rotations import assert_nothing_half_done, last_run, make_sets, rotation, sql

SETTINGS = "wal_level = logical\nautovacuum = off\n"
Pair = tuple[Database, Database]


@pytest.fixture
def pair(cluster: Cluster) -> Iterator[Pair]:
    """A publisher with two expired partitions and no default, and a server with the same table in one piece."""
    assert isinstance(cluster, LocalCluster)
    with running(cluster.another(SETTINGS)) as publisher, running(cluster.another(SETTINGS)) as subscriber:
        make_sets(publisher)
        sql(publisher, "drop table app.rest", *(f"alter table app.{name} replica identity full" for name in "tab"))
        sql(subscriber, "create schema app", "create table app.t (at timestamptz not null, n int)")
        yield publisher, subscriber


def subscribe(pair: Pair, publish: str) -> None:
    publisher, subscriber = pair
    with publisher.superuser() as root:
        root.execute(
            f"create publication feed for table app.t with (publish = '{publish}', publish_via_partition_root)".encode()
        )
    with subscriber.superuser() as root:
        where = publisher.cluster.dsn(publisher.name).replace("'", "''")
        root.execute(f"create subscription feed connection '{where}' publication feed".encode())
    arrives(pair, 1000)


def arrives(pair: Pair, rows: int) -> None:
    until(lambda: pair[1].value("select count(*) from app.t") == rows, 60)


def test_a_subscriber_of_inserts_keeps_its_rows_and_gets_the_new_ones(pair: Pair) -> None:
    publisher, subscriber = pair
    subscribe(pair, "insert")
    with rotation(publisher) as call:
        assert call.wait().error is None, call.error
    assert (last_run(publisher)["partitions_made"], last_run(publisher)["partitions_removed"]) == (3, 2)
    sql(publisher, "insert into app.t select now(), 5000 + i from generate_series(1, 7) as i")
    arrives(pair, 1007)
    # What is to go there says the policy there.
    sql(subscriber, "select maint.set_policy('app.t', '1 day')", "call maint.cleanup('app.t')")
    arrives(pair, 7)
    assert_nothing_half_done(publisher)


def test_a_subscriber_of_deletes_sees_each_row_go_before_its_partition(pair: Pair) -> None:
    publisher, _ = pair
    subscribe(pair, "insert, update, delete")
    with rotation(publisher) as call:
        call.wait()
    assert (last_run(publisher)["partitions_made"], last_run(publisher)["partitions_removed"]) == (3, 0)
    sql(publisher, "call maint.cleanup('app.t')")
    arrives(pair, 0)
    with rotation(publisher) as call:
        assert call.wait().error is None, call.error
    assert publisher.query("select * from maint.partitions where state = 'expired'") == []
    sql(
        publisher,
        "insert into app.t select now(), 5000 + i from generate_series(1, 7) as i",
        # Its partitions have the replica identity of those that are gone.
        "delete from app.t where n = 5001",
    )
    arrives(pair, 6)
    assert_nothing_half_done(publisher)


@pytest.mark.parametrize("what", ["for all tables", "for tables in schema app", "for table app.a"])
def test_however_deletes_are_published_partitions_go_when_they_are_empty(database: Database, what: str) -> None:
    make_sets(database)
    with database.superuser() as root:
        root.execute(f"create publication feed {what}".encode())
    planned = database.query("select detail from maint.plan_rotation('app.t') where action = 'detach'")
    assert len(planned) == 2
    assert {"once it is empty: publication feed carries deletes" in row["detail"] for row in planned} == {True}

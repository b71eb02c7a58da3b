"""A database that the tests of one module share: each works in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from support import Cluster, Database
from support.cluster import OWNER
from support.partman import PARTMAN_GRANTS, Partman


@pytest.fixture(scope="module")
def shared(installed_server: Any, cluster: Cluster) -> Iterator[Database]:
    """A database with the schema installed, for as long as a module runs."""
    name = "shared"
    with cluster.connect() as connection:
        connection.execute(f'create database {name} template "{installed_server.template_dbname}" owner {OWNER}')
    lent = Database(cluster, name)
    lent.query("select maint.confirm(p_guard => 'copy', p_reason => 'a copy for the tests of one module')")
    yield lent
    with cluster.connect() as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def owner(shared: Database) -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection to the shared database, in a transaction that is rolled back."""
    with shared.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


@pytest.fixture
def root(shared: Database) -> Iterator[psycopg.Connection[Any]]:
    """The superuser's connection to the shared database, in a transaction that is rolled back."""
    with shared.superuser() as connection, connection.transaction(force_rollback=True):
        yield connection


PARTMAN_CLEAN = """
do $$
declare v_table text;
begin
    for v_table in select c.oid::regclass from pg_class as c where c.relnamespace = 'public'::regnamespace
        and c.relkind in ('r', 'p') and not c.relispartition
    loop
        execute 'drop table ' || v_table;
    end loop;
end $$;
delete from partman.part_config;
delete from maint._policy;
delete from maint._hold;
delete from maint._run;
delete from maint._used;
delete from maint._allowance;
delete from maint._suspended;
delete from maint._watermark;
"""


@pytest.fixture(scope="module")
def partman_site(shared: Database) -> Iterator[Partman]:
    """pg_partman in the schema partman of one database for the module; the owner of the tables may use it."""
    with shared.superuser() as connection:
        found = Partman(connection)
        connection.execute(PARTMAN_GRANTS.format(name=shared.name).encode())
        yield found


@pytest.fixture
def partman_set(partman_site: Partman) -> Iterator[Partman]:
    """pg_partman in the module's shared database; tables, sets and policies are gone after the test."""
    yield partman_site
    # A test may have failed as another role, or taken privileges away.
    partman_site.connection.execute("reset role")
    partman_site.connection.execute(PARTMAN_GRANTS.format(name=partman_site.connection.info.dbname) + PARTMAN_CLEAN)

"""A database that the tests of one module share: each works in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from support import Cluster, Database
from support.cluster import OWNER


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

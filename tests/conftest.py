"""Fixtures of every test: a server for the run, a fresh database for each test, the command line.

A run starts its own server from the distribution's binaries. PYTELEMETRY_TEST_DSN (a superuser's DSN) makes it use a
running one, PYTELEMETRY_TEST_BINDIR other binaries; with PYTELEMETRY_TEST_VERSION=17 it has to be a PostgreSQL 17.
Tests that need a server carry the mark `server`. Skips are shown at the end, and fail the run when CI=true.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from pytest_postgresql import factories
from support import Cli, Cluster, Database, ExternalCluster, LocalCluster
from support.cluster import OWNER


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The server: `.connect()`, `.stop()`, `.start()`, `.restart()`, `.crash()`, `.kill_backend(pid)`."""
    if dsn := os.environ.get("PYTELEMETRY_TEST_DSN"):
        external = ExternalCluster(dsn)
        _check_version(external)
        external.create_roles()
        yield external
        return
    local = LocalCluster()
    try:
        local.start()
        _check_version(local)
        local.create_roles()
        yield local
    finally:
        local.remove()


def _check_version(cluster: Cluster) -> None:
    found, wanted = str(cluster.version // 10000), os.environ.get("PYTELEMETRY_TEST_VERSION", "")
    if wanted not in ("", found):
        pytest.exit(f"the server is PostgreSQL {found}, PYTELEMETRY_TEST_VERSION asks for {wanted}", returncode=2)


def install_into_template(*, host: str, port: int, user: str, dbname: str, password: str | None, **_: object) -> None:
    """Install the schema into the template the test databases are copied from, as an ordinary owner."""
    # Here, so that a package that cannot be imported fails the tests which need it and no others.
    from pytelemetry_db.render import render_install
    from pytelemetry_db.source import load

    where: dict[str, Any] = {"host": host, "port": port, "dbname": dbname, "autocommit": True}
    with psycopg.connect(user=user, password=password, **where) as connection:
        hand_over(connection, dbname)
    with psycopg.connect(user=OWNER, password=OWNER, **where) as connection:
        connection.execute(render_install(load()).text.encode())


def hand_over(connection: psycopg.Connection[Any], dbname: str) -> None:
    """Make the owner's role own a database: a copy belongs to whoever made it."""
    connection.execute(sql.SQL("alter database {} owner to {}").format(sql.Identifier(dbname), sql.Identifier(OWNER)))


empty_server = factories.postgresql_noproc(depends_on="cluster", dbname="empty")
installed_server = factories.postgresql_noproc(depends_on="cluster", dbname="installed", load=[install_into_template])
_empty = factories.postgresql("empty_server")
_installed = factories.postgresql("installed_server")


def _lend(connection: psycopg.Connection[Any], cluster: Cluster) -> Iterator[Database]:
    name = connection.info.dbname
    connection.autocommit = True
    hand_over(connection, name)
    connection.close()
    yield Database(cluster, name)
    cluster.ensure_running()


@pytest.fixture
def database(_installed: psycopg.Connection[Any], cluster: Cluster) -> Iterator[Database]:
    """A fresh database with the schema installed by its owner.

    It is a copy of a template, and the product notices: everything would be suspended until somebody confirms.
    """
    for lent in _lend(_installed, cluster):
        lent.query("select maint.confirm(p_guard => 'copy', p_reason => 'every test has its own copy')")
        yield lent


@pytest.fixture
def empty_database(_empty: psycopg.Connection[Any], cluster: Cluster) -> Iterator[Database]:
    """A fresh database with nothing in it."""
    yield from _lend(_empty, cluster)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """`cli("status", "--dsn", database.dsn)` runs the command in its own process and returns a `Result`."""
    return Cli(tmp_path)


# Modules with an embedded server: never two at a time.
ALONE = {"test_demo", "test_wheel", "test_verify"}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what `make test-matrix` runs on every version: whatever uses the server."""
    if "cluster" in getattr(item, "fixturenames", ()):
        item.add_marker("server")


@pytest.fixture(scope="module", autouse=True)
def _alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Modules that look at what is on the machine, or would be seen there, wait for each other."""
    if request.path.stem not in ALONE:
        yield
        return
    with open(Path(tempfile.gettempdir()) / f"pytelemetry-tests-{os.getuid()}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _skips_fail(terminalreporter):
        terminalreporter.write_line("CI: a skipped test is a test that did not pass", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if _skips_fail(session.config.pluginmanager.get_plugin("terminalreporter")) and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _skips_fail(reporter: pytest.TerminalReporter | None) -> bool:
    return os.environ.get("CI") == "true" and reporter is not None and bool(reporter.stats.get("skipped"))

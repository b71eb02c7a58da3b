"""The PostgreSQL server of a test run: ours, started from the distribution's binaries, or one that is already up."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, NoReturn

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tools import local_server
from tools.local_server import BINARIES, SUPERUSER, LocalServer, ServerFailedError, as_server_account

__all__ = ["BINARIES", "Cluster", "ExternalCluster", "LocalCluster", "Standby", "as_server_account", "newest_bindir"]

# Roles the tests connect as. The owner of everything installed is never a superuser.
OWNER = "maint_owner"
PASSWORD_ROLE = "needs_password"

# Autovacuum is on, as users have it, and stays away: which test it comes into would be a matter of luck.
SETTINGS = """
autovacuum_naptime = '1d'
shared_preload_libraries = 'pg_cron,plpgsql_check'
cron.database_name = 'postgres'
cron.host = '{directory}'
wal_level = logical
max_connections = 60
shared_buffers = 64MB
fsync = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d %a '
dynamic_shared_memory_type = mmap
"""


class Cluster:
    """Where the server is, in the words `pytest-postgresql` expects of a server fixture."""

    def __init__(self, host: str, port: int, user: str, password: str | None = None) -> None:
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.options = ""
        self.maintenance_dbname = "postgres"
        self.template_dbname: str | None = None

    def dsn(self, dbname: str = "postgres", **parts: Any) -> str:
        """A connection string for `dbname`, as the superuser unless `parts` say otherwise."""
        base: dict[str, Any] = {"host": self.host, "port": self.port, "user": self.user, "dbname": dbname}
        if self.password is not None:
            base["password"] = self.password
        return make_conninfo("", **{**base, **parts})

    def connect(self, dbname: str = "postgres", **parts: Any) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect as the superuser, in autocommit."""
        return psycopg.connect(self.dsn(dbname, **parts), autocommit=True)

    @property
    def version(self) -> int:
        """The server's version as in `server_version_num`."""
        with self.connect() as connection:
            return connection.info.server_version

    def create_roles(self) -> None:
        """Make the roles the tests connect as, unless an earlier run left them."""
        with self.connect() as connection:
            for role in (OWNER, PASSWORD_ROLE):
                if connection.execute("select from pg_roles where rolname = %s", [role]).fetchone() is None:
                    connection.execute(f"create role {role} login password '{role}'")

    def ensure_running(self) -> None:
        """Called after each test: a test may have stopped or crashed the server."""

    def _not_ours(self) -> NoReturn:
        pytest.skip("needs a server of its own: PYTELEMETRY_TEST_DSN names one that tests must not stop")

    def stop(self) -> None:
        """Fast shutdown."""
        self._not_ours()

    def start(self) -> None:
        """Start and wait until connections are accepted."""
        self._not_ours()

    def restart(self) -> None:
        """Fast shutdown, then start."""
        self.stop()
        self.start()

    def crash(self) -> None:
        """Immediate shutdown: no checkpoint, the next start goes through recovery."""
        self._not_ours()

    def kill_backend(self, pid: int) -> None:
        """SIGKILL one backend; the server resets itself, so this waits until it accepts connections again."""
        self._not_ours()

    def standby(self) -> Standby:
        """A streaming replica of this server, not started yet; the caller removes it."""
        self._not_ours()

    def another(self, settings: str = "") -> LocalCluster:
        """A second server of the same version, with `settings` of its own, not started yet; the caller removes it."""
        self._not_ours()

    def client(self, program: str, *arguments: object) -> None:
        """Run one of the client programs that came with the server."""
        self._not_ours()


class ExternalCluster(Cluster):
    """The server PYTELEMETRY_TEST_DSN names. Tests that stop a server skip, visibly."""

    def __init__(self, dsn: str) -> None:
        with psycopg.connect(dsn) as connection:
            info = connection.info
            super().__init__(info.host, info.port, info.user, info.password or None)
            if info.parameter_status("is_superuser") != "on":
                pytest.exit("PYTELEMETRY_TEST_DSN must connect as a superuser", returncode=2)


class LocalCluster(LocalServer, Cluster):
    """A server of our own in a temporary directory."""

    def __init__(self, settings: str = "", bindir: Path | None = None) -> None:
        LocalServer.__init__(self, SETTINGS + settings, bindir=bindir or newest_bindir(), prefix="pgt-")
        Cluster.__init__(self, str(self.directory), 5432, SUPERUSER)

    def _make_data(self) -> None:
        super()._make_data()
        hba = self.pgdata / "pg_hba.conf"
        hba.write_text(f"local all {PASSWORD_ROLE} scram-sha-256\n{hba.read_text()}")

    def wait(self, seconds: float = 60) -> None:
        try:
            super().wait(seconds)
        except ServerFailedError as error:
            pytest.exit(str(error), returncode=2)

    def crash(self) -> None:
        self._signal(signal.SIGQUIT)

    def kill_backend(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        # Until the postmaster has seen the death, the old generation still answers.
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            try:
                with self.connect() as connection:
                    if connection.execute("select from pg_stat_activity where pid = %s", [pid]).fetchone() is None:
                        return
            except psycopg.OperationalError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"the server did not come back after the end of its backend {pid}")

    def standby(self) -> Standby:
        return Standby(self)

    def another(self, settings: str = "") -> LocalCluster:
        return LocalCluster(settings)

    def client(self, program: str, *arguments: object) -> None:
        command = [str(self.bindir / program), *map(str, arguments)]
        done = subprocess.run(command, cwd=self.directory, capture_output=True, text=True)
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    def ensure_running(self) -> None:
        if self._process is None or self._process.poll() is not None:
            self.start()


class Standby(LocalCluster):
    """A streaming replica with a socket directory of its own."""

    def __init__(self, primary: Cluster) -> None:
        self._primary = primary
        super().__init__()

    def _make_data(self) -> None:
        self.run("pg_basebackup", "-D", self.pgdata, "-d", self._primary.dsn(), "-R", "-N", "--checkpoint=fast")

    def promote(self) -> None:
        """Make it a primary on a timeline of its own."""
        with self.connect() as connection:
            promoted = connection.execute("select pg_promote(wait_seconds => 60)").fetchone()
        assert promoted == (True,), self.log.read_text()[-4000:]


def newest_bindir() -> Path:
    """The server binaries to use; without any there is nothing to test."""
    try:
        return local_server.newest_bindir()
    except ServerFailedError as error:
        pytest.exit(str(error), returncode=2)

"""A PostgreSQL server in a temporary directory, from the distribution's binaries: for the tests and the benchmark."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

__all__ = ["BINARIES", "SUPERUSER", "LocalServer", "ServerFailedError", "as_server_account", "newest_bindir"]

SUPERUSER = "postgres"
BINARIES = Path("/usr/lib/postgresql")


class ServerFailedError(Exception):
    """There is no server to start, or it did not do as it was told."""


class LocalServer:
    """A server of our own, not started yet; PostgreSQL refuses to run as root, so then as `postgres`.

    In `settings`, `{directory}` stands for the directory that has everything: the data, the log and the socket.
    """

    # True: what a terminal or `timeout` sends to all processes of a command does not reach it; see `as_server_account`.
    apart = False
    # More options for initdb.
    initdb: tuple[str, ...] = ()

    def __init__(self, settings: str, *, bindir: Path | None = None, prefix: str, parent: str = "/tmp") -> None:
        self.bindir = bindir or newest_bindir()
        # /tmp unless somebody wants another: a socket's path may not exceed 107 bytes.
        self.directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        self.pgdata = self.directory / "data"
        self.log = self.directory / "log"
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            shutil.chown(self.directory, SUPERUSER, SUPERUSER)
        self._make_data()
        with (self.pgdata / "postgresql.conf").open("a") as file:
            file.write(f"\nport = 5432\nlisten_addresses = ''\nunix_socket_directories = '{self.directory}'\n")
            file.write(settings.replace("{directory}", str(self.directory)))

    def _make_data(self) -> None:
        options = ("-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", *self.initdb)
        self.run("initdb", "-D", self.pgdata, *options)

    def _command(self, program: str, *arguments: object) -> list[str]:
        return [*as_server_account(), str(self.bindir / program), *map(str, arguments)]

    def run(self, program: str, *arguments: object) -> None:
        """Run one of the server's programs under the server's account."""
        command = self._command(program, *arguments)
        done = subprocess.run(command, cwd=self.directory, capture_output=True, text=True)
        if done.returncode != 0:
            raise ServerFailedError(f"{program}: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start and wait until connections are accepted."""
        with self.log.open("ab") as log:
            command = self._command("postgres", "-D", self.pgdata)
            self._process = subprocess.Popen(
                command, cwd=self.directory, stdout=log, stderr=log, start_new_session=self.apart
            )
        self.wait()

    def wait(self, seconds: float = 60) -> None:
        """Wait until the server accepts connections."""
        assert self._process is not None
        give_up = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < give_up:
            try:
                psycopg.connect(host=str(self.directory), port=5432, user=SUPERUSER, dbname="postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise ServerFailedError(f"the server did not start:\n{self.log.read_text()[-4000:]}")

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(60)

    def stop(self) -> None:
        """Fast shutdown."""
        self._signal(signal.SIGINT)

    def remove(self) -> None:
        """Stop the server and delete everything it wrote."""
        if self._process is not None and self._process.poll() is None:
            self.stop()
        shutil.rmtree(self.directory)


def as_server_account() -> list[str]:
    """Words before a command that run it under the server's account; when its starter is killed, it ends as well."""
    account = [f"--reuid={SUPERUSER}", f"--regid={SUPERUSER}", "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", "--pdeathsig=INT", *account]


def newest_bindir() -> Path:
    """The server binaries to use: PYTELEMETRY_TEST_BINDIR, else the newest the distribution installed."""
    if given := os.environ.get("PYTELEMETRY_TEST_BINDIR"):
        return Path(given)
    installed = sorted(BINARIES.glob("[0-9]*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not installed:
        raise ServerFailedError("no PostgreSQL server is installed: run tools/bootstrap")
    return installed[-1].parent

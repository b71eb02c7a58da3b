"""Commands in processes of their own that need not load Python's libraries first, which is most of a short one's time.

This file, run as a script, imports them once. For each message it forks a process, which runs the package as
`python -m pytelemetry_db` does, to the interpreter's own end.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

__all__ = ["Forks"]

BIGGEST = 2**17


class Forks:
    """The process that forks, for the package that PYTHONPATH in `environment` names."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                env=environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self.close)

    def close(self) -> None:
        """It ends when nobody can write to it any more."""
        self._control.close()
        self._process.wait()

    def run(
        self, arguments: list[str], environment: dict[str, str], cwd: Path, stdin: str, timeout: float
    ) -> tuple[int, str, str]:
        """Run a command to its end; returns its exit code, or minus the signal that ended it, its stdout and stderr."""
        message = json.dumps([arguments, environment, str(cwd)]).encode()
        assert len(message) < BIGGEST
        with (
            tempfile.TemporaryFile("w+") as given,
            tempfile.TemporaryFile("w+") as out,
            tempfile.TemporaryFile("w+") as err,
        ):
            given.write(stdin)
            given.seek(0)
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with ours:
                with theirs:
                    files = [given.fileno(), out.fileno(), err.fileno(), theirs.fileno()]
                    socket.send_fds(self._control, [message], files)
                process = int(ours.recv(64))
                ours.settimeout(timeout)
                try:
                    code = int(ours.recv(64))
                except TimeoutError:
                    os.kill(process, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(arguments, timeout) from None
            out.seek(0)
            err.seek(0)
            return code, out.read(), err.read()


def serve(control: socket.socket) -> list[str]:
    """Fork for each message; returns in the new process only, with its arguments, when everything else is set."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, files, _, _ = socket.recv_fds(control, BIGGEST, 4)
        if not message:
            control.close()
            sys.exit()
        if os.fork() == 0:
            break
        for file in files:
            os.close(file)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    control.close()
    if process := os.fork():
        watch(process, files[3])
    for number, file in enumerate(files):
        if number < 3:
            os.dup2(file, number)
        os.close(file)
    arguments, environment, cwd = json.loads(message)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.path.insert(0, cwd)
    return list(arguments)


def watch(process: int, file: int) -> NoReturn:
    """Tell the number of the process, and when it has ended, how."""
    with socket.socket(fileno=file) as caller:
        caller.send(str(process).encode())
        _, status = os.waitpid(process, 0)
        caller.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


if __name__ == "__main__":
    # Not what lies beside this file.
    del sys.path[0]
    for name in ("pytelemetry_db.cli", "typer._adapters", "psycopg", "email.message"):
        importlib.import_module(name)
    gc.freeze()
    sys.argv[1:] = serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("pytelemetry_db", run_name="__main__", alter_sys=True)

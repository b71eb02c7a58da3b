"""Runs the command line as a user does: in its own process, with a clean environment."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from support.forked import Forks

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """What one command did."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """stdout, parsed."""
        return json.loads(self.stdout)


@cache
def _forks(root: Path) -> Forks:
    return Forks(Cli(Path("/nonexistent"), root).environment())


class Cli:
    """Calls `python -m pytelemetry_db`. `home` is the user's home, so that no real passfile or service file is read.

    `root` is where the package lies: the repository, or a copy of it that is another release.
    """

    def __init__(self, home: Path, root: Path = ROOT) -> None:
        self.home = home
        self.root = root

    def environment(self, env: dict[str, str] | None = None) -> dict[str, str]:
        """The environment of a command: nothing but what it needs, and `env`."""
        clean = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(self.root),
            "PYTHONWARNINGS": "error",
        }
        return clean | (env or {})

    def start(self, *arguments: object, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a command and return at once; the caller waits for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "pytelemetry_db", *map(str, arguments)],
            env=self.environment(env),
            cwd=self.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(
        self, *arguments: object, env: dict[str, str] | None = None, stdin: str | None = None, timeout: float = 120
    ) -> Result:
        """Run a command to its end; without an `env` that Python itself might read, in a process forked for it."""
        if not env:
            return Result(
                *_forks(self.root).run([*map(str, arguments)], self.environment(), self.home, stdin or "", timeout)
            )
        with self.start(*arguments, env=env) as process:
            try:
                stdout, stderr = process.communicate(stdin, timeout=timeout)
            finally:
                process.kill()
        return Result(process.returncode, stdout, stderr)

    def here(self, *arguments: object, env: dict[str, str] | None = None) -> Result:
        """Run a command in this process: the same, twenty times faster, where many command lines are compared."""
        from pytelemetry_db.cli import run

        stdout, stderr = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, self.environment(env), clear=True),
            redirect_stdout(stdout),
            redirect_stderr(stderr),
        ):
            code = run([*map(str, arguments)])
        return Result(code, stdout.getvalue(), stderr.getvalue())

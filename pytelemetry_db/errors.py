"""What can go wrong, as types: each says what was found, what was expected and what to do next.

Exit codes of the command line, all documented here:

====  =============================================================================
code  meaning
====  =============================================================================
0     fine
1     warning or drift (a result, not an error: no class below has it)
2     critical or failed: the server refused, could not be reached, or the work failed
3     unknown: not installed, not permitted, no policy
64    wrong usage of the command line or of a function
130   interrupted by Ctrl-C
143   interrupted by SIGTERM or SIGHUP
====  =============================================================================
"""

# ruff: noqa: N818 (the names say what happened, as in PostgreSQL; "Error" adds nothing to Refused)
from typing import ClassVar

__all__ = [
    "ConnectionFailed",
    "Interrupted",
    "NoPolicy",
    "NotInstalled",
    "NotPermitted",
    "OperationFailed",
    "PytelemetryError",
    "Refused",
    "UsageError",
]


class PytelemetryError(Exception):
    """The root of every error we raise; ``str()`` is what a person should read.

    :param found: what was found, in one line
    :param expected: what would have been right
    :param next_step: the command or statement to run next
    :param sqlstate: the server's five-character code, if the server raised it
    """

    exit_code: int
    default_exit_code: ClassVar[int] = 2

    def __init__(
        self,
        found: str,
        expected: str | None = None,
        next_step: str | None = None,
        *,
        sqlstate: str | None = None,
    ) -> None:
        super().__init__(found, expected, next_step)
        self.found = found
        self.expected = expected
        self.next_step = next_step
        self.sqlstate = sqlstate
        self.exit_code = self.default_exit_code

    def __str__(self) -> str:
        line = _one_line(self.found)
        if self.expected:
            line = f"{line} ({_one_line(self.expected)})"
        if self.next_step:
            line = f"{line}\n  try: {_one_line(self.next_step)}"
        return line


class UsageError(PytelemetryError):
    """The call itself is wrong: an option, an argument, an unknown table."""

    default_exit_code = 64


class NotInstalled(PytelemetryError):
    """Our schema is not in this database."""

    default_exit_code = 3


class NotPermitted(PytelemetryError):
    """The role may not log in, or may not do this."""

    default_exit_code = 3


class NoPolicy(PytelemetryError):
    """There is no policy for the table that was named."""

    default_exit_code = 3


class ConnectionFailed(PytelemetryError):
    """No connection: host, port, database, encryption or time."""


class Refused(PytelemetryError):
    """The server, or a guard of ours in it, refuses to do this in the present state."""


class OperationFailed(PytelemetryError):
    """The work was begun and failed."""


class Interrupted(PytelemetryError):
    """Stopped by a signal: 130 for Ctrl-C, 143 for SIGTERM and SIGHUP."""

    default_exit_code = 130

    def __init__(self, found: str = "interrupted", *, exit_code: int = 130) -> None:
        super().__init__(found)
        self.exit_code = exit_code


def _one_line(text: str) -> str:
    return " ".join(text.split())

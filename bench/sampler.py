"""What is looked at while a pass is at work: how far it is, and how much memory its backend has."""

import re
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from bench.stage import Connection
from bench.statements import statement

__all__ = ["Sample", "Sampler", "flatness", "memory_kb"]

_TICK = 0.1
# With fewer batches a tenth of them says nothing.
_LEAST_BATCHES = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows and batches of a pass, and the second of the pass at which its last batch was committed."""

    batches: int
    rows: int
    at: float


class Sampler:
    """Reads ``maint.progress`` every 100 ms through a session of its own, which it closes."""

    def __init__(self, connection: Connection) -> None:
        self.samples: list[Sample] = []
        self._connection = connection
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._error: Exception | None = None

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._connection.close()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._over.wait(_TICK):
                for row in self._connection.execute(statement("progress")).fetchall():
                    if row["batches"] > 0 and (not self.samples or row["batches"] > self.samples[-1].batches):
                        self.samples.append(Sample(row["batches"], row["rows"], row["at"]))
        except Exception as error:  # noqa: BLE001 - told by the thread that waits for this one
            self._error = error


def flatness(samples: list[Sample]) -> float | None:
    """Seconds per row in the last tenth of the batches, divided by those in the first; None of too few batches."""
    if not samples or samples[-1].batches < _LEAST_BATCHES:
        return None
    tenth = samples[-1].batches / 10
    first = next(sample for sample in samples if sample.batches >= samples[0].batches + tenth)
    late = [sample for sample in samples if sample.batches <= samples[-1].batches - tenth]
    if not late:
        return None
    begin, end = _cost(samples[0], first), _cost(late[-1], samples[-1])
    return end / begin if begin and end else None


def _cost(since: Sample, until: Sample) -> float | None:
    return (until.at - since.at) / (until.rows - since.rows) if until.rows > since.rows else None


def memory_kb(connection: Connection) -> dict[str, int] | None:
    """Memory of a connection's backend: all that is resident, and its own part; None on another machine.

    What is not its own are pages of the server's shared buffers, which count once they were touched.
    """
    if not connection.info.host.startswith("/"):
        return None
    process = Path("/proc", str(connection.info.backend_pid))
    try:
        if not (process / "cmdline").read_bytes().startswith(b"postgres:"):
            return None
        found = dict(re.findall(r"^(VmRSS|RssAnon):\s+(\d+) kB$", (process / "status").read_text(), re.MULTILINE))
        return {"resident": int(found["VmRSS"]), "private": int(found["RssAnon"])}
    except (OSError, KeyError):
        return None

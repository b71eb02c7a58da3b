"""Files that readers find whole or not at all."""

import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from pytelemetry_db.errors import OperationFailed, UsageError

__all__ = ["replacing"]


@contextmanager
def replacing(name: str, mode: int | None = None) -> Iterator[Callable[[str], None]]:
    """Give a function that writes beside ``name``; that takes its place when the block ends well, else it goes away.

    A pipe or a device is written to as it is. A link stays one, and the mode of a file that is replaced stays.

    :param mode: of a file that is new; by default what the umask leaves

    :raises UsageError: before the block, when the file cannot be written
    :raises OperationFailed: when the disk takes no more
    """
    path = Path(os.path.realpath(name))
    try:
        found = path.stat().st_mode if path.exists() else None
        stream, other = _open(path, found)
    except OSError as error:
        raise UsageError(
            f"cannot write {name}: {error.strerror}", "a file in a directory that may be written"
        ) from None

    def write(text: str) -> None:
        with _told(name):
            stream.write(text)

    try:
        yield write
        with _told(name):
            stream.flush()
            if other is not None:
                os.fchmod(stream.fileno(), _mode(found) if found is not None or mode is None else mode)
                os.fsync(stream.fileno())
            stream.close()
            if other is not None:
                other.replace(path)
    except BaseException:
        with suppress(OSError):
            stream.close()
        if other is not None:
            other.unlink(missing_ok=True)
        raise


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OperationFailed(f"cannot write {name}: {error.strerror}") from None


def _open(path: Path, found: int | None) -> tuple[TextIO, Path | None]:
    """Open the file itself if it is none that can be replaced, and else another one beside it."""
    if found is not None and stat.S_ISDIR(found):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if found is not None and not stat.S_ISREG(found):
        return open(path, "w", encoding="utf-8", newline=""), None
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    return os.fdopen(handle, "w", encoding="utf-8", newline=""), Path(temporary)


def _mode(found: int | None) -> int:
    if found is not None:
        return stat.S_IMODE(found)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask

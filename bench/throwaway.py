"""The server to measure when none was named: started for this, in a directory that is deleted afterwards."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from tools.local_server import SUPERUSER, LocalServer

__all__ = ["throwaway"]

# Sizes in MB. Autovacuum is off: what it does, and when, would be measured as well.
_SETTINGS = """
shared_buffers = {buffers}MB
max_wal_size = 8GB
autovacuum = off
fsync = on
max_connections = 20
timezone = 'UTC'
log_timezone = 'UTC'
dynamic_shared_memory_type = mmap
"""
_LEAST, _MOST = 128, 2048
_ROWS_PER_MB = 2000


class _Server(LocalServer):
    """Ctrl-C is for the benchmark, which then stops the server."""

    apart = True


@contextmanager
def throwaway(rows: int, settings: tuple[str, ...] = ()) -> Iterator[str]:
    """Start a server with memory for ``rows`` and ``settings`` such as ``random_page_cost = 1.1`` over its own;
    yields a DSN of its superuser.

    :raises ServerFailedError: when there are no binaries, or it does not start
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    buffers = max(_LEAST, min(_MOST, rows // _ROWS_PER_MB, memory // 4))
    lines = [_SETTINGS.format(buffers=buffers), *(f"{setting}\n" for setting in settings)]
    server = _Server("".join(lines), prefix="pytelemetry-bench-", parent=tempfile.gettempdir())
    try:
        server.start()
        yield f"host='{server.directory}' port=5432 user={SUPERUSER} dbname=postgres"
    finally:
        server.remove()

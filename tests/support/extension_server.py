"""A server with extensions of our own: a copy of its programs that look for everything else where they lie."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.cluster import LocalCluster, newest_bindir

PROGRAMS = ("initdb", "pg_dump", "postgres")


@contextmanager
def extension_server() -> Iterator[tuple[LocalCluster, Path]]:
    """A running server, and the directory that it reads control files and scripts of extensions from."""
    if os.environ.get("PYTELEMETRY_TEST_DSN"):
        pytest.skip("needs a server of its own: PYTELEMETRY_TEST_DSN names one whose extensions are not ours")
    original = newest_bindir()
    version = original.parent.name
    shared = original.parents[3] / "share" / "postgresql" / version
    with tempfile.TemporaryDirectory(prefix="pgx-", dir="/tmp") as directory:
        usr = Path(directory) / "usr"
        bindir = usr / "lib" / "postgresql" / version / "bin"
        bindir.mkdir(parents=True)
        for program in PROGRAMS:
            # A link would not do: the programs look where the file is.
            shutil.copy2(original / program, bindir)
        (bindir.parent / "lib").symlink_to(original.parent / "lib")
        extensions = usr / "share" / "postgresql" / version / "extension"
        extensions.mkdir(parents=True)
        for path in shared.iterdir():
            if path.name != "extension":
                (extensions.parent / path.name).symlink_to(path)
        for path in (shared / "extension").iterdir():
            (extensions / path.name).symlink_to(path)
        # PostgreSQL may run under another account.
        os.chmod(directory, 0o755)
        cluster = LocalCluster(bindir=bindir)
        try:
            cluster.start()
            cluster.create_roles()
            yield cluster, extensions
        finally:
            cluster.remove()

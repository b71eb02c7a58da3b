"""A server whose data lie on a small disk of their own, and can fill it."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from support.cluster import LocalCluster
from tools.local_server import SUPERUSER

__all__ = ["SmallDisk"]

MOUNT = 'mount -t tmpfs -o "size=$2m,mode=700,$3" tmpfs "$1" && echo mounted && shift 3 && exec "$@"'


class SmallDisk(LocalCluster):
    """A tmpfs in a mount namespace: nothing of it is seen elsewhere, and it goes with the process that keeps it."""

    initdb = ("--wal-segsize=1",)

    def __init__(self, megabytes: int, settings: str = "") -> None:
        self._megabytes = megabytes
        super().__init__(settings)

    def _make_data(self) -> None:
        self.pgdata.mkdir()
        rights = ["--map-current-user", "--keep-caps"]
        account = [f"--reuid={SUPERUSER}", f"--regid={SUPERUSER}", "--clear-groups"]
        owner = "nr_inodes=10k"
        if root := os.geteuid() == 0:
            owner = f"uid={SUPERUSER},gid={SUPERUSER}"
        command = ["unshare", *([] if root else rights), "--mount", "sh", "-c", MOUNT, "sh", str(self.pgdata)]
        keeper = ["setpriv", "--pdeathsig=KILL", *(account if root else []), "sleep", "infinity"]
        self._keeper = subprocess.Popen(
            [*command, str(self._megabytes), owner, *keeper], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._keeper.stdout is not None
        assert self._keeper.stderr is not None
        if self._keeper.stdout.readline() != "mounted\n":
            pytest.skip(f"no disk can be mounted here: {self._keeper.stderr.read().strip()}")
        # The way into its namespace, for the server as well.
        self.disk = Path(f"/proc/{self._keeper.pid}/root") / self.pgdata.relative_to("/")
        self.pgdata = self.disk / "data"
        super()._make_data()

    def fill(self, leave: int) -> None:
        """Write a file until only so many bytes are free, or none, where the server was faster to take them."""
        assert self._free() > leave
        with (self.disk / "ballast").open("ab", buffering=0) as file:
            while (size := self._free() - leave) > 0:
                try:
                    file.write(bytes(min(size, 2**20)))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    return

    def _free(self) -> int:
        """Bytes that are free."""
        found = os.statvfs(self.disk)
        return found.f_bavail * found.f_frsize

    def empty(self) -> None:
        """Delete that file."""
        (self.disk / "ballast").unlink()

    def remove(self) -> None:
        try:
            super().remove()
        finally:
            self._keeper.kill()
            self._keeper.communicate()

"""Moves of a database by the server's own programs: pg_dump writes it as plain SQL, psql reads that elsewhere."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.cluster import Cluster, LocalCluster


def program(cluster: Cluster, name: str) -> str:
    """The program that came with the server; of a server that is not ours, the one on the path."""
    return str(cluster.bindir / name) if isinstance(cluster, LocalCluster) else name


def dump(cluster: Cluster, dbname: str) -> str:
    """What pg_dump writes of a database."""
    command = [program(cluster, "pg_dump"), "--dbname", cluster.dsn(dbname)]
    done = subprocess.run(command, cwd=Path("/tmp"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_script(dsn: str, text: str, psql: str = "psql") -> subprocess.CompletedProcess[str]:
    """psql reads a script and stops at the first error."""
    command = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "--dbname", dsn]
    return subprocess.run(command, cwd=Path("/tmp"), input=text, capture_output=True, text=True)


def restore(source: Cluster, text: str, target: Cluster, dbname: str) -> None:
    """Read a dump into a database as the superuser, by the psql that came with the dump's server."""
    done = run_script(target.dsn(dbname), text, program(source, "psql"))
    assert done.returncode == 0, done.stderr

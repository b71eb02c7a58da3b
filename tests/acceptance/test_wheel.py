"""The package as users get it: a wheel in an empty virtual environment, away from the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from support.command import ROOT, Cli


def _run(*command: object, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    out = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, cwd=ROOT)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """bin/ of a virtual environment with the wheel, its demo extra, and nothing else."""
    home = tmp_path_factory.mktemp("empty")
    venv.create(home / "venv", with_pip=True)
    programs = home / "venv" / "bin"
    _run(programs / "pip", "install", "--quiet", f"{wheel}[demo]", cwd=home)
    return programs


def test_the_wheel_carries_every_sql_file_and_template(wheel: Path) -> None:
    carried = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("pytelemetry_db/sql/")}
    assert carried >= {f"pytelemetry_db/{path.relative_to(ROOT)}" for path in (ROOT / "sql").rglob("*.sql")}
    templates = {f"pytelemetry_db/templates/{path.name}" for path in (ROOT / "pytelemetry_db/templates").iterdir()}
    assert templates <= set(zipfile.ZipFile(wheel).namelist())
    assert "pytelemetry_db/py.typed" in zipfile.ZipFile(wheel).namelist()


def test_the_wheel_prints_the_script_of_the_repository(programs: Path, tmp_path: Path, cli: Cli) -> None:
    assert _run(programs / "pytelemetry-db", "sql", "install", cwd=tmp_path) == cli("sql", "install").stdout


def test_the_demo_runs_from_the_wheel(programs: Path, tmp_path: Path) -> None:
    assert "exactly" in _run(programs / "pytelemetry-db", "demo", "--rows", "2000", cwd=tmp_path)

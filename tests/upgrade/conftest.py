"""The releases that come after this one, made once per run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support import Cli

from upgrade import fixture_release
from upgrade.fixture_release import FixtureRelease


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> FixtureRelease:
    """The next release after this one."""
    return fixture_release.first(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="session")
def second(first: FixtureRelease, tmp_path_factory: pytest.TempPathFactory) -> FixtureRelease:
    """The release after the next one."""
    return fixture_release.second(first, tmp_path_factory.mktemp("second"))


@pytest.fixture
def cli_of(tmp_path: Path) -> Callable[[FixtureRelease], Cli]:
    """The command line of another release."""
    return lambda release: Cli(tmp_path, release.root)

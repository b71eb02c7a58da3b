"""What was released stays as it was: install scripts, migrations, and the list of versions."""

from __future__ import annotations

import hashlib

import pytest
from support.command import ROOT
from support.releases import numbers, released

from pytelemetry_db import __version__, source
from pytelemetry_db.render import render_install

MIGRATIONS = ROOT / "sql" / "migrations"


def frozen() -> dict[str, str]:
    """The hashes of released migrations, in the order in which they run."""
    lines = (MIGRATIONS / "frozen.sha256").read_text().splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def test_every_released_version_has_its_script() -> None:
    known = source.load().released
    scripts = released()
    assert scripts.keys() <= known.keys()
    # This version gets its script when it is published.
    assert known.keys() - {__version__} <= scripts.keys()
    assert sorted(known, key=numbers) == list(known)
    assert sorted(known.values()) == list(known.values())


@pytest.mark.parametrize("version", released())
def test_a_script_is_the_one_of_its_version(version: str) -> None:
    assert released()[version].startswith(f"-- pytelemetry_db: install {version} into schema maint\n")


def test_a_released_version_does_not_change() -> None:
    release = source.load()
    scripts = released()
    assert release.version not in release.released or release.released[release.version] == release.migration, (
        f"{release.version} was released with {release.released[release.version]} migrations: raise the version"
    )
    assert release.version not in scripts or scripts[release.version] == render_install(release).text, (
        f"{release.version} was released with another script: raise the version"
        " (or, before it is published: make release-script)"
    )


def test_released_migrations_do_not_change() -> None:
    now = {f"{item.name}.sql": hashlib.sha256(item.text.encode()).hexdigest() for item in source.load().migrations}
    kept = frozen()
    assert kept == {name: now.get(name) for name in kept}, "write another migration"
    assert list(kept) == list(now)[: len(kept)]
    last = max(source.load().released[version] for version in released())
    assert len(kept) >= last, "make release-script"

"""The scripts of released versions, as they were printed by `sql install`; `make release-script` writes them."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass, field

from pytelemetry_db import __version__, source
from pytelemetry_db.render import render_install
from support.command import ROOT

RELEASES = ROOT / "tests" / "releases"


@dataclass(frozen=True)
class Start:
    """A version to upgrade from, and the script that installs it."""

    version: str
    script: str = field(repr=False)
    name: str


def released() -> dict[str, str]:
    """The install script of each released version, oldest first."""
    paths = {path.name.removesuffix(".sql.gz"): path for path in RELEASES.glob("*.sql.gz")}
    return {version: gzip.decompress(paths[version].read_bytes()).decode() for version in sorted(paths, key=numbers)}


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers that compare as versions do."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def starts() -> list[Start]:
    """Every released version, and this one unless it is just that."""
    found = [Start(version, script, version) for version, script in released().items()]
    script = render_install(source.load()).text
    if script not in [start.script for start in found]:
        found.append(Start(__version__, script, "HEAD"))
    return found

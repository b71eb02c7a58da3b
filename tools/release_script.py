"""Write down what a release freezes, right before it is published: its install script, its migrations, its entry.

Upgrades are tested from ``tests/releases/VERSION.sql.gz``, and ``sql/migrations/frozen.sha256`` keeps migrations that
somebody has run as they were.
"""

import gzip
import hashlib
from pathlib import Path

from pytelemetry_db import source
from pytelemetry_db.render import render_install

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Write the three for the version in ``pytelemetry_db/__init__.py``; the same sources give the same bytes."""
    release = source.load(ROOT / "sql")
    if release.version not in release.released:
        with (ROOT / "sql" / "releases.toml").open("a", encoding="utf-8") as file:
            file.write(f'"{release.version}" = {release.migration}\n')
    frozen = ROOT / "sql" / "migrations" / "frozen.sha256"
    frozen.write_text(
        "".join(f"{hashlib.sha256(item.text.encode()).hexdigest()}  {item.name}.sql\n" for item in release.migrations),
        encoding="utf-8",
    )
    script = ROOT / "tests" / "releases" / f"{release.version}.sql.gz"
    script.parent.mkdir(exist_ok=True)
    script.write_bytes(gzip.compress(render_install(release).text.encode(), mtime=0))
    for path in (ROOT / "sql" / "releases.toml", frozen, script):
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()

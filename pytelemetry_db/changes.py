"""What an upgrade would change, told before it does: from the record of the installed release and the new sources."""

import hashlib
from dataclasses import dataclass

from pytelemetry_db import db
from pytelemetry_db.model import Release, Version
from pytelemetry_db.render import render_catalog, routine_bodies, signatures

__all__ = ["Changes", "find_changes"]


@dataclass(frozen=True, slots=True)
class Changes:
    """Names of files and objects, each in order. ``changed`` are routines with another body; views are always replaced.

    ``dropped`` are routines and views that the new release no longer has, or has with another signature.
    """

    migrations: tuple[str, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """What to show: what happens, and to which; without what does not happen."""
        rows = (
            ("run", self.migrations),
            ("add", self.added),
            ("change", self.changed),
            ("drop", self.dropped),
        )
        return tuple((action, name) for action, names in rows for name in names)


def find_changes(connection: db.Connection, release: Release, schema: str, start: Version) -> Changes:
    """Compare the record of the installed release with the sources of ``release``."""
    wanted = {"schema": schema, "signatures": signatures(release, schema)}
    recorded = db.fetch(connection, "recorded", schema, wanted)
    bodies = {name: hashlib.sha256(body.encode()).hexdigest() for name, body in routine_bodies(release, schema).items()}
    known = {_name(row["identity"]): row["body"] for row in recorded if row["stays"]}
    shown = {file.name: render_catalog(file.signature, schema) for file in release.repeatables}
    return Changes(
        migrations=tuple(file.path for file in release.migrations[start.migration :]),
        added=tuple(shown[file.name] for file in release.repeatables if file.name not in known),
        changed=tuple(
            shown[file.name]
            for file in release.repeatables
            if file.name in known and file.name in bodies and known[file.name] != bodies[file.name]
        ),
        dropped=tuple(f"{row['kind']} {row['identity']}" for row in recorded if not row["stays"]),
    )


def _name(identity: str) -> str:
    return identity.partition("(")[0].strip('"')

"""Write the release as a PostgreSQL extension: a control file, the install script and every update script.

The plain installation is the primary way. The extension is for those who roll out everything by CREATE EXTENSION; its
scripts are made from the same sources, without a transaction of their own.
"""

from collections.abc import Mapping
from pathlib import Path

from pytelemetry_db import source
from pytelemetry_db.errors import UsageError
from pytelemetry_db.model import Release, Version
from pytelemetry_db.names import DEFAULT_SCHEMA, quote_literal, validate_schema
from pytelemetry_db.render import EXTENSION, render_extension, render_extension_update

__all__ = ["extension_files", "write_extension"]


def extension_files(release: Release, schema: str = DEFAULT_SCHEMA) -> Mapping[str, str]:
    """Map file names to their text: what belongs into the server's directory ``extension``.

    :raises UsageError: when the schema's name is not allowed
    """
    control = source.template("extension.control")
    for token, value in (("@version@", release.version), ("@schema@", validate_schema(schema))):
        control = control.replace(token, quote_literal(value))
    files = {
        f"{EXTENSION}.control": control,
        f"{EXTENSION}--{release.version}.sql": render_extension(release, schema).text,
    }
    for version, migration in release.released.items():
        if version != release.version:
            script = render_extension_update(release, Version(version, migration), schema)
            files[f"{EXTENSION}--{version}--{release.version}.sql"] = script.text
    return files


def write_extension(release: Release, directory: Path, schema: str = DEFAULT_SCHEMA) -> tuple[Path, ...]:
    """Write the files into a directory that exists; files of the same name are replaced.

    :returns: the files, in order
    :raises UsageError: when there is no such directory, or the schema's name is not allowed
    """
    if not directory.is_dir():
        raise UsageError(f"{directory} is not a directory", next_step=f"mkdir {directory}")
    written = []
    for name, text in extension_files(release, schema).items():
        path = directory / name
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return tuple(written)

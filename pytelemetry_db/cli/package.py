"""Commands that write files for other ways to deliver: package extension."""

from pathlib import Path
from typing import Annotated

import typer

from pytelemetry_db.cli import output
from pytelemetry_db.cli.options import Offline, accepts

__all__ = ["register"]

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the files; it must exist.")]


def register(app: typer.Typer) -> None:
    """Add the group to ``app``."""
    package = typer.Typer(help="Write files for other ways to deliver.", no_args_is_help=True, rich_markup_mode=None)
    package.callback()(_group)
    package.command("extension")(accepts(extension))
    app.add_typer(package, name="package")


def _group() -> None:
    """A group, although it has one command."""


def extension(offline: Offline, directory: Directory) -> None:
    """Write the control file, the install script and every update script of the extension pytelemetry_db into DIR.

    Never connects. DIR is usually the directory that `pg_config --sharedir` names, with /extension. An extension has
    one schema, chosen here with --schema. CREATE EXTENSION is run by the ordinary role that is to own everything; a
    superuser says `set pytelemetry_db.owner = ROLE` before.
    """
    from pytelemetry_db import extension as packaging
    from pytelemetry_db import source

    for path in packaging.write_extension(source.load(), directory, offline.schema):
        output.line(str(path))
    output.next_step("psql -c 'create extension pytelemetry_db'")

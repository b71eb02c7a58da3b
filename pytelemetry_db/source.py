"""Find and read ``sql/``: package data in a wheel, the repository's directory in a checkout."""

import re
import tomllib
from pathlib import Path

from pytelemetry_db import __version__
from pytelemetry_db.errors import OperationFailed
from pytelemetry_db.model import Kind, Release, SourceFile

__all__ = ["catalog", "default_root", "demo", "frame", "load", "template"]

_FOLDERS: tuple[tuple[str, Kind], ...] = (("functions", "function"), ("procedures", "procedure"), ("views", "view"))
_MIGRATION = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+")
_REQUIRES = re.compile(r"^-- requires:(?P<names>.*)$", re.MULTILINE)
_CREATE = re.compile(
    r"^create or replace (?P<kind>function|procedure|view) @extschema@\.(?P<name>[a-z_][a-z0-9_]*)", re.MULTILINE
)


_COMMENT = re.compile(
    r"^comment on (?:function|procedure|view) @extschema@\.(?P<name>[a-z_][a-z0-9_]*)\s*(?P<arguments>\([^()]*\))? is$",
    re.MULTILINE,
)


def default_root() -> Path:
    """Return the directory ``sql`` of this installation of the package."""
    package = Path(__file__).resolve().parent
    for root in (package / "sql", package.parent / "sql"):
        if root.is_dir():
            return root
    raise OperationFailed("the SQL sources are not part of this installation", next_step="pip install pytelemetry-db")


def load(root: Path | None = None) -> Release:
    """Read the release below ``root`` in the order in which it is applied.

    :raises OperationFailed: for a source tree that breaks a rule: a duplicate or unknown name, a cycle,
        a gap in the numbers, a file that does not create and comment on the object it is named after
    """
    root = root or default_root()
    migrations = tuple(_read(path, "migration") for path in sorted((root / "migrations").glob("*.sql")))
    repeatables = tuple(
        _read(path, kind) for folder, kind in _FOLDERS for path in sorted((root / folder).glob("*.sql"))
    )
    grants = tuple(_read(path, "grants") for path in [root / "grants.sql"] if path.exists())
    _check_numbers(migrations)
    for file in repeatables:
        _check_object(file)
    released = tomllib.loads(_text(root / "releases.toml"))
    return Release(__version__, len(migrations), migrations, _ordered(repeatables), grants, released)


def catalog(name: str, root: Path | None = None) -> str:
    """Return the raw text of ``sql/catalog/<name>.sql``: a query with ``@extschema@`` and ``%(name)s``."""
    return _text((root or default_root()) / "catalog" / f"{name}.sql")


def demo(name: str, root: Path | None = None) -> str:
    """Return the raw text of ``sql/demo/<name>.sql``."""
    return _text((root or default_root()) / "demo" / f"{name}.sql")


def frame(name: str, root: Path | None = None) -> str:
    """Return the raw text of ``sql/frame/<name>.sql``: a part of every script, around the sources."""
    return _text((root or default_root()) / "frame" / f"{name}.sql")


def template(name: str, root: Path | None = None) -> str:
    """Return the raw text of ``sql/frame/<name>``, a file that is not SQL."""
    return _text((root or default_root()) / "frame" / name)


def _read(path: Path, kind: Kind) -> SourceFile:
    text = _text(path)
    folder = "" if kind == "grants" else f"{path.parent.name}/"
    header = text.split("\ncreate ", 1)[0]
    requires = tuple(
        name.strip() for line in _REQUIRES.finditer(header) for name in line["names"].split(",") if name.strip()
    )
    return SourceFile(f"sql/{folder}{path.name}", path.stem, kind, text, requires, _signature(text))


def _signature(text: str) -> str:
    """The object's own comment says how the server finds it."""
    found = _COMMENT.search(text)
    if found is None:
        return ""
    arguments = " ".join((found["arguments"] or "").split())
    return found["name"] + arguments.replace("( ", "(").replace(" )", ")")


def _text(path: Path) -> str:
    """Read a file with LF line ends whatever the checkout made of them: hashes are taken over this text."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        name = "/".join(path.parts[-2:]).removeprefix("sql/")
        raise OperationFailed(f"there is no sql/{name} in this installation") from None
    return text.rstrip("\n") + "\n"


def _check_numbers(migrations: tuple[SourceFile, ...]) -> None:
    for expected, file in enumerate(migrations, start=1):
        match = _MIGRATION.fullmatch(file.name)
        if match is None or int(match["number"]) != expected:
            raise OperationFailed(
                f"{file.path} is out of order", f"migrations are called NNNN_verb_noun.sql, the next is {expected:04d}"
            )


def _check_object(file: SourceFile) -> None:
    created = [(match["kind"], match["name"]) for match in _CREATE.finditer(file.text)]
    if created != [(file.kind, file.name)]:
        raise OperationFailed(f"{file.path} does not create exactly the {file.kind} {file.name}")
    if file.signature.partition("(")[0] != file.name:
        raise OperationFailed(f"{file.path} has no comment on the {file.kind} {file.name}")


def _ordered(files: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
    """Sort so that every file comes after those it requires, and otherwise as given."""
    by_name: dict[str, SourceFile] = {}
    for file in files:
        if other := by_name.get(file.name):
            raise OperationFailed(f"{file.path} and {other.path} create the same name")
        by_name[file.name] = file
    done: dict[str, SourceFile] = {}

    def visit(file: SourceFile, path: tuple[str, ...]) -> None:
        if file.name in path:
            cycle = " -> ".join((*path[path.index(file.name) :], file.name))
            raise OperationFailed(f"{file.path} requires itself: {cycle}")
        if file.name in done:
            return
        for name in file.requires:
            if name not in by_name:
                raise OperationFailed(f"{file.path} requires {name}, which does not exist")
            visit(by_name[name], (*path, file.name))
        done[file.name] = file

    for file in files:
        visit(file, ())
    return tuple(done.values())

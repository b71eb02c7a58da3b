from pathlib import Path

import pytest

from pytelemetry_db import __version__, source
from pytelemetry_db.errors import OperationFailed
from unit.tree import function, make_tree, procedure, view


def names(root: Path) -> list[str]:
    return [file.name for file in source.load(root).repeatables]


def test_a_release_is_read_in_the_order_in_which_it_is_applied(tmp_path: Path) -> None:
    release = source.load(make_tree(tmp_path))
    assert release.version == __version__
    assert release.migration == 2
    assert [file.path for file in release.files] == [
        "sql/migrations/0001_create_tables.sql",
        "sql/migrations/0002_create_more.sql",
        "sql/functions/omega.sql",
        "sql/functions/alpha.sql",
        "sql/functions/beta.sql",
        "sql/procedures/work.sql",
        "sql/views/shown.sql",
        "sql/grants.sql",
    ]
    assert [file.requires for file in release.repeatables if file.name == "alpha"] == [("omega",)]


def test_what_is_required_may_be_of_another_kind(tmp_path: Path) -> None:
    files = {"functions/alpha.sql": function("alpha", requires="shown, work")}
    assert names(make_tree(tmp_path, files)) == ["shown", "work", "alpha", "beta", "omega"]


def test_an_unknown_name_is_an_error(tmp_path: Path) -> None:
    make_tree(tmp_path, {"views/shown.sql": view("shown", requires="nothing")})
    with pytest.raises(OperationFailed, match=r"sql/views/shown\.sql requires nothing, which does not exist"):
        source.load(tmp_path)


def test_a_cycle_is_an_error_that_shows_it(tmp_path: Path) -> None:
    files = {
        "functions/omega.sql": function("omega", requires="beta"),
        "functions/beta.sql": function("beta", requires="alpha"),
    }
    make_tree(tmp_path, files)
    with pytest.raises(OperationFailed, match="alpha -> omega -> beta -> alpha"):
        source.load(tmp_path)


def test_two_objects_of_one_name_are_an_error(tmp_path: Path) -> None:
    make_tree(tmp_path, {"procedures/alpha.sql": procedure("alpha")})
    with pytest.raises(OperationFailed, match=r"sql/procedures/alpha\.sql and sql/functions/alpha\.sql"):
        source.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [function("other"), function("alpha") + function("beta"), procedure("alpha"), "select 1;\n"],
    ids=["another name", "two objects", "another kind", "none"],
)
def test_a_file_creates_exactly_the_object_of_its_name(tmp_path: Path, text: str) -> None:
    make_tree(tmp_path, {"functions/alpha.sql": text})
    with pytest.raises(OperationFailed, match=r"sql/functions/alpha\.sql does not create exactly"):
        source.load(tmp_path)


@pytest.mark.parametrize("name", ["0004_skip_one", "0002_same_number", "no_number"])
def test_migrations_are_numbered_without_gaps(tmp_path: Path, name: str) -> None:
    make_tree(tmp_path, {f"migrations/{name}.sql": "select 1;\n"})
    with pytest.raises(OperationFailed, match="out of order"):
        source.load(tmp_path)


def test_line_ends_of_the_checkout_do_not_matter(tmp_path: Path) -> None:
    unix, windows = make_tree(tmp_path / "unix"), tmp_path / "windows"
    for path in unix.rglob("*.*"):
        copy = windows / path.relative_to(unix)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    assert source.load(windows) == source.load(unix)


def test_the_shipped_sources_load() -> None:
    release = source.load()
    assert release.migration >= 1
    assert {"cleanup", "plan", "set_policy", "retention"} <= {file.name for file in release.repeatables}
    assert [file.name for file in release.grants] == ["grants"]


def test_catalog_and_frame_are_found_by_name() -> None:
    assert "%(schema)s" in source.catalog("state")
    assert source.frame("commit") == "commit;\n"
    with pytest.raises(OperationFailed, match=r"sql/catalog/nothing\.sql"):
        source.catalog("nothing")

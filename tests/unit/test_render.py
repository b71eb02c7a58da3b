import subprocess
import sys
from pathlib import Path

import pytest

from pytelemetry_db import source
from pytelemetry_db.errors import UsageError
from pytelemetry_db.model import Release
from pytelemetry_db.render import render_catalog, render_install, render_uninstall
from unit.tree import function, make_tree


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return source.load(make_tree(tmp_path))


def test_the_same_input_gives_the_same_bytes(release: Release, tmp_path: Path) -> None:
    again = source.load(make_tree(tmp_path / "again"))
    assert render_install(release).text == render_install(again).text
    assert render_uninstall(release).text == render_uninstall(again).text


def test_another_process_gives_the_same_bytes() -> None:
    code = "from pytelemetry_db import render, source; print(render.render_install(source.load()).text, end='')"
    runs = [
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True)
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout == render_install(source.load()).text.encode()


def test_a_script_is_one_transaction_around_the_sources_in_order(release: Release) -> None:
    origins = [statement.origin_file for statement in render_install(release).statements]
    assert origins == [
        "sql/frame/begin.sql",
        "sql/frame/settings.sql",
        "sql/frame/values_install.sql",
        "sql/frame/lock.sql",
        "sql/frame/guard_server.sql",
        "sql/frame/guard_owner.sql",
        "sql/frame/guard_absent.sql",
        "sql/frame/guard_publication.sql",
        "sql/frame/create_schema.sql",
        *(file.path for file in release.files),
        "sql/frame/grant_roles.sql",
        "sql/frame/check_owner.sql",
        "sql/frame/record.sql",
        "sql/frame/commit.sql",
    ]


def test_a_caller_with_a_transaction_gets_none(release: Release) -> None:
    inside = render_install(release, transaction=False)
    whole = render_install(release)
    assert inside.statements[:-1] == whole.statements[1:-1]
    assert inside.statements[-1].origin_file == "sql/frame/leave.sql"
    assert inside.sha256 == whole.sha256


def test_a_fresh_installation_replaces_nothing(release: Release) -> None:
    text = render_install(release).text
    assert "or replace" not in text
    for created in ("create function maint.alpha()", "create procedure maint.work()", "create view maint.shown"):
        assert created in text


def test_only_the_leading_or_replace_goes(tmp_path: Path) -> None:
    body = "\ncreate or replace nothing\n"
    release = source.load(make_tree(tmp_path, {"functions/beta.sql": function("beta", body=body)}))
    text = render_install(release).text
    assert "create function maint.beta()" in text
    assert text.count("create or replace") == 1


def test_the_token_becomes_the_schema_quoted_where_it_must_be(release: Release) -> None:
    assert "@extschema@" not in render_install(release).text
    assert "create view tm.shown" in render_install(release, "tm").text
    assert 'create view "order".shown' in render_install(release, "order").text
    assert "set_config('pytelemetry_db.schema', 'order', true)" in render_install(release, "order").text
    assert render_catalog("select * from @extschema@.runs", "user") == 'select * from "user".runs'


@pytest.mark.parametrize("schema", ["Maint", "pg_x", "a'; drop schema public", ""])
def test_no_other_schema_name_is_rendered(release: Release, schema: str) -> None:
    for render in (render_install, render_uninstall):
        with pytest.raises(UsageError):
            render(release, schema)


def test_an_owner_cannot_leave_its_quotes(release: Release) -> None:
    text = render_install(release, owner="o'x$$; drop table t; --").text
    assert "set_config('pytelemetry_db.owner', E'o''x\\x24\\x24; drop table t; --', true)" in text


def test_the_hash_is_over_the_sources_only(release: Release, tmp_path: Path) -> None:
    script = render_install(release)
    assert script.sha256 in script.header
    assert script.sha256 == render_install(release, owner="somebody").sha256
    assert script.sha256 != render_install(release, "other").sha256
    changed = make_tree(tmp_path / "changed", {"functions/beta.sql": function("beta", body="select 2")})
    assert script.sha256 != render_install(source.load(changed)).sha256


def test_a_script_ends_with_one_line_feed(release: Release) -> None:
    for script in (render_install(release), render_uninstall(release)):
        assert script.text.endswith("\ncommit;\n")
        assert "\r" not in script.text


def test_a_position_leads_to_file_and_line(release: Release) -> None:
    script = render_install(release)
    for needle, origin in (
        ("begin;", ("sql/frame/begin.sql", 1)),
        ("create table maint._second", ("sql/migrations/0002_create_more.sql", 2)),
        ("comment on function maint.alpha", ("sql/functions/alpha.sql", 7)),
        ("commit;", ("sql/frame/commit.sql", 1)),
    ):
        # PostgreSQL counts characters from 1.
        assert script.locate(script.text.index(needle) + 1) == origin
    assert script.locate(1) is None
    assert script.locate(len(script.text) + 1) is None


def test_uninstall_names_what_the_release_made(release: Release) -> None:
    text = render_uninstall(release).text
    assert "'_installation _second alpha beta omega shown work'" in text
    assert "cascade" not in text.lower()

"""Two releases that come after this one, made from its own sources: whatever an upgrade may have to do, each once.

Every change names the text it replaces and must find it, so that the fixture cannot fall behind the sources.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from support.command import ROOT

from pytelemetry_db import source
from pytelemetry_db.model import Release

# Another pass may only be called by its own release; this one would notice.
OLD_CALLER = """
    if v_run.version <> '@version@' then
        raise exception 'a pass of release % called release @version@', v_run.version;
    end if;"""


@dataclass(frozen=True)
class FixtureRelease:
    """A complete copy of the package: `python -m pytelemetry_db` with PYTHONPATH=`root` is that release."""

    root: Path
    version: str

    def load(self) -> Release:
        """Its sources as its own command loads them."""
        return replace(source.load(self.root / "sql"), version=self.version)


class Sources:
    """A copy of the package and of sql/ that is turned into the next release."""

    def __init__(self, before: Path, root: Path) -> None:
        self.root = root
        self.sql = root / "sql"
        for name in ("pytelemetry_db", "sql"):
            shutil.copytree(before / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))

    def edit(self, path: str, *changes: tuple[str, str]) -> None:
        """Replace texts of a file; each must be there once."""
        file = self.root / path
        text = file.read_text()
        for old, new in changes:
            assert text.count(old) == 1, f"{path} has {text.count(old)} times: {old}"
            text = text.replace(old, new)
        file.write_text(text)

    def write(self, path: str, text: str) -> None:
        """Add a file."""
        assert not (self.root / path).exists(), path
        (self.root / path).write_text(text)

    def remove(self, path: str) -> None:
        """Take a file away."""
        (self.root / path).unlink()

    def rename(self, folder: str, old: str, new: str) -> None:
        """Rename a routine or a view, also where it is called."""
        (self.sql / folder / f"{old}.sql").rename(self.sql / folder / f"{new}.sql")
        called = 0
        for file in self.sql.rglob("*.sql"):
            text, count = re.subn(rf"(?<=@extschema@\.){old}\b", new, file.read_text())
            text = re.sub(
                r"^-- requires:.*$", lambda line: re.sub(rf"\b{old}\b", new, line[0]), text, flags=re.MULTILINE
            )
            called += count > 0 and file.stem != new
            file.write_text(text)
        assert called, f"nothing calls {old}"

    def migrate(self, name: str, text: str) -> int:
        """Add the next migration and return its number."""
        number = len(list((self.sql / "migrations").glob("*.sql"))) + 1
        self.write(f"sql/migrations/{number:04d}_{name}.sql", text)
        return number

    def release(self, migration: int) -> FixtureRelease:
        """Raise the minor version and write it down."""
        file = self.root / "pytelemetry_db" / "__init__.py"
        found = re.search(r'__version__ = "(\d+)\.(\d+)\.', file.read_text())
        assert found is not None
        version = f"{found[1]}.{int(found[2]) + 1}.0"
        file.write_text(re.sub(r'(?<=__version__ = ")[^"]+', version, file.read_text()))
        with (self.sql / "releases.toml").open("a") as toml:
            toml.write(f'"{version}" = {migration}\n')
        return FixtureRelease(self.root, version)


def first(root: Path) -> FixtureRelease:
    """The next release: tables change, also those a pass reads first; views and helpers go, come and change."""
    sources = Sources(ROOT, root)
    migration = sources.migrate(
        "add_notes",
        "-- Policies and passes get notes; _count_expired returns more than before.\n"
        "create table @extschema@._note (note_id bigint generated always as identity primary key, words text);\n"
        "alter table @extschema@._policy add column note text;\n"
        "alter table @extschema@._run add column note text;\n"
        "alter table @extschema@._installation add column note text;\n"
        "drop function if exists @extschema@._count_expired(oid, text, bigint);\n",
    )
    sources.edit(
        "sql/functions/_count_expired.sql",
        ("    out exact boolean\n)", "    out exact boolean,\n    out asked bigint\n)"),
        ("    exact := p_limit is null", "    asked := p_limit;\n    exact := p_limit is null"),
    )
    # Arguments with defaults: the old overload would make every call ambiguous, and a view uses one of the two.
    sources.edit(
        "sql/functions/pause.sql",
        ("p_reason text default null)", "p_reason text default null, p_until timestamptz default null)"),
        ("pause(regclass, text) is", "pause(regclass, text, timestamptz) is"),
    )
    sources.edit(
        "sql/functions/_pause_text.sql",
        ("(p_policy @extschema@._policy)", "(p_policy @extschema@._policy, p_short boolean default false)"),
        ("_pause_text(@extschema@._policy) is", "_pause_text(@extschema@._policy, boolean) is"),
    )
    sources.rename("functions", "_run_batch", "_do_batch")
    sources.rename("functions", "_log_batch", "_note_batch")
    # All that a running pass is inside of: old bodies go while they wait to return.
    sources.rename("procedures", "_begin_transaction", "_next_transaction")
    sources.rename("procedures", "_cleanup_table", "_clean_table")
    sources.edit(
        "sql/procedures/cleanup.sql",
        ("    p_duty text default null\n)", "    p_duty text default null,\n    p_note text default null\n)"),
        (
            "interval, integer, boolean, text, boolean, text) is",
            "interval, integer, boolean, text, boolean, text, text) is",
        ),
    )
    sources.rename("views", "retention", "standing")
    for name in ("_do_batch", "_finish_run"):
        read = "    select r.* into strict v_run from @extschema@._run as r where r.run_id = p_run_id;"
        sources.edit(f"sql/functions/{name}.sql", (read, read + OLD_CALLER))
    sources.edit(
        "sql/views/runs.sql", ("    r.partitions_removed\nfrom", "    r.partitions_removed,\n    r.note\nfrom")
    )
    # What verify looks at changes as well.
    sources.edit(
        "sql/functions/_relation_definitions.sql",
        (
            "        ('owner', pg_get_userbyid(r.relowner)::text),\n",
            "        ('owner', pg_get_userbyid(r.relowner)::text),\n        ('letter', r.relkind::text),\n",
        ),
    )
    # Its argument is of a type that the release before does not know.
    sources.write(
        "sql/functions/about.sql",
        "-- What a note says.\n"
        "create or replace function @extschema@.about(p_note @extschema@._note default null)\n"
        "returns text\nlanguage sql\nstable\nset search_path = pg_catalog, pg_temp\n"
        "as $$ select coalesce((p_note).words, '') $$;\n"
        "comment on function @extschema@.about(@extschema@._note) is\n'What a note says.';\n",
    )
    return sources.release(migration)


def second(before: FixtureRelease, root: Path) -> FixtureRelease:
    """The one after: what the first one brought changes again, some of it goes, and a view is made anew."""
    sources = Sources(before.root, root)
    migration = sources.migrate(
        "drop_notes",
        "-- Notes are columns now; the view progress gets its columns in another order.\n"
        "drop function if exists @extschema@.about(@extschema@._note);\n"
        "drop table @extschema@._note;\n"
        "drop view if exists @extschema@.progress;\n",
    )
    sources.remove("sql/functions/about.sql")
    sources.edit(
        "sql/views/progress.sql",
        ("    r.run_id,\n", "    r.pid,\n    r.run_id,\n"),
        ("    r.deadline,\n    r.pid,\n", "    r.deadline,\n"),
    )
    sources.edit(
        "sql/functions/pause.sql",
        ("p_until timestamptz default null)", "p_during interval default null)"),
        ("pause(regclass, text, timestamptz) is", "pause(regclass, text, interval) is"),
    )
    sources.rename("functions", "_do_batch", "_batch_step")
    sources.rename("functions", "_finish_run", "_close_run")
    sources.edit("sql/views/runs.sql", ("    r.note\nfrom", "    r.note,\n    r.relation_id\nfrom"))
    sources.write(
        "sql/views/paused.sql",
        "-- requires: standing\n-- Policies that somebody paused.\n"
        "create or replace view @extschema@.paused as\n"
        "select\n    s.schema_name,\n    s.table_name\nfrom @extschema@.standing as s\nwhere s.state = 'paused';\n"
        "comment on view @extschema@.paused is\n'Policies that somebody paused.';\n",
    )
    return sources.release(migration)

"""Many upgrades in a row, each at another moment of a living pass, between releases that share no private name."""

from __future__ import annotations

import random
import re
import threading
from dataclasses import replace

from support import Database
from support.command import ROOT
from support.passes import Pass, Table, until

from pytelemetry_db import __version__, source
from pytelemetry_db.model import Release, SourceFile, Version
from pytelemetry_db.render import DESCRIBING, render_upgrade

UPGRADES = 8
# What the frame of every script calls, and the one function that a pass of another release may call.
FRAME = "".join(path.read_text() for path in (ROOT / "sql" / "frame").glob("*.sql"))


def renamed(release: Release, version: str, suffix: str) -> Release:
    """The same release under another version, in which every private routine has another name."""
    names = [file.name for file in release.repeatables if file.kind != "view" and file.name.startswith("_")]
    names = [name for name in names if name not in (*DESCRIBING, "_enter") and f"@extschema@.{name}" not in FRAME]
    assert len(names) > 40
    pattern = re.compile(rf"(?<=@extschema@\.)({'|'.join(names)})\b")

    def rename(file: SourceFile) -> SourceFile:
        name = file.name + suffix if file.name in names else file.name
        signature = name + file.signature[len(file.name) :]
        return replace(file, name=name, signature=signature, text=pattern.sub(rf"\1{suffix}", file.text))

    grants = tuple(replace(file, text=pattern.sub(rf"\1{suffix}", file.text)) for file in release.grants)
    return replace(release, version=version, repeatables=tuple(map(rename, release.repeatables)), grants=grants)


def test_a_pass_ends_well_whenever_the_upgrade_comes(database: Database) -> None:
    """The moments are drawn by chance from a fixed seed; no error, whole batches, and the next pass goes on."""
    table = Table.make(database, expired=6000, slow=0.01)
    small = Table.make(database, "app.alerts", expired=20, slow=0)
    release = source.load()
    chance = random.Random(4711)
    moment = threading.Event()
    version = __version__
    stopped = 0
    with database.connect() as upgrading:
        for number in range(1, UPGRADES + 1):
            database.query(
                "insert into app.alerts"
                " select 1000 * %s + i, now() - interval '9 days' from generate_series(1, 20) as i",
                number,
            )
            following = f"99.{number}.0"
            script = render_upgrade(renamed(release, following, f"_{number}"), Version(version, release.migration))
            with Pass(database) as running:
                moment.wait(chance.choice([0, 0.005, 0.02, 0.05, 0.15]) * chance.random())
                upgrading.execute(script.text.encode())
                assert running.wait().error is None
                found_out = any("was upgraded" in text for text in running.notices)
                # Else the upgrade was over before the call began.
                assert found_out or table.last_run()["version"] == following
                stopped += found_out
            version = following
    assert stopped >= UPGRADES / 2
    assert {run["stop_reason"] for run in table.runs() + small.runs()} <= {"upgraded", "done"}
    table.assert_nothing_half_done(whole_batches=True)
    until(lambda: not table.locks())
    assert database.value("select count(*) from maint._object where kind = 'function' and identity like '%_7(%'") == 0
    database.query("drop trigger slow on app.events")
    table.assert_finishes()
    assert table.last_run()["version"] == version

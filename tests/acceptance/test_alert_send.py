"""alert send tells people and programs what changed, once, through channels that do not wait for each other."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import Cli, Database, Result
from support.passes import Table
from support.receivers import PASSWORD, USER, Hook, Mailbox, free_port, hook, mailbox

ENV = {"SMTP_PASSWORD": PASSWORD}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Mailbox]:
    with mailbox(tmp_path) as server:
        yield server


@pytest.fixture
def web() -> Iterator[Hook]:
    with hook() as server:
        yield server


def mail(box: Mailbox, more: str = 'password_env = "SMTP_PASSWORD"', port: int | None = None) -> str:
    return f"""
        [channel.mail]
        type = "smtp"
        host = "127.0.0.1"
        port = {port or box.port}
        ca_file = "{box.ca_file}"
        user = "{USER}"
        from = "telemetry@example.org"
        to = ["dba@example.org", "boss@example.org"]
        timeout = "5s"
        {more}
    """


def webhook(url: str, name: str = "hook", kind: str = "webhook") -> str:
    return f'[channel.{name}]\ntype = "{kind}"\nurl = "{url}"\ntimeout = "2s"\n'


class Sender:
    def __init__(self, cli: Cli, database: Database, *channels: str) -> None:
        self.cli, self.database = cli, database
        self.file = cli.home / "alerts.toml"
        self.configure(*channels)

    def configure(self, *channels: str) -> None:
        self.file.write_text("\n".join(channels))

    def __call__(self, **env: str) -> Result:
        return self.cli.here("alert", "send", "--config", self.file, "--dsn", self.database.dsn, env={**ENV, **env})


def break_passes(table: Table, message: str = "the archive <b>is</b> full") -> None:
    table.database.query(
        "create or replace function app.refuse() returns trigger language plpgsql set search_path = ''"
        f" as $$ begin raise exception '{message}'; end $$"
    )
    table.database.query(f"create trigger refuse before delete on {table.name} execute function app.refuse()")
    fail(table)


def fail(table: Table) -> None:
    with pytest.raises(Exception, match="events"), table.database.connect() as connection:
        connection.execute("call maint.cleanup()")


def mend_passes(table: Table) -> None:
    table.database.query(f"drop trigger refuse on {table.name}")
    table.database.query("call maint.cleanup()")


def test_a_failure_is_told_once_and_once_more_when_it_is_over(
    database: Database, cli: Cli, box: Mailbox, web: Hook
) -> None:
    table = Table.make(database, expired=10, slow=0)
    send = Sender(cli, database, mail(box), webhook(web.url()), webhook(web.url("200", "slack"), "chat", "slack"))
    quiet = send()
    assert (quiet.returncode, box.mails, web.posted) == (0, [], []), quiet
    break_passes(table)
    first = send()
    assert first.returncode == 0, first
    (letter,) = box.mails
    assert box.recipients == [["dba@example.org", "boss@example.org"]]
    assert "cleanup of app.events failed" in letter["Subject"]
    text, html = (letter.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    for word in (
        "the archive <b>is</b> full (SQLSTATE P0001)",
        "call maint.cleanup('app.events');",
        "verdict: failing",
    ):
        assert word in text.get_content(), word
    assert "pytelemetry-db health --check passes" in text.get_content()
    assert "&lt;b&gt;is" in html.get_content()
    assert "<b>" not in html.get_content()
    assert len(web.posted) == 2
    (posted,) = [body for body in web.posted if "events" in body]
    assert [(e["event"], e["kind"], e["object"]) for e in posted["events"]] == [("began", "failed", "app.events")]
    (chat,) = [body for body in web.posted if "text" in body]
    assert "&lt;b&gt;is" in chat["text"]
    # The same again is no news, also when it fails once more.
    fail(table)
    again = send()
    assert (again.returncode, len(box.mails), len(web.posted)) == (0, 1, 2), again
    mend_passes(table)
    over = send()
    assert (over.returncode, len(box.mails), len(web.posted)) == (0, 2, 4), over
    assert "over: cleanup of app.events failed" in box.mails[1]["Subject"]
    assert box.mails[1]["Message-ID"] != box.mails[0]["Message-ID"]
    assert send().stderr.endswith("nothing to tell\n")
    assert PASSWORD not in "".join(r.stdout + r.stderr for r in (quiet, first, again, over))
    assert "s3cret" not in "".join(r.stdout + r.stderr for r in (quiet, first, again, over))
    assert database.value("select count(*) from maint.incidents where sent_at is null") == 0
    everything = database.value("select string_agg(to_jsonb(i)::text, '') from maint.incidents as i")
    assert PASSWORD not in everything
    assert "s3cret" not in everything


def test_a_dead_mail_server_delays_nothing_and_loses_nothing(
    database: Database, cli: Cli, box: Mailbox, web: Hook
) -> None:
    table = Table.make(database, expired=10, slow=0)
    dead = free_port()
    send = Sender(cli, database, mail(box, port=dead), webhook(web.url()))
    break_passes(table)
    broken = send()
    assert broken.returncode == 2
    assert f"the mail server 127.0.0.1:{dead}: Connection refused" in broken.stderr
    assert len(web.posted) == 1
    mend_passes(table)
    # It waits before it asks the dead one again; the other channel hears at once that it is over.
    later = send()
    assert (later.returncode, len(web.posted)) == (2, 2), later
    assert database.query("select event, attempts from maint.incidents where channel = 'mail' order by event") == [
        {"event": "began", "attempts": 1},
        {"event": "over", "attempts": 1},
    ]
    assert send().returncode == 0
    send.configure(mail(box), webhook(web.url()))
    database.query("update maint._delivery set next_try_at = now() where sent_at is null")
    assert send().returncode == 0
    (letter,) = box.mails
    text = letter.get_body(("plain",))
    assert text is not None
    assert "cleanup of app.events failed" in text.get_content()
    assert "over: cleanup of app.events failed" in text.get_content()
    assert len(web.posted) == 2


def test_senders_at_the_same_time_never_send_the_same(database: Database, cli: Cli, box: Mailbox, web: Hook) -> None:
    table = Table.make(database, expired=10, slow=0)
    break_passes(table)
    send = Sender(cli, database, mail(box), webhook(web.url()))
    arguments = ("alert", "send", "--config", send.file, "--dsn", database.dsn)
    senders = [cli.start(*arguments, env=ENV) for _ in range(4)]
    results = [sender.communicate(timeout=60)[1] for sender in senders]
    assert [sender.returncode for sender in senders] == [0] * 4, results
    send()
    assert (len(box.mails), len(web.posted)) == (1, 1), results


def test_a_sender_that_died_is_replaced_after_its_lease(database: Database, cli: Cli, web: Hook) -> None:
    table = Table.make(database, expired=10, slow=0)
    break_passes(table)
    database.query("select maint._note_incidents('{hook}')")
    claimed = database.query("select * from maint._claim_deliveries('hook', '10 minutes')")
    send = Sender(cli, database, webhook(web.url()))
    assert (send().returncode, web.posted) == (0, [])
    database.query("update maint._delivery set next_try_at = now()")
    assert send().returncode == 0
    (posted,) = web.posted
    assert posted["events"][0]["id"] == f"{claimed[0]['incident_id']}:began"
    assert web.headers[0]["Idempotency-Key"] == posted["id"]


def test_suspended_late_and_critical_are_told_and_acknowledged_is_not(database: Database, cli: Cli, web: Hook) -> None:
    Table.make(database, "app.late", expired=10, slow=0)
    Table.make(database, "app.gone", expired=10, slow=0)
    Table.make(database, "app.silent", expired=10, slow=0)
    database.query(
        "update maint._policy set created_at = now() - interval '9 days' where table_name in ('late', 'silent')"
    )
    database.query("alter table app.gone rename to other")
    ack = database.query("select fingerprint from maint.health where check_id = 'retention' and object = 'app.silent'")
    database.query("select maint.acknowledge(%s, 'known', now() + interval '1 day')", ack[0]["fingerprint"])
    send = Sender(cli, database, webhook(web.url()))
    assert send().returncode == 0
    told = {(event["kind"], event["object"]) for body in web.posted for event in body["events"]}
    assert {("late", "app.late"), ("suspended", "app.gone")} <= told
    assert not [one for one in told if one[1] == "app.silent"]
    # What is acknowledged while it is open ends without a word.
    late = database.query("select fingerprint from maint.health where check_id = 'retention' and object = 'app.late'")
    database.query("select maint.acknowledge(%s, 'known', now() + interval '1 day')", late[0]["fingerprint"])
    before = len(web.posted)
    assert (send().returncode, len(web.posted)) == (0, before)
    ended = database.value("select end_reason from maint.incidents where object = 'app.late' and kind = 'late'")
    assert ended == "acknowledged"


def test_forty_tables_with_the_same_trouble_are_one_paragraph(
    database: Database, cli: Cli, box: Mailbox, web: Hook
) -> None:
    with database.connect() as connection:
        connection.execute("create schema app")
        for index in range(1, 41):
            table = f"app.t{index:02d}"
            connection.execute(f"create table {table} (at timestamptz)".encode())
            connection.execute(f"create index on {table} (at)".encode())
            connection.execute("select maint.set_policy(to_regclass(%s), '7 days')", [table])
        connection.execute("update maint._policy set created_at = now() - interval '9 days'")
    send = Sender(cli, database, mail(box), webhook(web.url()), webhook(web.url("200", "slack"), "chat", "slack"))
    first = send()
    assert first.returncode == 0, first
    (letter,) = box.mails
    assert re.search(r"no good cleanup of 40 tables for too long( \(and \d more\))?$", letter["Subject"])
    text, html = (letter.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    which = "app.t01, app.t02, app.t03, app.t04, app.t05 and 35 more"
    assert f"which: {which}\r\n" in text.get_content()
    assert "look: pytelemetry-db health --check retention\r\n" in text.get_content()
    assert which in html.get_content()
    assert text.get_content().count("no good cleanup") == html.get_content().count("no good cleanup") == 1
    assert "app.t06" not in text.get_content() + html.get_content()
    (chat,) = [body for body in web.posted if "text" in body]
    assert which in chat["text"]
    assert len(chat["text"]) <= 4000
    # A program gets all of them.
    (posted,) = [body for body in web.posted if "events" in body]
    late = [event for event in posted["events"] if event["kind"] == "late"]
    assert sorted(event["object"] for event in late) == [f"app.t{index:02d}" for index in range(1, 41)]
    assert len({event["id"] for event in late}) == 40
    # Each stays an incident of its own: what ends for one ends for one.
    assert send().stderr.endswith("nothing to tell\n")
    database.query("call maint.cleanup('app.t07', p_quiet => true)")
    assert send().returncode == 0
    assert "over: no good cleanup of app.t07 for too long" in box.mails[1]["Subject"]
    database.query("call maint.cleanup(p_quiet => true)")
    assert send().returncode == 0
    assert len(box.mails) == 3
    assert "over: no good cleanup of 39 tables for too long" in box.mails[2]["Subject"]
    over = [event for body in web.posted for event in body.get("events", ()) if event["event"] == "over"]
    assert len([event for event in over if event["kind"] == "late"]) == 40


def test_what_cannot_be_seen_is_not_over(database: Database, cli: Cli, web: Hook) -> None:
    table = Table.make(database, expired=10, slow=0)
    break_passes(table)
    send = Sender(cli, database, webhook(web.url()))
    send()
    assert len(web.posted) == 1
    definition = database.value("select pg_get_functiondef('maint._health_passes()'::regprocedure)")
    database.query(
        "create or replace function maint._health_passes() returns setof jsonb language plpgsql volatile"
        " set search_path = pg_catalog, pg_temp as $$ begin raise exception 'not now'; end $$"
    )
    send()
    assert len(web.posted) == 1
    database.query(definition)
    mend_passes(table)
    send()
    assert [event["event"] for body in web.posted for event in body["events"]] == ["began", "over"]


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("500", "it answered with status 500"),
        ("302", "it answered with status 302"),
        ("hangs", "no answer in 2 s"),
    ],
)
def test_a_webhook_that_does_not_take_it(cli: Cli, web: Hook, how: str, problem: str) -> None:
    file = cli.home / "alerts.toml"
    file.write_text(webhook(web.url(how)))
    began = time.monotonic()
    result = cli.here("alert", "test", "--config", file)
    assert result.returncode == 2
    assert problem in result.stderr or "not done in 2 s" in result.stderr
    assert "s3cret" not in result.stderr
    assert time.monotonic() - began < 10


def test_bad_credentials_are_said_without_the_password(cli: Cli, box: Mailbox) -> None:
    file = cli.home / "alerts.toml"
    secret = cli.home / "password"
    secret.write_text("wr0ng-s3cret\n")
    file.write_text(mail(box, f'password_file = "{secret}"'))
    result = cli.here("alert", "test", "--config", file)
    assert result.returncode == 2
    assert "refused the login of telemetry (535)" in result.stderr
    assert "wr0ng" not in result.stderr
    missing = cli.here("alert", "test", "--config", file, env={})
    assert missing.returncode == 2
    file.write_text(mail(box))
    assert "environment variable SMTP_PASSWORD is empty" in cli.here("alert", "test", "--config", file).stderr
    good = cli.here("alert", "test", "--config", file, env=ENV)
    assert (good.returncode, len(box.mails)) == (0, 1), good


def test_some_recipients_refused_is_a_warning(cli: Cli, box: Mailbox) -> None:
    file = cli.home / "alerts.toml"
    file.write_text(mail(box).replace("boss@", "nobody@"))
    result = cli.here("alert", "test", "--config", file, env=ENV)
    assert (result.returncode, box.recipients) == (0, [["dba@example.org"]]), result
    assert "warning: channel mail:" in result.stderr
    assert "refused nobody@example.org (550 no such user)" in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no channel"),
        ("[channel.a]\ntype = 'pigeon'", "smtp, webhook or slack"),
        ("[channel.a]\ntype = 'webhook'", "has no url"),
        ("[channel.a]\ntype = 'webhook'\nurl = 'x'\nurll = 'y'", "urll is not known"),
        ("[channel.a]\ntype = 'smtp'\nhost = 'h'\nfrom = 'a@b'\nto = 'a@b'\npassword = 'x'", "password is not known"),
        ("[channel.a]\ntype = 'smtp'\nhost = 'h'\nfrom = 'a@b'\nto = []", "nobody to write to"),
        ("[channel.a]\ntype = 'smtp'\nhost = 'h'\nfrom = 'a@b\\nBcc: c@d'\nto = 'a@b'", "is no mail address"),
        (
            "[channel.a]\ntype = 'smtp'\nhost = 'h'\nfrom = 'a@b'\nto = 'a@b'\ntls = 'none'\nuser = 'u'\n"
            "password_env = 'P'",
            "in clear",
        ),
        ("[channel.a]\ntype = 'webhook'\nurl = 'https://a'\ntimeout = '1h'", "timeout is 3600 s"),
        ("nonsense", "cannot read"),
    ],
)
def test_a_wrong_file_is_a_usage_error(cli: Cli, text: str, said: str) -> None:
    file = cli.home / "alerts.toml"
    file.write_text(text)
    result = cli.here("alert", "test", "--config", file)
    assert result.returncode == 64
    assert said in result.stderr, result


def test_without_a_file_or_a_database_it_says_so(cli: Cli, web: Hook) -> None:
    assert cli.here("alert", "send").returncode == 64
    file = cli.home / "alerts.toml"
    file.write_text(webhook(web.url()))
    dsn = f"host=127.0.0.1 port={free_port()} user=x dbname=x"
    result = cli.here("alert", "send", "--config", file, "--dsn", dsn)
    assert result.returncode == 2
    assert "cannot connect" in result.stderr

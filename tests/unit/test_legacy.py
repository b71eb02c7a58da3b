import pytest

from pytelemetry_db.cli.legacy import rewrite


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("cleanup -dry-run", "cleanup --dry-run"),
        ("cleanup -dry-run=true", "cleanup --dry-run"),
        ("cleanup -dry-run=1", "cleanup --dry-run"),
        ("cleanup -dry-run=false", "cleanup"),
        ("cleanup -health-check", "cleanup --health-check"),
        (
            "cleanup -events-retention-days=14 -agg-retention-days=180",
            "cleanup --events-retention-days=14 --agg-retention-days=180",
        ),
        ("cleanup -events-retention-days 3", "cleanup --events-retention-days 3"),
        (
            "cleanup -db-host=prod-db.internal -db-user=telemetry_admin -db-password=secret",
            "cleanup --db-host=prod-db.internal --db-user=telemetry_admin --db-password=secret",
        ),
        ("-db-port 6432 -db-name telemetry status", "--db-port 6432 --db-name telemetry status"),
        # Untouched: ours, short options, arguments, what follows --, and values that look like flags.
        ("cleanup --dry-run -q -v", "cleanup --dry-run -q -v"),
        ("-h", "-h"),
        ("cleanup -dry-run=perhaps", "cleanup -dry-run=perhaps"),
        ("cleanup -- -dry-run", "cleanup -- -dry-run"),
        ("status -db-password -dry-run", "status --db-password -dry-run"),
        ("status --db-password -dry-run", "status --db-password -dry-run"),
        ("cleanup -", "cleanup -"),
        ("cleanup -db-host", "cleanup --db-host"),
    ],
)
def test_documented_flags_of_old(typed: str, meant: str) -> None:
    assert rewrite(typed.split()) == meant.split()

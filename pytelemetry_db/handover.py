"""Partition sets that change hands between pg_partman and us."""

from pytelemetry_db import db

__all__ = ["adopt", "hand_back"]


def adopt(
    connection: db.Connection,
    schema: str,
    table: str,
    *,
    keep: str | None,
    time_zone: str | None,
    detached_keep: str | None,
) -> list[db.Row]:
    """Make a set of pg_partman's one of ours, and return what was decided: aspect, value, remark.

    Its configuration becomes a policy and its automatic maintenance is turned off, in one transaction; the table
    and its partitions are not touched.

    :raises UsageError: the table is no such set, or one that cannot be rotated; then nothing was changed
    """
    values = {"p_table": table, "p_keep": keep, "p_time_zone": time_zone, "p_detached_keep": detached_keep}
    return db.fetch(connection, "adopt", schema, values)


def hand_back(
    connection: db.Connection, schema: str, table: str, *, drop_policy: bool, session_time_zone: str | None
) -> list[db.Row]:
    """Make a set of ours one of pg_partman's, and return what was written: aspect, value, remark.

    The policy then only observes, or is dropped. Where the retention of pg_partman would remove rows too early it gets
    none, and the remark says why.

    :raises UsageError: pg_partman is not there, or could not go on with the set; then nothing was changed
    """
    values = {"p_table": table, "p_drop_policy": drop_policy, "p_session_time_zone": session_time_zone}
    return db.fetch(connection, "hand_back", schema, values)

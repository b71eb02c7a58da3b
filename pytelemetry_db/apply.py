"""Install, upgrade and remove: decide from the state, run a script, and agree with whoever was faster."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from pytelemetry_db import db
from pytelemetry_db.changes import Changes, find_changes
from pytelemetry_db.errors import NotInstalled, OperationFailed, PytelemetryError, Refused, UsageError
from pytelemetry_db.model import NO_ROLES, Release, Roles, Script, State, Version
from pytelemetry_db.names import quote_identifier
from pytelemetry_db.render import object_names, render_install, render_uninstall, render_upgrade
from pytelemetry_db.state import not_installed, read_state

__all__ = [
    "Done",
    "Plan",
    "ProfileRow",
    "Request",
    "apply",
    "apply_profile",
    "plan_install",
    "plan_uninstall",
    "plan_upgrade",
    "uninstall",
]

_LOCK_NOT_AVAILABLE = "55P03"
_PAUSES = (1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be installed where, and for whom."""

    schema: str
    owner: str | None = None
    allow_all_tables_publication: bool = False
    roles: Roles = NO_ROLES


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done; ``script`` is None when there is nothing to do.

    ``start`` is what an upgrade starts from, ``changes`` what it would change; both are None for an installation.
    """

    request: Request
    script: Script | None
    start: Version | None = None
    changes: Changes | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """``changed`` is False when there was nothing to do, or another installer was faster; ``state`` is what is now."""

    changed: bool
    state: State


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """What a profile did about one table, and the statement that removes what stood in the way."""

    table_name: str
    action: str
    detail: str | None
    fix: str | None

    @property
    def set(self) -> bool:
        """The table has a policy now."""
        return self.action in ("set", "kept")

    @property
    def refused(self) -> bool:
        """The table is there, and no policy could be set."""
        return self.action == "refused"


def plan_install(connection: db.Connection, release: Release, request: Request) -> Plan:
    """Decide how to get this release into the schema: afresh, onto kept data, or from an older version.

    :raises Refused: when a newer version is installed, an extension has the schema, or the server is a standby
    :raises UsageError: when a superuser names no owner
    """
    state = read_state(connection, request.schema)
    _check_primary(state)
    if not state.installed:
        if state.is_superuser and request.owner is None:
            raise UsageError(
                f'"{state.user}" is a superuser and may not own our schema',
                "an ordinary role decides what is deleted",
                "pytelemetry-db install --owner ROLE",
            )
        script = render_install(
            release, request.schema, request.owner, request.allow_all_tables_publication, roles=request.roles
        )
        return Plan(request, script)
    if request.owner is not None and state.owner != request.owner:
        raise Refused(f'schema "{state.schema}" belongs to "{state.owner}"', next_step="choose another --schema")
    return _plan_change(connection, release, state, request, force=not state.has_code)


def plan_upgrade(connection: db.Connection, release: Release, request: Request, *, force: bool = False) -> Plan:
    """Decide how to get from the installed version to this release.

    :param force: apply the routines and views again when the version is the same
    :raises NotInstalled: when there is nothing to upgrade
    :raises Refused: when a newer version is installed, or an extension has the schema
    """
    state = _installed(connection, request.schema)
    _check_primary(state)
    return _plan_change(connection, release, state, request, force=force or not state.has_code)


def _plan_change(connection: db.Connection, release: Release, state: State, request: Request, *, force: bool) -> Plan:
    _check_ours(state)
    start = Version(state.version or "", state.migration or 0)
    if _numbers(start.version) > _numbers(release.version):
        raise _wrong_version(state, release)
    if start.version == release.version and not force and request.roles == NO_ROLES:
        return Plan(request, None, start)
    script = render_upgrade(release, start, request.schema, roles=request.roles)
    changes = find_changes(connection, release, request.schema, start)
    return Plan(request, script, start, changes)


def apply(connection: db.Connection, release: Release, plan: Plan) -> Done:
    """Run the script of a plan.

    A lock that is not free is tried again three times. Whoever loses a race against another installer of the same
    version reports success.

    :raises PytelemetryError: as the script's guards say; then nothing was changed
    """
    changed = plan.script is not None
    if plan.script is not None:
        try:
            _execute(connection, plan.script)
        except PytelemetryError:
            if not _was_faster(read_state(connection, plan.request.schema), release, plan.start):
                raise
            changed = False
    return Done(changed, read_state(connection, plan.request.schema))


def _was_faster(state: State, release: Release, start: Version | None) -> bool:
    """Another installer has done what we wanted, since we looked."""
    here = state.has_code and state.version == release.version
    return here and (start is None or start.version != release.version)


def apply_profile(
    connection: db.Connection, schema: str, profile: str, time_zone: str | None, owner: str
) -> tuple[ProfileRow, ...]:
    """Set a profile's policies for those of its tables that exist, as the owner of the installation.

    :raises UsageError: for an unknown profile
    """
    with connection.transaction():
        db.fetch(connection, "act_as", schema, {"role": owner})
        rows = db.fetch(connection, "apply_profile", schema, {"profile": profile, "time_zone": time_zone})
    return tuple(ProfileRow(str(row["table_name"]), row["action"], row["detail"], row["fix"]) for row in rows)


def plan_uninstall(
    connection: db.Connection, release: Release, schema: str, *, keep_data: bool = False, cascade: bool = False
) -> Script:
    """Return the script that would remove our schema.

    :param keep_data: leave the tables, for a later ``install``
    :param cascade: drop objects elsewhere that depend on ours, too
    :raises NotInstalled: when there is nothing to remove
    :raises Refused: when objects elsewhere depend on ours, or another version is installed
    """
    state = _installed(connection, schema)
    _check_ours(state)
    if state.version != release.version:
        raise _wrong_version(state, release)
    dependents = find_dependents(connection, release, schema, keep_data=keep_data)
    if dependents and not cascade:
        raise Refused(
            f'{len(dependents)} other objects depend on schema "{schema}": {", ".join(dependents[:10])}',
            next_step="drop or change them, then pytelemetry-db uninstall; or uninstall --cascade drops them too",
        )
    return render_uninstall(release, schema, keep_data=keep_data, cascade=cascade)


def find_dependents(
    connection: db.Connection, release: Release, schema: str, *, keep_data: bool = False
) -> tuple[str, ...]:
    """Name what is not ours and would be dropped with what is: all of it, and nothing else."""
    wanted = {"schema": schema, "objects": object_names(release, keep_data=keep_data)}
    return tuple(row["object_name"] for row in db.fetch(connection, "dependents", schema, wanted))


def uninstall(connection: db.Connection, script: Script, schema: str) -> None:
    """Run the script of ``plan_uninstall``; when somebody else was faster that is success too."""
    try:
        _execute(connection, script)
    except NotInstalled:
        if read_state(connection, schema).installed:
            raise


def _installed(connection: db.Connection, schema: str) -> State:
    state = read_state(connection, schema)
    if not state.installed:
        raise not_installed(state)
    return state


def _check_primary(state: State) -> None:
    if state.in_recovery:
        raise Refused("this server is a read-only standby", next_step="connect to the primary")


def _check_ours(state: State) -> None:
    if state.extension is not None:
        raise Refused(
            f'schema "{state.schema}" belongs to the extension {state.extension}',
            "what CREATE EXTENSION made is changed by ALTER EXTENSION and DROP EXTENSION only",
            f"in psql: alter extension {quote_identifier(state.extension)} update",
        )


def _wrong_version(state: State, release: Release) -> Refused:
    newer = _numbers(state.version or "") > _numbers(release.version)
    return Refused(
        f'schema "{state.schema}" is at version {state.version}, this is {release.version}',
        next_step=f"pip install pytelemetry-db=={state.version}" if newer else "pytelemetry-db upgrade",
    )


def _numbers(version: str) -> tuple[int, ...]:
    """A version as numbers that compare as versions do; what follows a hyphen does not count."""
    return tuple(int(part) for part in version.split("-")[0].split("."))


def _execute(connection: db.Connection, script: Script, sleep: Callable[[float], None] = time.sleep) -> None:
    for pause in (*_PAUSES, None):
        try:
            return db.execute_script(connection, script)
        except OperationFailed as error:
            if error.sqlstate != _LOCK_NOT_AVAILABLE or pause is None:
                raise
            sleep(pause)
    return None

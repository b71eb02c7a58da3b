"""Install and remove: decide from the state, run a script, and agree with whoever was faster."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from pytelemetry_db import db
from pytelemetry_db.errors import NotInstalled, OperationFailed, PytelemetryError, Refused, UsageError
from pytelemetry_db.model import Release, Script, State
from pytelemetry_db.render import render_install, render_uninstall
from pytelemetry_db.state import read_state

__all__ = [
    "InstallRequest",
    "InstallResult",
    "ProfileRow",
    "apply_profile",
    "install",
    "plan_install",
    "plan_uninstall",
    "uninstall",
]

_LOCK_NOT_AVAILABLE = "55P03"
_PAUSES = (1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class InstallRequest:
    """What is to be installed where, and for whom."""

    schema: str
    owner: str | None = None
    allow_all_tables_publication: bool = False


@dataclass(frozen=True, slots=True)
class InstallResult:
    """``changed`` is False when this version was there already, or another installer was faster."""

    changed: bool
    version: str
    owner: str


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


def plan_install(connection: db.Connection, release: Release, request: InstallRequest) -> Script | None:
    """Return the script that would install, or None when this version is installed already.

    :raises Refused: when another version is installed, or the server is a standby
    :raises UsageError: when a superuser names no owner
    """
    state = read_state(connection, request.schema)
    if state.in_recovery:
        raise Refused("this server is a read-only standby", next_step="connect to the primary")
    if state.installed:
        _check_version(state, release)
        return None
    if state.is_superuser and request.owner is None:
        raise UsageError(
            f'"{state.user}" is a superuser and may not own our schema',
            "an ordinary role decides what is deleted",
            "pytelemetry-db install --owner ROLE",
        )
    return render_install(release, request.schema, request.owner, request.allow_all_tables_publication)


def install(connection: db.Connection, release: Release, request: InstallRequest) -> InstallResult:
    """Install the release, or find it installed.

    A lock that is not free is tried again three times. Whoever loses a race against another installer of the same
    version reports success.

    :raises PytelemetryError: as the script's guards say; then nothing was changed
    """
    script = plan_install(connection, release, request)
    if script is not None:
        try:
            _execute(connection, script)
        except PytelemetryError:
            if not read_state(connection, request.schema).installed:
                raise
            script = None
    state = read_state(connection, request.schema)
    _check_version(state, release)
    return InstallResult(script is not None, state.version or "", state.owner or "")


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


def plan_uninstall(connection: db.Connection, release: Release, schema: str) -> Script:
    """Return the script that would remove our schema.

    :raises NotInstalled: when there is nothing to remove
    :raises Refused: when objects elsewhere depend on ours, or another version is installed
    """
    state = read_state(connection, schema)
    if not state.installed:
        raise NotInstalled(f'pytelemetry_db is not installed in schema "{schema}"', next_step="pytelemetry-db status")
    _check_version(state, release)
    dependents = [row["object_name"] for row in db.fetch(connection, "dependents", schema, {"schema": schema})]
    if dependents:
        raise Refused(
            f'{len(dependents)} objects outside schema "{schema}" depend on it: {", ".join(dependents[:10])}',
            next_step="drop or change them, then pytelemetry-db uninstall",
        )
    return render_uninstall(release, schema)


def uninstall(connection: db.Connection, script: Script, schema: str) -> None:
    """Run the script of ``plan_uninstall``; when somebody else was faster that is success too."""
    try:
        _execute(connection, script)
    except NotInstalled:
        if read_state(connection, schema).installed:
            raise


def _check_version(state: State, release: Release) -> None:
    if state.version == release.version:
        return
    raise Refused(
        f'schema "{state.schema}" is at version {state.version}, this is {release.version}',
        next_step=f"pip install pytelemetry-db=={state.version}",
    )


def _execute(connection: db.Connection, script: Script, sleep: Callable[[float], None] = time.sleep) -> None:
    for pause in (*_PAUSES, None):
        try:
            return db.execute_script(connection, script)
        except OperationFailed as error:
            if error.sqlstate != _LOCK_NOT_AVAILABLE or pause is None:
                raise
            sleep(pause)
    return None

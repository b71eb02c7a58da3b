"""Give a server that is down another system identifier, as initdb would: the control file and the WAL get it."""

from __future__ import annotations

import struct

from support.cluster import LocalCluster

_POLYNOMIAL = 0x82F63B78


def _crc32c(data: bytearray) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def _checksum_at(control: bytearray) -> int:
    """Where the checksum of a control file stands: behind its last field, which versions have at other places."""
    for position in range(8, 1024, 4):
        if struct.unpack_from("=I", control, position)[0] == _crc32c(control[:position]):
            return position
    raise AssertionError("no CRC-32C in this control file")


def new_identity(cluster: LocalCluster) -> int:
    """Change the identifier of a server that was shut down, and return it. No program does so before PostgreSQL 17."""
    path = cluster.pgdata / "global" / "pg_control"
    control = bytearray(path.read_bytes())
    position = _checksum_at(control)
    identifier = struct.unpack_from("=Q", control)[0] ^ 0xFFFFFF
    struct.pack_into("=Q", control, 0, identifier)
    struct.pack_into("=I", control, position, _crc32c(control[:position]))
    with path.open("r+b") as file:
        file.write(control)
    # Every segment of the WAL names the identifier as well.
    cluster.run("pg_resetwal", "-f", "-D", cluster.pgdata)
    return int(identifier)

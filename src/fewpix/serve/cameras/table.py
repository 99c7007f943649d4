"""The cameras in the service's own file."""

from __future__ import annotations

import json
from dataclasses import asdict

from fewpix.foreign import json_of
from fewpix.serve.cameras.record import Camera, Options
from fewpix.serve.database import ServiceDatabase
from fewpix.serve.moments import now

_COLUMNS = "name, address, collection, options, created, wanted"


def add(database: ServiceDatabase, camera: Camera) -> None:
    """Write a new camera."""
    database.execute(
        f"INSERT INTO cameras ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
        *(camera.name, camera.address, camera.collection, json.dumps(asdict(camera.options))),
        *(camera.created, camera.wanted),
    )


def change(database: ServiceDatabase, camera: Camera) -> None:
    """Write a camera that is there as it is now."""
    database.execute(
        "UPDATE cameras SET address = ?, collection = ?, options = ?, wanted = ? WHERE name = ?",
        *(camera.address, camera.collection, json.dumps(asdict(camera.options)), camera.wanted, camera.name),
    )


def rest(database: ServiceDatabase, name: str) -> None:
    """A camera is not to run any more, until it is started."""
    database.execute("UPDATE cameras SET wanted = 0 WHERE name = ?", name)


def cameras(database: ServiceDatabase) -> list[Camera]:
    """All cameras, by name."""
    return [
        Camera(name, address, collection, Options(**json_of(options)), created, bool(wanted))
        for name, address, collection, options, created, wanted in database.select(
            f"SELECT {_COLUMNS} FROM cameras ORDER BY name"
        )
    ]


def remove(database: ServiceDatabase, name: str) -> None:
    """Delete a camera with its state, inside a transaction; its events are not touched."""
    database.execute("DELETE FROM cameras WHERE name = ?", name)


def learned(database: ServiceDatabase, name: str) -> tuple[bytes, str] | None:
    """The packed FaceBN state of a camera and when it was learned; None for none."""
    rows = database.select("SELECT state, learned FROM cameras WHERE name = ? AND state IS NOT NULL", name)
    return (bytes(rows[0][0]), rows[0][1]) if rows else None


def keep_learned(database: ServiceDatabase, name: str, state: bytes | None) -> None:
    """Keep a camera's state in place of the one before; None forgets it."""
    when = None if state is None else now()
    database.execute("UPDATE cameras SET state = ?, learned = ? WHERE name = ?", state, when, name)

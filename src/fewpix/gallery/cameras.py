"""NormStates of cameras, kept beside the people that they look for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fewpix.adapt.stats import NormState, pack_state, unpack_state
from fewpix.errors import InputError
from fewpix.gallery.names import person_name, stored_name
from fewpix.gallery.store import Gallery


@dataclass(frozen=True)
class Camera:
    """A camera and the state that its faces are embedded under.

    Args:
        name: unique within the gallery.
        state: its state, for one model.
        created: when it was put there, UTC, ISO 8601.
    """

    name: str
    state: NormState
    created: str

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"

    def to_json(self) -> dict[str, Any]:
        """The name, the time, and the state without its moments."""
        return {"name": self.name, "created": self.created, "state": self.state.to_json()}


def add_camera(gallery: Gallery, name: str, state: NormState, *, replace: bool = False) -> Camera:
    """Keep a camera's state; on return it is on the disk.

    Args:
        gallery: open for writing.
        name: of the camera.
        state: from `fewpix adapt`.
        replace: also where the camera has another model's state; the same model's is always replaced.

    Raises:
        ConfigError: the name cannot be stored.
        InputError: the camera has a state for another model.
    """
    name = person_name(name)
    with gallery.database.transaction():
        check_camera(gallery, name, state.model_sha256, replace=replace)
        return put_camera(gallery, name, state)


def check_camera(gallery: Gallery, name: str, model_sha256: str, *, replace: bool = False) -> str | None:
    """Refuse to put a state over another model's, before it has taken its minutes. Arguments as `add_camera`.

    Returns:
        The id of the state that would be replaced; None where there is none.

    Raises:
        ConfigError: the name cannot be stored.
        InputError: the camera has a state for another model.
    """
    name = person_name(name)
    for model, state in gallery.database.select(
        "SELECT model_sha256, state_id FROM cameras WHERE name = ?", name
    ):
        if model != model_sha256 and not replace:
            raise InputError(
                f"the camera {name} has a state for the model {model[:12]}, this one is for "
                f"{model_sha256[:12]}",
                fix="choose another name, or say --replace",
            )
        return str(state)
    return None


def put_camera(gallery: Gallery, name: str, state: NormState, *, created: str = "") -> Camera:
    """As `add_camera` over whatever is there, inside a transaction that the caller has begun."""
    camera = Camera(name, state, created or datetime.now(UTC).isoformat(timespec="seconds"))
    values = (state.id, state.model_sha256, pack_state(state), camera.created, name)
    if not gallery.database.execute(
        "UPDATE cameras SET state_id = ?, model_sha256 = ?, state = ?, created = ? WHERE name = ?", *values
    ):
        gallery.database.execute(
            "INSERT INTO cameras (state_id, model_sha256, state, created, name) VALUES (?, ?, ?, ?, ?)",
            *values,
        )
    return camera


def cameras(gallery: Gallery) -> list[Camera]:
    """Every camera, by name.

    Raises:
        WeightsError: a state is damaged.
    """
    rows = gallery.database.select("SELECT name, state, created FROM cameras ORDER BY name")
    return [_camera(gallery, *row) for row in rows]


def camera_state(gallery: Gallery, name: str) -> NormState:
    """The state of a camera.

    Raises:
        InputError: there is no such camera.
        WeightsError: its state is damaged.
    """
    name = stored_name(name)
    for row in gallery.database.select("SELECT name, state, created FROM cameras WHERE name = ?", name):
        return _camera(gallery, *row).state
    raise _unknown(gallery, name)


def state_at(location: str, name: str) -> NormState:
    """The state of a camera in a gallery that is not open yet.

    Args:
        location: the gallery's file, or its address on a server.
        name: of the camera.

    Raises:
        InputError: there is no such gallery or camera.
        WeightsError: the state is damaged.
    """
    with Gallery.open(location, write=False) as gallery:
        return camera_state(gallery, name)


def remove_camera(gallery: Gallery, name: str, *, wait: float = 0.0) -> str:
    """Forget a camera.

    Args:
        gallery: open for writing.
        name: of the camera.
        wait: as in `Database.forget`.

    Returns:
        What is left of it, as `Database.forget` says; empty for nothing.

    Raises:
        InputError: there is no such camera.
    """
    name = stored_name(name)
    with gallery.database.transaction():
        if not gallery.database.execute("DELETE FROM cameras WHERE name = ?", name):
            raise _unknown(gallery, name)
    return gallery.database.forget(wait)


def _camera(gallery: Gallery, name: str, state: bytes, created: str) -> Camera:
    origin = f"the state of camera {name} in the gallery {gallery.location}"
    return Camera(name, unpack_state(bytes(state), origin), created)


def _unknown(gallery: Gallery, name: str) -> InputError:
    known = ", ".join(known for (known,) in gallery.database.select("SELECT name FROM cameras ORDER BY name"))
    return InputError(
        f"the gallery {gallery.location} knows no camera {name}",
        fix=f"known: {known}" if known else "`fewpix gallery camera add` adds one",
    )

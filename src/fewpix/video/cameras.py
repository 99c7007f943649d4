"""A file that names several cameras, to be watched at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fewpix.errors import ConfigError, FewpixError, InputError
from fewpix.foreign import MALFORMED, toml_of
from fewpix.video.source import ADDRESS, Source, source_of

MOST = 64
"""Cameras in a file."""

_LONGEST = 100
_KEYS = {"name", "address", "state", "fps"}

EXAMPLE = '[[camera]] with name = "gate" and address = "rtsp://..."; state and fps are optional'


@dataclass(frozen=True)
class Camera:
    """One of several.

    Args:
        name: for people and results; each has its own.
        source: where its frames come from.
        state: the file of its FaceBN state; None for none.
        fps: look at no more frames a second than this; None for all.
    """

    name: str
    source: Source
    state: Path | None = None
    fps: float | None = None


def read_cameras(path: Path) -> list[Camera]:
    """The cameras of a TOML file, a `[[camera]]` each; paths in it are below its folder.

    Raises:
        InputError: it cannot be read, is no TOML, or a file that it names is not there.
        ConfigError: it says something that is not known, or too little.
    """
    try:
        table = toml_of(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error
    except MALFORMED as error:
        raise InputError(f"{path} is no TOML: {error}", fix=f"write {EXAMPLE}") from error
    items = table.pop("camera", None)
    if table:
        raise ConfigError(f"{path}: '{next(iter(table))}' is not known", fix=f"write {EXAMPLE}")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise ConfigError(f"{path} names no camera", fix=f"write {EXAMPLE}")
    if len(items) > MOST:
        raise ConfigError(
            f"{path} names {len(items)} cameras, more than {MOST}", fix="make several files of it"
        )
    found: list[Camera] = []
    for number, item in enumerate(items, 1):
        try:
            camera = _camera(item, path.parent)
        except FewpixError as error:
            raise type(error)(f"{path}, camera {number}: {error.what}", fix=error.fix) from error
        if camera.name in {other.name for other in found}:
            raise ConfigError(f"{path}: two cameras are called {camera.name}", fix="give each its own name")
        found.append(camera)
    return found


def _camera(item: dict[str, Any], folder: Path) -> Camera:
    for key in item:
        if key not in _KEYS:
            raise ConfigError(f"'{key}' is not known", fix=f"one of {', '.join(sorted(_KEYS))}")
    name, address = _text(item, "name"), _text(item, "address")
    if len(name) > _LONGEST or "/" in name or "\\" in name or name in (".", ".."):
        raise ConfigError(
            f"the name {name[:_LONGEST]} is too long, or could be that of a file", fix="choose another"
        )
    fps = item.get("fps")
    if fps is not None and (isinstance(fps, bool) or not isinstance(fps, int | float) or not fps > 0):
        raise ConfigError("fps must be a number above 0", fix="leave it out for all frames")
    state = folder / _text(item, "state") if "state" in item else None
    if state is not None and not state.is_file():
        raise InputError(f"there is no file {state}", fix="check the path")
    is_path = not ADDRESS.match(address) and not (address.isascii() and address.isdigit())
    return Camera(name, source_of(folder / address if is_path else address), state, fps)


def _text(item: dict[str, Any], key: str) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{key} is missing, or no text", fix=f"write {EXAMPLE}")
    return value

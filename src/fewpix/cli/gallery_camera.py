"""`fewpix gallery camera`: NormStates of cameras, kept in the gallery."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option, Typer

from fewpix.cli.gallery_options import WAIT, Location, Wait, Yes, open_gallery, overwritten
from fewpix.cli.output import AsJson, emit
from fewpix.cli.targets import READS

camera = Typer(add_completion=False, help="Keep the NormStates of cameras in the gallery.")

Name = Annotated[str, Argument(help="The camera's name.", show_default=False)]


@camera.command("add", short_help="keep a camera's state")
def add(
    name: Name,
    state: Annotated[Path, Argument(help="A state of `fewpix adapt`.", show_default=False), READS],
    gallery: Location = None,
    replace: Annotated[
        bool, Option("--replace", help="Also over a state that is for another model.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Keep a state in the gallery, for `fewpix identify --camera NAME`; a newer one replaces it."""
    from fewpix.adapt.stats import load_state
    from fewpix.gallery.cameras import add_camera

    loaded = load_state(state)
    with open_gallery(gallery, write=True) as store:
        emit(add_camera(store, name, loaded, replace=replace), as_json)


@camera.command("list", short_help="every camera with its state")
def list_cameras(gallery: Location = None, as_json: AsJson = False) -> None:
    """List the cameras and the states that are kept for them."""
    from fewpix.cli.gallery_views import Cameras
    from fewpix.gallery.cameras import cameras

    with open_gallery(gallery, write=False) as store:
        emit(Cameras(store.location, tuple(cameras(store))), as_json)


@camera.command("remove", short_help="forget a camera")
def remove(
    name: Name, gallery: Location = None, yes: Yes = False, wait: Wait = WAIT, as_json: AsJson = False
) -> None:
    """Forget a camera and its state."""
    from fewpix.cli.confirm import confirmed
    from fewpix.cli.message import Message
    from fewpix.gallery.cameras import camera_state, remove_camera

    with open_gallery(gallery, write=True) as store:
        state = camera_state(store, name)
        confirmed(f"the state {state.id} of camera {name} is going to be removed", yes)
        left = remove_camera(store, name, wait=wait)
    emit(
        Message(f"camera {name} removed", {"camera": name, "state": state.id, "left": left or None}), as_json
    )
    overwritten(left)

"""What the paths on a command line stand for: picture files, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fewpix.data.folders import list_images
from fewpix.errors import ConfigError, InputError
from fewpix.identify.enrolled import Photo


def pictures_of(source: Path) -> list[Path]:
    """The file itself, or every image file below the folder, sorted.

    Raises:
        InputError: nothing there, or a folder without images.
    """
    if source.is_dir():
        return [source / name for name in list_images(source)]
    if not source.exists():
        raise InputError(f"there is no file or folder {source}", fix="check the path")
    return [source]


def photos_of(sources: Sequence[Path], name: str | None, folder_per_person: bool) -> list[Photo]:
    """The photos to enrol, each with its person.

    Args:
        sources: files and folders.
        name: everything shows this person.
        folder_per_person: each source holds one folder per person, whose name is the person's.

    Raises:
        ConfigError: neither or both ways of naming were asked for.
        InputError: nothing there, a folder without images, or a picture outside the people's folders.
    """
    if (name is None) != folder_per_person:
        raise ConfigError(
            "say whose photos these are, in one way",
            fix="either --name NAME, or --folder-per-person when each folder is named after its person",
        )
    if name is not None:
        return [Photo(path, name) for source in sources for path in pictures_of(source)]
    photos = []
    for source in sources:
        for path in map(Path, list_images(source)):
            if len(path.parts) < 2:
                raise InputError(
                    f"{source / path} lies in no person's folder",
                    fix=f"with --folder-per-person, photos are at {source}/NAME/PHOTO",
                )
            photos.append(Photo(source / path, path.parts[0]))
    return photos

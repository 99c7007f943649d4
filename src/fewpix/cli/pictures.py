"""What the paths on a command line stand for: picture files, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fewpix.data.folders import list_folder, list_images
from fewpix.data.passed_over import NOTHING, LeftOut
from fewpix.errors import ConfigError, InputError
from fewpix.identify.enrolled import Photo


def pictures_of(source: Path) -> tuple[list[Path], LeftOut]:
    """The file itself, or every picture below the folder, sorted; and what else is there.

    Raises:
        InputError: nothing there, or a folder without pictures.
    """
    if source.is_dir():
        found = list_images(source)
        return [source / name for name in found.names], found.left_out.below(source.as_posix())
    if not source.exists():
        raise InputError(f"there is no file or folder {source}", fix="check the path")
    return [source], NOTHING


def files_of(source: Path) -> tuple[list[Path], list[Path], LeftOut]:
    """The pictures and the films of a folder, each sorted, and what else is there; or the picture itself.

    Raises:
        InputError: nothing there, or a folder without either.
    """
    from fewpix.video.source import is_video, may_be_video

    if not source.is_dir():
        pictures, left_out = pictures_of(source)
        return pictures, [], left_out
    listing = list_folder(source)
    films = {name for name in listing.names if may_be_video(name) and is_video(source / name)}
    others = [item for item in listing.left_out.items if item.count == 1 and is_video(source / item.path)]
    if not films and not others:
        pictures, left_out = pictures_of(source)
        return pictures, [], left_out
    pictures = [source / name for name in listing.names if name not in films]
    rest = tuple(item for item in listing.left_out.items if item not in others)
    found = sorted(source / name for name in (*films, *(item.path for item in others)))
    return pictures, found, replace(listing.left_out, items=rest).below(source.as_posix())


def photos_of(
    sources: Sequence[Path], name: str | None, folder_per_person: bool
) -> tuple[list[Photo], LeftOut]:
    """The photos to enrol, each with its person; and what else is there.

    Args:
        sources: files and folders.
        name: everything shows this person.
        folder_per_person: each source holds one folder per person, whose name is the person's.

    Raises:
        ConfigError: neither or both ways of naming were asked for.
        InputError: nothing there, a folder without pictures, or a picture outside the people's folders.
    """
    if (name is None) != folder_per_person:
        raise ConfigError(
            "say whose photos these are, in one way",
            fix="either --name NAME, or --folder-per-person when each folder is named after its person",
        )
    photos: list[Photo] = []
    left_out = NOTHING
    for source in sources:
        if name is not None:
            pictures, more = pictures_of(source)
            photos += [Photo(path, name) for path in pictures]
            left_out += more
            continue
        found = list_images(source)
        for path in map(Path, found.names):
            if len(path.parts) < 2:
                raise InputError(
                    f"{source / path} lies in no person's folder",
                    fix=f"with --folder-per-person, photos are at {source}/NAME/PHOTO",
                )
            photos.append(Photo(source / path, path.parts[0]))
        left_out += found.per_person().below(source.as_posix())
    return photos, left_out.but_for({photo.name for photo in photos})

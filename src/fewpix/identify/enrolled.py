"""What went into an enrolment and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fewpix.counted import counted
from fewpix.errors import InputError
from fewpix.files import path_of
from fewpix.identify.refusal import combined
from fewpix.image.codec import Image
from fewpix.quality.assess import Quality


@dataclass(frozen=True)
class Photo:
    """A picture of one person, whose name is known.

    Args:
        path: the file; text is taken for its path.
        name: the person.
        image: (H, W, 3) uint8 BGR, where it is at hand; `path` then only names it. None: it is read from the
            file.

    Raises:
        InputError: the path is neither.
    """

    path: Path
    name: str
    image: Image | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", path_of(self.path))


@dataclass(frozen=True)
class Enrolled:
    """A photo whose face is in the gallery.

    Args:
        path: the file as it was named.
        name: the person.
        pixels: side of the face in source pixels.
        new: False when this very face was there already.
        quality: how good the face is, and why.
        warnings: what is wrong with it though it was taken; empty for nothing.
        matched: sides in pixels at which the face is kept shrunk, too, for faces as small.
        face: number of the photo in the gallery; 0 where nobody said.
    """

    path: str
    name: str
    pixels: float
    new: bool
    quality: Quality
    warnings: tuple[str, ...] = ()
    matched: tuple[int, ...] = ()
    face: int = 0


@dataclass(frozen=True)
class Refused:
    """A photo of which nothing was written.

    Args:
        path: the file as it was named.
        name: whose it was to be.
        error: why.
    """

    path: str
    name: str
    error: InputError


@dataclass(frozen=True)
class EnrolReport:
    """What became of the photos.

    Args:
        gallery: the gallery file.
        enrolled: in the order of the photos.
        refused: in the order of the photos.
        photos: how many the gallery has now.
        people: of how many people these are.
    """

    gallery: str
    enrolled: tuple[Enrolled, ...]
    refused: tuple[Refused, ...]
    photos: int = 0
    people: int = 0

    def __str__(self) -> str:
        new = [photo for photo in self.enrolled if photo.new]
        people = counted(len({photo.name for photo in new}), "person", "people")
        known = len(self.enrolled) - len(new)
        again = f", {known:,} {'was' if known == 1 else 'were'} there already" if known else ""
        lines = [
            f"{counted(len(new), 'photo')} of {people} added{again}; the gallery {self.gallery} has "
            f"{counted(self.photos, 'photo')} of {counted(self.people, 'person', 'people')}"
        ]
        if sizes := sorted({size for photo in self.enrolled for size in photo.matched}):
            lines.append(f"kept shrunk to {', '.join(map(str, sizes))} px, too, for faces as small as that")
        if doubtful := [photo for photo in self.enrolled if photo.warnings]:
            lines.append(f"{counted(len(doubtful), 'photo')} taken with a warning:")
            lines += [f"  {photo.path}: {', and '.join(photo.warnings)}" for photo in doubtful]
        if self.refused:
            lines.append(f"{counted(len(self.refused), 'photo')} refused:")
            lines += [f"  {photo.error}" for photo in self.refused]
        # File names need not be valid Unicode, but what is printed must be.
        return "\n".join(lines).encode("utf-8", "backslashreplace").decode()

    def to_json(self) -> dict[str, Any]:
        """Every photo with what became of it, and the number of enrolled photos per person."""
        return {
            "gallery": self.gallery,
            "gallery_photos": self.photos,
            "gallery_people": self.people,
            "people": dict(sorted(Counter(photo.name for photo in self.enrolled).items())),
            "enrolled": [
                {
                    "path": p.path,
                    "name": p.name,
                    "pixels": round(p.pixels, 2),
                    "new": p.new,
                    **p.quality.to_json(),
                    "warnings": list(p.warnings),
                    "matched_px": list(p.matched),
                }
                for p in self.enrolled
            ],
            "refused": [{"path": p.path, "name": p.name, "reason": str(p.error)} for p in self.refused],
        }

    def error(self) -> InputError | None:
        """What a command ends with when a photo was refused: of the class that all refusals share."""
        others = "the others are enrolled; replace these, or accept it with --skip-bad"
        return combined(
            [photo.error for photo in self.refused],
            len(self.refused) + len(self.enrolled),
            others if self.enrolled else "nobody was enrolled; use other photos",
        )

"""The score file of the UCCS watchlist challenge: what was detected, and how similar it is to whom.

One header, then one row a detection, comma-separated, 1006 values:

    FILE,DETECTION_SCORE,BB_X,BB_Y,BB_WIDTH,BB_HEIGHT,0001,0002,...,1000

FILE is a picture of the validation list without its ".jpg"; column k of the last thousand is the cosine
similarity to person k of the gallery. Format: public repository AIML-IfI/uccs-facerec-challenge (dataset.py,
scoring.py).

A file of 40,000 rows has 400 MB. It is read and written in blocks of rows, and `read_scores` keeps only the
eleven people most similar to each detection, from which all figures up to rank 10 follow exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError
from fewpix.evaluate.matching import Candidates, Detections, most_similar
from fewpix.files import atomic

PEOPLE = 1000
HEADER = ("FILE", "DETECTION_SCORE", "BB_X", "BB_Y", "BB_WIDTH", "BB_HEIGHT")
SUFFIX = ".jpg"
BLOCK = 512
"""Rows parsed at once: about 10 MB of text and numbers."""


@dataclass(frozen=True, eq=False)
class ScoreRows:
    """R rows of a score file.

    Args:
        images: pictures as the validation list has them, with ".jpg", without a folder.
        scores: (R,) float64, how sure the detector was.
        boxes: (R, 4) float64, x, y, width, height in pixels.
        similarities: (R, people) float64; float32 when made by a model and not read from a file.
    """

    images: tuple[str, ...]
    scores: NDArray[np.float64]
    boxes: NDArray[np.float64]
    similarities: NDArray[np.floating]


def iter_scores(path: Path, *, people: int = PEOPLE, block: int = BLOCK) -> Iterator[ScoreRows]:
    """The rows of a score file, block by block; the numbers of a block are parsed in one call.

    Args:
        path: of the file.
        people: how many similarities a row has.
        block: rows at once.

    Raises:
        InputError: missing, no text in UTF-8, no such header, a row of another length, a value that is no
            finite number, or a box with a negative side; the line is named.
    """
    try:
        with path.open(encoding="utf-8-sig", newline=None) as file:
            _check_header(file.readline(), path, people)
            line = 2
            while lines := list(islice(file, block)):
                rows = _parse(lines, line, path, people)
                line += len(lines)
                if rows.images:
                    yield rows
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", fix="check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a score file in UTF-8", fix="write it again") from error


def read_scores(
    path: Path, images: Sequence[str], *, people: int = PEOPLE, block: int = BLOCK
) -> tuple[Detections, Candidates]:
    """All detections of a score file, with the people most similar to each.

    Args:
        path: of the file.
        images: the pictures of the benchmark, as `Uccs.images`; a folder before a name is left out.
        people: how many similarities a row has.
        block: rows at once.

    Returns:
        D detections in the order of the file, and as many rows of candidates.

    Raises:
        InputError: see `iter_scores`; or a row's picture is not among `images`, or two rows have one box.
    """
    numbered = {name.rpartition("/")[2]: number for number, name in enumerate(images)}
    if len(numbered) < len(images):
        raise InputError("two pictures have one name")
    image: list[int] = []
    parts: list[tuple[NDArray[np.float64], NDArray[np.float64], Candidates]] = []
    for rows in iter_scores(path, people=people, block=block):
        for name in rows.images:
            if name not in numbered:
                doubled = name.endswith(SUFFIX * 2)
                raise InputError(
                    f"{path}, detection {len(image) + 1}: '{name}' is not a picture of the benchmark",
                    fix="write names without .jpg"
                    if doubled
                    else "score the pictures of validation.csv only",
                )
            image.append(numbered[name])
        parts.append((rows.scores, rows.boxes, most_similar(rows.similarities)))
    if not parts:
        empty = np.empty((0, min(people, 11)))
        return (
            Detections(np.empty(0, dtype=np.int64), np.empty((0, 4)), np.empty(0)),
            (empty.astype(np.int64), empty),
        )
    every = np.concatenate([boxes for _, boxes, _ in parts])
    _refuse_repeated(path, np.array(image, dtype=np.int64), every)
    return (
        Detections(
            np.array(image, dtype=np.int64),
            every,
            np.concatenate([scores for scores, _, _ in parts]),
        ),
        (
            np.concatenate([people for _, _, (people, _) in parts]),
            np.concatenate([similarity for _, _, (_, similarity) in parts]),
        ),
    )


def _refuse_repeated(path: Path, image: NDArray[np.int64], boxes: NDArray[np.float64]) -> None:
    """Refuse a file in which one box of one picture stands twice, as when two runs wrote into it."""
    rows = np.column_stack((image.astype(np.float64), boxes))
    order = np.lexsort(rows.T)
    same = (rows[order][1:] == rows[order][:-1]).all(axis=1)
    if same.any():
        place = int(np.flatnonzero(same)[0])
        first, second = sorted(order[place : place + 2].tolist())
        raise InputError(
            f"{path}: {int(same.sum()):,} detections stand there twice, the first are {first + 1} and "
            f"{second + 1}, with one box in one picture",
            fix="write each detection once",
        )


def write_scores(path: Path, blocks: Iterable[ScoreRows], *, people: int = PEOPLE) -> int:
    """Write a score file, whole or not at all, with as many digits as give every number back.

    Args:
        path: of the file; an existing one is replaced.
        blocks: the rows, in blocks of any size.
        people: how many similarities a row has.

    Returns:
        The number of rows.

    Raises:
        InputError: a name does not end in ".jpg" or holds a comma, a slash or a line end, a value is not
            finite, a box has a negative side, or shapes do not match.
        StorageError: the file cannot be written.
    """
    written = 0
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        file.write(",".join((*HEADER, *(f"{number:04d}" for number in range(1, people + 1)))) + "\n")
        for rows in blocks:
            _check_rows(rows, written, people)
            fronts = np.column_stack((rows.scores, rows.boxes)).tolist()
            # nine digits identify a float32, seventeen a float64
            single = rows.similarities.dtype == np.float32
            similarity = (",%.9g" if single else ",%.17g") * people
            values = rows.similarities.tolist()
            for name, front, row in zip(rows.images, fronts, values, strict=True):
                stem = name.removesuffix(SUFFIX)
                file.write(f"{stem},{','.join(map(repr, front))}{similarity % tuple(row)}\n")
            written += len(rows.images)
    return written


def _check_header(line: str, path: Path, people: int) -> None:
    """The first six names, the number of columns, and that numbered people stand in their order."""
    names = tuple(name.strip() for name in line.strip("\r\n").split(","))
    if names[: len(HEADER)] != HEADER or len(names) != len(HEADER) + people:
        raise InputError(
            f"{path}, line 1: expected {','.join(HEADER)} and {people} people, {len(HEADER) + people} names; "
            f"found {len(names)}, beginning with {','.join(names[:7])}",
            fix="write it in the challenge's format",
        )
    ids = names[len(HEADER) :]
    if all(name.isdecimal() for name in ids) and [int(name) for name in ids] != list(range(1, people + 1)):
        raise InputError(
            f"{path}, line 1: people do not stand in the order 1 to {people}", fix="sort the columns"
        )


def _parse(lines: list[str], first: int, path: Path, people: int) -> ScoreRows:
    """Rows of text, the first of which is line `first`; blank ones are skipped, as the challenge does."""
    numbered = [(number, line.strip()) for number, line in enumerate(lines, start=first)]
    numbered = [(number, line) for number, line in numbered if line]
    names, rests = [], []
    for number, line in numbered:
        name, _, rest = line.partition(",")
        if rest.count(",") != people + 4:
            raise InputError(
                f"{path}, line {number}: {line.count(',') + 1} values instead of {people + 6}",
                fix="write it in the challenge's format",
            )
        names.append(name.strip() + SUFFIX)
        rests.append(rest)
    if not rests:
        return ScoreRows((), np.empty(0), np.empty((0, 4)), np.empty((0, people)))
    try:
        values = np.loadtxt(rests, delimiter=",", dtype=np.float64, comments=None, ndmin=2)
    except ValueError as error:
        number, column, text = _bad_value(numbered)
        raise InputError(f"{path}, line {number}, value {column}: {text!r} is not a number") from error
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        row, column = wrong[0].tolist()
        where = f"{path}, line {numbered[row][0]}, value {column + 2}"
        raise InputError(f"{where}: {values[row, column]} is not a finite number", fix="check the embeddings")
    negative = np.flatnonzero((values[:, 3:5] < 0).any(axis=1))
    if len(negative):
        row = int(negative[0])
        raise InputError(
            f"{path}, line {numbered[row][0]}: a box of {values[row, 3]:g} by {values[row, 4]:g} px",
            fix="a box is x, y, width, height",
        )
    return ScoreRows(tuple(names), values[:, 0], values[:, 1:5], values[:, 5:])


def _bad_value(numbered: list[tuple[int, str]]) -> tuple[int, int, str]:
    """Line, place in it and text of the first value that is not a number."""
    for number, line in numbered:
        for column, text in enumerate(line.split(",")[1:], start=2):
            try:
                float(text)
            except ValueError:
                return number, column, text
    return numbered[0][0], 2, numbered[0][1].split(",")[1]


def _check_rows(rows: ScoreRows, written: int, people: int) -> None:
    """See `write_scores`."""
    count = len(rows.images)
    if (
        rows.scores.shape != (count,)
        or rows.boxes.shape != (count, 4)
        or rows.similarities.shape != (count, people)
    ):
        raise InputError(
            f"{count} detections with scores {rows.scores.shape}, boxes {rows.boxes.shape} and "
            f"similarities {rows.similarities.shape}, not ({count}, {people})"
        )
    for number, name in enumerate(rows.images):
        if not name.endswith(SUFFIX) or any(c in ',/\\"\r\n' for c in name) or name != name.strip():
            raise InputError(
                f"detection {written + number + 1}: '{name}' is not the name of a picture, NAME.jpg"
            )
    numbers = np.column_stack((rows.scores, rows.boxes, rows.similarities))
    bad = np.flatnonzero(~np.isfinite(numbers).all(axis=1) | (rows.boxes[:, 2:] < 0).any(axis=1))
    if len(bad):
        raise InputError(
            f"detection {written + bad[0] + 1} ({rows.images[bad[0]]}) has a value that is not finite, "
            f"or a box {rows.boxes[bad[0]].tolist()}",
            fix="check the embeddings and the detector",
        )

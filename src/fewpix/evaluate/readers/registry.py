"""Every benchmark that has a reader: what it is, what can be done with it, by which function and options.

This is the only list of them. A reader's module is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fewpix.errors import ConfigError

if TYPE_CHECKING:
    from fewpix.data.inventory import Inventory
    from fewpix.evaluate.benchmark import Benchmark

CHECK, PAIRS, SEARCH = "check", "pairs", "search"
"""The last two are those of `evaluate.benchmark`, named again so that a verb's help loads no NumPy."""

TASKS = {
    CHECK: "no benchmark '{}'",
    PAIRS: "'{}' is no list of pairs",
    SEARCH: "'{}' has no gallery to search",
}
"""What can be done with a benchmark → what to say of one that it cannot be done with."""


@dataclass(frozen=True)
class Options:
    """Who does a task, and what a user may set in it.

    Args:
        read: the function, as `module.function` of this package or with the whole name of another module; it
            takes PATH, `allow_missing` and `known`.
        known: keywords of it.
        required: those of them that must be set.
    """

    read: str
    known: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    def function(self) -> Callable[..., Any]:
        """What `read` names, imported now."""
        module, _, name = self.read.rpartition(".")
        place = module if "." in module else f"fewpix.evaluate.readers.{module}"
        found: Callable[..., Any] = getattr(import_module(place), name)
        return found


READERS: dict[str, tuple[str, Mapping[str, Options]]] = {
    "lfw": (
        "the folder with NAME/NAME_0001.jpg and pairs.txt",
        {CHECK: Options("lfw.inventory", ("pairs",)), PAIRS: Options("lfw.read", ("pairs",))},
    ),
    "xqlfw": (
        "the folder with xqlfw_pairs.txt",
        {CHECK: Options("xqlfw.inventory"), PAIRS: Options("xqlfw.read", ("aligned",))},
    ),
    "bin": (
        "an insightface .bin of LFW, CFP-FP, AgeDB-30, CALFW or CPLFW",
        {CHECK: Options("bin.inventory"), PAIRS: Options("bin.read")},
    ),
    "tinyface": (
        "the folder with Testing_Set",
        {CHECK: Options("tinyface.inventory"), SEARCH: Options("tinyface.read", ("copies",))},
    ),
    "scface": (
        "the folder with mugshot_frontal_cropped_all",
        {
            CHECK: Options("scface.inventory", ("ids",)),
            PAIRS: Options("scface.read_pairs", ("distance", "ids"), ("distance",)),
            SEARCH: Options("scface.read", ("distance", "ids", "enrolled"), ("distance",)),
        },
    ),
    "survface": (
        "QMUL-SurvFace's folder with Face_Identification_Test_Set",
        {CHECK: Options("survface.inventory"), SEARCH: Options("survface.read")},
    ),
    "survface-pairs": (
        "QMUL-SurvFace's folder with Face_Verification_Test_Set",
        {CHECK: Options("survface.inventory_of_pairs"), PAIRS: Options("survface.read_pairs")},
    ),
    "uccs": ("the folder with gallery.csv and validation.csv", {CHECK: Options("uccs.inventory")}),
    "ijb": (
        "the folder with meta and loose_crop of IJB-B or IJB-C",
        {
            CHECK: Options("ijb.inventory"),
            PAIRS: Options("ijb_protocols.read_pairs"),
            SEARCH: Options("ijb_protocols.read_search"),
        },
    ),
    "ijbs": (
        "the folder with protocols of IJB-S",
        {
            CHECK: Options("ijbs.inventory"),
            SEARCH: Options("ijbs.read", ("faces", "lists"), ("faces",)),
        },
    ),
    "table": (
        "a CSV file of your own: first,second,same or picture,person,role",
        {
            CHECK: Options("table.inventory"),
            PAIRS: Options("table.read_pairs", ("folder",)),
            SEARCH: Options("table.read_search", ("folder",)),
        },
    ),
    "recordio": (
        "a .rec, or the folder with train.rec and train.idx",
        {CHECK: Options("fewpix.data.recordio_inventory.inventory")},
    ),
    "shards": (
        "a tar shard of faces, or a folder of them",
        {CHECK: Options("fewpix.data.shards_inventory.inventory")},
    ),
}
"""Name → what PATH is, in words; and of `TASKS` what can be done with it."""


def kinds_of(task: str) -> tuple[str, ...]:
    """The benchmarks that a task can be done with."""
    return tuple(name for name, (_, tasks) in READERS.items() if task in tasks)


def take_stock(kind: str, path: Path, **options: object) -> Inventory:
    """What is there of a benchmark.

    Args:
        kind: of `READERS`.
        path: see `READERS`.
        options: of the reader; None for what was not set.

    Raises:
        ConfigError: no such kind, or an option that its reader does not know.
        InputError: see the reader.
    """
    found: Inventory = _read(CHECK, kind, options, path)
    return found


def open_benchmark(
    task: str, kind: str, path: Path, *, allow_missing: bool = False, **options: object
) -> Benchmark:
    """Read the pairs, or the galleries and the probes, of a benchmark.

    Args:
        task: `PAIRS` or `SEARCH`.
        kind: of `READERS`.
        path: see `READERS`.
        allow_missing: leave out what lacks a picture instead of refusing.
        options: of the reader, None for what was not set: `pairs` of lfw, another list; `aligned` of xqlfw,
            whether to take the aligned pictures; `copies` of tinyface, their folder; `folder` of table,
            that its pictures are relative to; `distance`, `ids` and `enrolled` of scface; `faces` and
            `lists` of ijbs.

    Raises:
        ConfigError: no such kind, an option that it does not know, or one that it needs is not set.
        InputError: see the reader; only one kind of pair is there; or no probe shows anybody of a gallery.
    """
    found: Benchmark = _read(task, kind, options, path, allow_missing=allow_missing)
    import_module("fewpix.evaluate.readers.listed").require_comparable(found, path)
    return found


def _read(task: str, kind: str, given: Mapping[str, object], path: Path, **more: bool) -> Any:
    """What a reader gives, with the options that were set, as long as it knows them in this task."""
    kinds = kinds_of(task)
    if kind not in kinds:
        raise ConfigError(TASKS[task].format(kind), fix=f"use one of {', '.join(kinds)}")
    options = READERS[kind][1][task]
    set_ = {name: value for name, value in given.items() if value is not None}
    for name in set_:
        if name not in options.known:
            raise ConfigError(f"{kind} takes no option --{name}")
    for name in options.required:
        if name not in set_:
            raise ConfigError(f"{kind} needs --{name}")
    return options.function()(path, **more, **set_)

"""Every benchmark that has a reader, what can be done with it, and the options of each of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fewpix.errors import ConfigError

if TYPE_CHECKING:
    from fewpix.evaluate.inventory import Inventory

CHECK, PAIRS, SEARCH = "check", "pairs", "search"
TEMPLATE_PAIRS, TEMPLATE_SEARCH = "template-pairs", "template-search"

TASKS = {
    CHECK: "no benchmark '{}'",
    PAIRS: "'{}' is no list of pairs",
    SEARCH: "'{}' has no gallery to search",
    TEMPLATE_PAIRS: "'{}' has no pairs of templates",
    TEMPLATE_SEARCH: "'{}' has no galleries of templates",
}
"""What can be done with a benchmark → what to say of one that it cannot be done with."""


@dataclass(frozen=True)
class Options:
    """What a user may set in a task.

    Args:
        known: keywords of the function that does it.
        required: those of them that must be set.
    """

    known: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


NONE = Options()


@dataclass(frozen=True)
class Kind:
    """A benchmark.

    Args:
        module: of its reader, in this package; its function `inventory` does `check`.
        holds: what PATH is, in words.
        tasks: of `TASKS`, what can be done with it.
    """

    module: str
    holds: str
    tasks: Mapping[str, Options] = field(default_factory=lambda: {CHECK: NONE})


KINDS: dict[str, Kind] = {
    "lfw": Kind(
        "lfw",
        "the folder with NAME/NAME_0001.jpg and pairs.txt",
        {CHECK: Options(("pairs",)), PAIRS: Options(("pairs",))},
    ),
    "xqlfw": Kind("xqlfw", "the folder with xqlfw_pairs.txt", {CHECK: NONE, PAIRS: Options(("aligned",))}),
    "bin": Kind(
        "bin", "an insightface .bin of LFW, CFP-FP, AgeDB-30, CALFW or CPLFW", {CHECK: NONE, PAIRS: NONE}
    ),
    "tinyface": Kind("tinyface", "the folder with Testing_Set", {CHECK: NONE, SEARCH: Options(("aligned",))}),
    "scface": Kind(
        "scface",
        "the folder with mugshot_frontal_cropped_all",
        {
            CHECK: Options(("ids",)),
            PAIRS: Options(("distance", "ids"), ("distance",)),
            SEARCH: Options(("distance", "ids", "enrolled"), ("distance",)),
        },
    ),
    "survface": Kind(
        "survface", "QMUL-SurvFace's folder with Face_Identification_Test_Set", {CHECK: NONE, SEARCH: NONE}
    ),
    "survface-pairs": Kind(
        "survface_pairs",
        "QMUL-SurvFace's folder with Face_Verification_Test_Set",
        {CHECK: NONE, PAIRS: NONE},
    ),
    "uccs": Kind("uccs", "the folder with gallery.csv and validation.csv"),
    "ijb": Kind(
        "ijb",
        "the folder with meta and loose_crop of IJB-B or IJB-C",
        {CHECK: NONE, TEMPLATE_PAIRS: NONE, TEMPLATE_SEARCH: NONE},
    ),
    "ijbs": Kind(
        "ijbs",
        "the folder with protocols of IJB-S",
        {CHECK: NONE, TEMPLATE_SEARCH: Options(("faces", "protocol"), ("faces",))},
    ),
    "table": Kind(
        "table",
        "a CSV file of your own: first,second,same or picture,person,role",
        {CHECK: NONE, PAIRS: Options(("folder",)), SEARCH: Options(("folder",))},
    ),
    "recordio": Kind("recordio", "a .rec, or the folder with train.rec and train.idx"),
    "shards": Kind("shards", "a tar shard of faces, or a folder of them"),
}
"""Name → what it is and what can be done with it: by its reader's `inventory`, by `pairs.OPENERS`, by
`searches.PROTOCOLS`, by `templates`."""


def kinds_of(task: str) -> tuple[str, ...]:
    """The benchmarks that a task can be done with."""
    return tuple(name for name, kind in KINDS.items() if task in kind.tasks)


PAIR_KINDS = kinds_of(PAIRS)
"""Those of `KINDS` that are lists of pairs, or can be."""


def chosen(task: str, kind: str, given: Mapping[str, object]) -> dict[str, Any]:
    """The options that were set, as long as the benchmark knows them in this task.

    Args:
        task: of `TASKS`.
        kind: of `KINDS`.
        given: options by name; None for what was not set.

    Raises:
        ConfigError: the task cannot be done with such a kind, it does not know an option, or one that it
            needs is not set.
    """
    kinds = kinds_of(task)
    if kind not in kinds:
        raise ConfigError(TASKS[task].format(kind), fix=f"use one of {', '.join(kinds)}")
    options = KINDS[kind].tasks[task]
    set_ = {name: value for name, value in given.items() if value is not None}
    for name in set_:
        if name not in options.known:
            raise ConfigError(f"{kind} takes no option --{name}")
    for name in options.required:
        if name not in set_:
            raise ConfigError(f"{kind} needs --{name}")
    return set_


def take_stock(kind: str, path: Path, **options: object) -> Inventory:
    """What is there of a benchmark.

    Args:
        kind: of `KINDS`.
        path: see `Kind.holds`.
        options: of the reader; None for what was not set.

    Raises:
        ConfigError: no such kind, or an option that its reader does not know.
        InputError: see the reader.
    """
    set_ = chosen(CHECK, kind, options)
    inventory: Callable[..., Inventory] = import_module(
        f"fewpix.evaluate.readers.{KINDS[kind].module}"
    ).inventory
    return inventory(path, **set_)

"""Every benchmark that has a reader, by the name that `fewpix data check` knows it by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from fewpix.errors import ConfigError
from fewpix.evaluate.readers.benchmark import Inventory


@dataclass(frozen=True)
class Kind:
    """A benchmark.

    Args:
        module: of its reader, in this package.
        holds: what PATH is, in words.
        options: keywords of the reader's `inventory` that a user may set.
    """

    module: str
    holds: str
    options: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "lfw": Kind("lfw", "the folder with NAME/NAME_0001.jpg and pairs.txt", ("pairs_file",)),
    "xqlfw": Kind("xqlfw", "the folder with xqlfw_pairs.txt"),
    "bin": Kind("bin", "an insightface .bin of LFW, CFP-FP, AgeDB-30, CALFW or CPLFW"),
    "tinyface": Kind("tinyface", "the folder with Testing_Set"),
    "scface": Kind("scface", "the folder with mugshot_frontal_cropped_all", ("ids",)),
    "survface": Kind("survface", "QMUL-SurvFace's folder with Face_Identification_Test_Set"),
    "survface-pairs": Kind("survface_pairs", "QMUL-SurvFace's folder with Face_Verification_Test_Set"),
    "uccs": Kind("uccs", "the folder with gallery.csv and validation.csv"),
    "ijb": Kind("ijb", "the folder with meta and loose_crop of IJB-B or IJB-C"),
    "ijbs": Kind("ijbs", "the folder with protocols of IJB-S"),
    "table": Kind("table", "a CSV file of your own: first,second,same or picture,person,role"),
    "recordio": Kind("recordio", "the folder with train.rec and train.idx"),
}
"""Name → its reader."""

PAIR_KINDS: dict[str, tuple[str, ...]] = {
    "lfw": ("pairs",),
    "xqlfw": ("aligned",),
    "bin": (),
    "survface-pairs": (),
    "table": ("folder",),
}
"""Those of `KINDS` that are lists of pairs, or can be, with the options that a user may set there."""


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
    if kind not in KINDS:
        raise ConfigError(f"no benchmark '{kind}'", fix=f"one of {', '.join(KINDS)}")
    chosen = {name: value for name, value in options.items() if value is not None}
    unknown = [name for name in chosen if name not in KINDS[kind].options]
    if unknown:
        raise ConfigError(f"{kind} takes no option '{unknown[0]}'")
    module = import_module(f"fewpix.evaluate.readers.{KINDS[kind].module}")
    inventory: Callable[..., Inventory] = module.inventory
    return inventory(path, **chosen)

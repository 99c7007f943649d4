"""The one way into a benchmark: its options, the clock, and the result in the form that all of them share."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.envelope import Envelope
from fewpix.errors import FewpixError
from fewpix.evaluate.result.file import Run, check_target, write_result
from fewpix.evaluate.statistics.bootstrap import REPLICATES, Clusters, mean_interval

OPTIONS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "faces": {"nargs": "+", "type": Path, "help": "all shards of the training pool"},
        "lfw": {"type": Path, "help": "folder with NAME/NAME_0001.jpg, 112x112 px, and pairs.txt"},
        "--count": {"type": int, "help": "held-out faces that are measured"},
        "--model": {"default": "fewpix-s", "help": "a student"},
        "--models": {"default": "fewpix-s,fewpix-l", "help": "with commas between them"},
        "--sizes": {"nargs": "+", "type": int, "help": "sides of the faces in pixels"},
        "--runtime": {"default": "auto", "help": "of the models"},
        "--device": {"default": "cpu", "help": "of torch"},
        "--threads": {"type": int, "default": 0, "help": "0: the runtime's own choice"},
        "--replicates": {"type": int, "default": REPLICATES, "help": "of the bootstrap"},
        "--seed": {"type": int, "default": 0, "help": "of all that is drawn"},
        "--work": {
            "type": Path,
            "required": True,
            "help": "folder for what an interrupted run continues from",
        },
        "--out": {"type": Path, "required": True, "help": "the result, a .json file"},
    }
)
"""Options that several benchmarks have, with what they take; an option of one benchmark is added by it."""

POOL = ("faces", "--count", "--runtime", "--seed", "--out")
"""Of a benchmark that measures on some held-out faces of the training pool."""


def options(doc: str | None, *names: str, **defaults: Any) -> argparse.ArgumentParser:
    """A parser of shared options.

    Args:
        doc: of the benchmark.
        names: see `OPTIONS`.
        defaults: where they differ.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in names:
        parser.add_argument(name, **OPTIONS[name])
    parser.set_defaults(**defaults)
    return parser


def guarded(work: Callable[[], None], kept: Path | None = None) -> int:
    """Work on one thread of OpenCV.

    Args:
        work: what is to be done.
        kept: folder from which the same command continues after an interruption.

    Returns:
        The exit status; an error is printed.
    """
    cv2.setNumThreads(1)
    try:
        work()
    except FewpixError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        if kept is None:
            raise
        print(f"stopped; what was made is kept in {kept}: the same command goes on", file=sys.stderr)
        return 130
    return 0


def run(
    out: Path,
    measure: Callable[[], Mapping[str, Any]],
    told: Callable[[Mapping[str, Any]], Iterable[str]],
    kept: Path | None = None,
) -> int:
    """Measure, write the result and how it was made, and print what it says.

    Args:
        out: where to.
        measure: gives the result, see `Envelope`.
        told: the lines that say it.
        kept: see `guarded`.

    Returns:
        The exit status; an error is printed, and nothing is written.
    """

    def work() -> None:
        start = time.monotonic()
        check_target(out)
        result = measure()
        Envelope.model_validate(result)
        write_result(out, result, Run.since(start))
        for line in told(result):
            print(line)

    return guarded(work, kept)


def each(line: Callable[[Any], str]) -> Callable[[Mapping[str, Any]], Iterable[str]]:
    """Says a result by a line for each of its figures; those by name are pairs of a name and a figure."""

    def told(result: Mapping[str, Any]) -> Iterable[str]:
        figures = result["figures"]
        return map(line, figures.items() if isinstance(figures, Mapping) else figures)

    return told


def mean_change(change: NDArray[np.float64], clusters: Clusters, seed: int) -> dict[str, Any]:
    """The mean of N changes with its interval, as JSON values."""
    return {"mean": float(change.mean()), "ci95": mean_interval(change, clusters, seed=seed).to_json()}

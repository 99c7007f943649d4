"""What benchmarks about quality share: their options, how they begin and end, a change with its interval."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fewpix.errors import FewpixError
from fewpix.evaluate.result.file import Run, check_target, write_result
from fewpix.evaluate.statistics.bootstrap import Clusters, mean_interval


def options(doc: str | None) -> argparse.ArgumentParser:
    """A parser of what all of them ask for.

    Args:
        doc: of the benchmark.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runtime", default="auto", help="of the models")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    return parser


def pool_options(
    doc: str | None, count: int, counted: str = "of the held-out faces"
) -> argparse.ArgumentParser:
    """Likewise, of those that measure on some held-out faces of the training pool.

    Args:
        doc: of the benchmark.
        count: how many, unless asked otherwise.
        counted: what they are.
    """
    parser = options(doc)
    parser.add_argument("faces", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=count, help=counted)
    return parser


def run(out: Path, measure: Callable[[], Mapping[str, Any]], line: Callable[[Mapping[str, Any]], str]) -> int:
    """Measure on one thread of OpenCV, write the result and print a line for each of its figures.

    Args:
        out: where to.
        measure: gives the result.
        line: of one of its figures.

    Returns:
        The exit status; an error is told.
    """
    start = time.monotonic()
    cv2.setNumThreads(1)
    try:
        check_target(out)
        payload = measure()
        write_result(out, payload, Run.since(start))
    except FewpixError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    for row in payload["figures"]:
        print(line(row))
    return 0


def mean_change(change: NDArray[np.float64], clusters: Clusters, seed: int) -> dict[str, Any]:
    """The mean of N changes with its interval, as JSON values."""
    return {"mean": float(change.mean()), "ci95": mean_interval(change, clusters, seed=seed).to_json()}

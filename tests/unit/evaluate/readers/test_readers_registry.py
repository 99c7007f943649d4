"""The one list of readers: what each does, which options it takes, and what no task can use."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from pathlib import Path

import numpy as np
import pytest

import bin_layout
import ijb_layout
import ijbs_faces_layout
import ijbs_layout
import lfw_layout
import scface_layout
import survface_layout
import table_layout
import tinyface_layout
import xqlfw_layout
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate import benchmark
from fewpix.evaluate.benchmark import Searches
from fewpix.evaluate.readers.registry import (
    CHECK,
    PAIRS,
    READERS,
    SEARCH,
    TASKS,
    kinds_of,
    open_benchmark,
    take_stock,
)
from fewpix.evaluate.readers.xqlfw import ALIGNED

pytestmark = pytest.mark.needs("samples")

LAYOUTS: dict[tuple[str, str], Callable[[Path], Path]] = {
    (PAIRS, "lfw"): lfw_layout.lay_out,
    (PAIRS, "xqlfw"): lambda folder: xqlfw_layout.lay_out_xqlfw(folder, ALIGNED),
    (PAIRS, "bin"): lambda folder: bin_layout.write(folder / "own.bin", (bin_layout.BINS, bin_layout.SAME)),
    (PAIRS, "scface"): scface_layout.scface,
    (PAIRS, "survface-pairs"): survface_layout.verification,
    (PAIRS, "ijb"): lambda folder: ijb_layout.lay_out(folder).folder,
    (PAIRS, "table"): lambda folder: table_layout.lay_out(folder, table_layout.PAIRS),
    (SEARCH, "tinyface"): tinyface_layout.tinyface,
    (SEARCH, "scface"): scface_layout.scface,
    (SEARCH, "survface"): survface_layout.identification,
    (SEARCH, "ijb"): lambda folder: ijb_layout.lay_out(folder).folder,
    (SEARCH, "ijbs"): lambda folder: ijbs_layout.lay_out(folder).parent,
    (SEARCH, "table"): lambda folder: table_layout.lay_out(folder, table_layout.SEARCH),
}


def test_tasks_are_named_as_the_comparisons_are() -> None:
    assert (PAIRS, SEARCH) == (benchmark.PAIRS, benchmark.SEARCH)
    assert set(TASKS) == {CHECK, PAIRS, SEARCH}
    assert kinds_of(CHECK) == tuple(READERS)
    assert {(task, kind) for task in (PAIRS, SEARCH) for kind in kinds_of(task)} == set(LAYOUTS)


def test_readers_take_the_options_that_are_said_of_them() -> None:
    for _, tasks in READERS.values():
        for task, options in tasks.items():
            taken = signature(options.function()).parameters
            assert {*options.known, *options.required} <= set(taken)
            assert set(options.required) <= set(options.known)
            assert ("allow_missing" in taken) == (task != CHECK)


@pytest.mark.parametrize(("task", "kind"), LAYOUTS)
def test_what_is_opened_fits_together(task: str, kind: str, tmp_path: Path) -> None:
    options: dict[str, object] = {}
    if kind == "scface":
        options = {"distance": 2, "ids": scface_layout.ids(tmp_path / "ids.txt")}
    if kind == "ijbs":
        options = {"faces": ijbs_faces_layout.cut(tmp_path / "faces")}
    found = open_benchmark(task, kind, LAYOUTS[task, kind](tmp_path / "made"), **options)
    items, compared = found.items, found.comparisons
    assert compared.task == task
    assert (found.missing, found.coverage) == (0, 1.0)
    pictures = len(items.pictures.names)
    if items.single:
        assert (len(items), items.names) == (pictures, None)
    else:
        assert len(items.item) == len(items.media) == pictures
        assert (np.diff(items.item) >= 0).all()
        assert len(set(items.called)) == len(items)
    for values in (items.points, items.quality):
        assert values is None or len(values) == pictures
    used = [*compared.galleries.values(), compared.probes] if isinstance(compared, Searches) else []
    for numbers in used or [compared.first, compared.second]:
        assert numbers.dtype.kind == "i"
        assert 0 <= numbers.min() <= numbers.max() < len(items)
    assert all(items.pictures.read(n) and items.pictures.stamp(n) for n in range(pictures))


def test_what_no_task_can_use_is_named(tmp_path: Path) -> None:
    for task, kind, said in (
        (CHECK, "mine", r"no benchmark 'mine' \(use one of lfw, "),
        (PAIRS, "tinyface", r"'tinyface' is no list of pairs \(use one of lfw, xqlfw, bin"),
        (SEARCH, "lfw", r"'lfw' has no gallery to search \(use one of tinyface, "),
    ):
        with pytest.raises(ConfigError, match=said):
            take_stock(kind, tmp_path) if task == CHECK else open_benchmark(task, kind, tmp_path)
    with pytest.raises(ConfigError, match="scface needs --distance"):
        open_benchmark(SEARCH, "scface", tmp_path, distance=None)
    with pytest.raises(ConfigError, match="lfw takes no option --distance"):
        open_benchmark(PAIRS, "lfw", tmp_path, distance=1, pairs=None)
    with pytest.raises(ConfigError, match="ijb takes no option --faces"):
        take_stock("ijb", tmp_path, faces=tmp_path)


def test_pairs_of_one_kind_and_searches_without_a_mate_are_refused(tmp_path: Path) -> None:
    folder = lfw_layout.lay_out(tmp_path / "lfw", text="1\t1\nAnn\t1\t2\nAnn\t1\tCid\t1\n")
    (folder / "Cid" / "Cid_0001.jpg").unlink()
    with pytest.raises(InputError, match=r"only 1 of one person are whole \(verification needs both kinds"):
        open_benchmark(PAIRS, "lfw", folder, allow_missing=True)
    path = table_layout.lay_out(tmp_path, table_layout.SEARCH.replace("bob,probe", "cid,probe"))
    assert len(open_benchmark(SEARCH, "table", path).comparisons) == 3
    path.write_text(path.read_text(encoding="utf-8").replace("ann,probe", "dan,probe"), encoding="utf-8")
    with pytest.raises(InputError, match="is no probe of whom a gallery has a picture"):
        open_benchmark(SEARCH, "table", path)

"""`fewpix data check`: what is there of a benchmark, and an exit code that a script can use."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fewpix.cli import main
from fewpix.evaluate.readers.registry import READERS
from fewpix.image.codec import write_image


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    return code, done.out, done.err


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two people, two pictures each, and the pairs of all of them."""
    names = ["a/1.png", "a/2.png", "b/1.png", "b/2.png"]
    for n, name in enumerate(names):
        write_image(tmp_path / name, np.full((16, 16, 3), 40 * n, np.uint8))
    rows = [f"{x},{y},{int(x[0] == y[0])}" for n, x in enumerate(names) for y in names[n + 1 :]]
    path = tmp_path / "pairs.csv"
    path.write_text("\n".join(["first,second,same", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_complete_benchmark(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "data", "check", "table", table)
    assert (code, err) == (0, "")
    assert "2 pairs of one person" in out
    assert "4 pairs of two people" in out
    assert "  complete; lists " in out  # one's own: nothing of it was published
    assert "published" not in out


def test_what_is_missing_is_named_and_ends_with_1(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (table.parent / "b" / "2.png").unlink()
    code, out, _ = run(capsys, "data", "check", "table", table)
    assert code == 1
    assert "1 of 4 listed pictures are missing, the first one b/2.png" in out
    code, out, _ = run(capsys, "data", "check", "table", table, "--json")
    found = json.loads(out)
    assert code == 1
    assert (found["missing"], found["missing_first"], found["coverage"]) == (1, ["b/2.png"], 0.75)
    assert (found["kind"], found["complete"]) == ("table", False)
    assert len(found["sha256"]) == 64


def test_other_counts_than_the_published_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("Ann/Ann_0001", "Ann/Ann_0002", "Bob/Bob_0001"):
        write_image(tmp_path / f"{name}.png", np.zeros((16, 16, 3), np.uint8))
    (tmp_path / "some.txt").write_text("1\nAnn\t1\t2\nAnn\t1\tBob\t1\n", encoding="utf-8")
    code, out, _ = run(capsys, "data", "check", "lfw", tmp_path, "--pairs", tmp_path / "some.txt")
    assert code == 1
    assert "2 pairs, published: 6,000" in out
    assert "not as published" in out


@pytest.mark.parametrize(
    ("words", "expected", "said"),
    [
        (("megaface", "."), 5, "no benchmark 'megaface'"),
        (("table", ".", "--ids", "all"), 5, "table takes no option --ids"),
        (("lfw", "nowhere"), 3, "there is no folder nowhere"),
        (("table", "nowhere.csv"), 3, "nowhere.csv"),
    ],
)
def test_what_cannot_be_checked(
    words: tuple[str, ...], expected: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "data", "check", *words)
    assert (code, out) == (expected, "")
    assert said in err


@pytest.mark.parametrize("kind", sorted(READERS))
def test_every_kind_refuses_a_folder_that_is_not_there(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "data", "check", kind, tmp_path / "absent")
    assert (code, out) == (3, "")
    assert "absent" in err

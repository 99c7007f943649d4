"""`fewpix embed` and `identify` in parts: what they say, how they end, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fewpix.cli import main
from fewpix.image.codec import encode_image
from orl_files import face_file
from pixels_model import write_pixels_model
from shards_made import write_tar

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.needs("parquet", "samples")


def run(capsys: Capture, *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    return code, done.out, done.err


def rows(out: Path) -> list[dict[str, Any]]:
    from pyarrow import parquet

    return [
        row for path in sorted(out.glob("part-*.parquet")) for row in parquet.read_table(path).to_pylist()
    ]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pixels_model(tmp_path_factory.mktemp("models"))


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Two pictures each of three people, and a broken one."""
    for person in range(3):
        for n in range(2):
            path = tmp_path / "in" / f"s{person}" / f"{n}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(face_file(person, n))
    (tmp_path / "in" / "s1" / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    return tmp_path / "in"


def test_embed_in_parts(faces: Path, model: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "parts"
    words = ["embed", faces, "--crops", "--model", model, "--out", out, "--part-size", 3]
    code, told, _ = run(capsys, *words, "--dry-run")
    assert (code, out.exists()) == (0, False)
    assert told == f"{out}: 7 pictures in 3 parts would be written, 0 of them are whole; nothing was done\n"
    code, told, err = run(capsys, *words, "--json")
    facts = json.loads(told)
    assert code == 3
    assert "1 of 7 pictures was refused, the first, s1/bad.png: it " in err
    assert (facts["pictures"], facts["parts"], facts["before"], facts["failed"]) == (7, 3, 0, ["s1/bad.png"])
    assert facts["passed_over"] == []
    assert [row["picture"] for row in rows(out)][:3] == ["s0/0.png", "s0/1.png", "s1/0.png"]
    code, told, err = run(capsys, *words, "--skip-bad")
    assert (code, told.splitlines()[0]) == (0, f"{out}: 7 pictures in 3 parts, 3 of them whole before")
    assert "left out s1/bad.png: " in told
    code, _, err = run(capsys, *words[:-1], 4)
    assert code == 5
    assert "made in another way: part was 3, now 4" in err
    assert run(capsys, *words[:-1], 4, "--replace", "--skip-bad")[0] == 0
    assert len(list(out.glob("part-*"))) == 2


def test_identify_in_parts_says_what_its_lines_say(
    faces: Path,
    model: Path,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (faces / "s1" / "bad.png").unlink()
    monkeypatch.chdir(tmp_path)
    gallery = ["--model", model, "--gallery", "people.db", "--crops"]
    assert run(capsys, "enrol", faces, "--folder-per-person", *gallery)[0] == 0
    write_tar(tmp_path / "probes" / "a.tar", [(f"{n}.png", face_file(n, 1)) for n in range(3)])
    write_tar(tmp_path / "probes" / "b.tar", [("3.jpg", b"no picture")])
    common = [*gallery, "--threshold", "0.9", "--top", "2"]
    words = ["identify", "probes", *common, "--out", "parts", "--part-size", 2]
    code, told, err = run(capsys, *words, "--json")
    assert code == 3
    assert json.loads(told)["made"]["threshold"] == 0.9
    assert "b.tar/3.jpg: it is not a JPEG" in err
    found = rows(tmp_path / "parts")
    assert [row["picture"] for row in found] == ["a.tar/0.png", "a.tar/1.png", "a.tar/2.png", "b.tar/3.jpg"]
    assert [row["names"] for row in found] == [["s0"], ["s1"], ["s2"], None]
    assert [row["faces"] for row in found] == [1, 1, 1, None]
    for n in range(3):
        Path(f"{n}.png").write_bytes(face_file(n, 1))
        line = json.loads(run(capsys, "identify", f"{n}.png", *common, "--json")[1])
        assert json.loads(found[n]["result"]) | {"path": f"{n}.png"} == line
    assert run(capsys, *words, "--skip-bad", "--resume")[1].startswith(
        "parts: 4 pictures in 2 parts, 2 of them whole before"
    )
    code, _, err = run(capsys, *words, "--threshold", "0.8")
    assert code == 5
    assert "threshold was 0.9, now 0.8" in err


def test_what_is_refused(faces: Path, model: Path, tmp_path: Path, capsys: Capture) -> None:
    embed = ["embed", faces, "--crops", "--model", model]
    for out, more, code, message in (
        (tmp_path / "x.npz", ["--ray", "local"], 5, "--ray is for parts"),
        (tmp_path / "x.npz", ["--dry-run"], 5, "--dry-run is for parts"),
        (faces / "x.txt", [], 3, "a file of embeddings is a .npz file, not"),
    ):
        found, told, err = run(capsys, *embed, "--out", out, *more)
        assert (found, told) == (code, "")
        assert message in err
    identify = ["identify", faces, "--gallery", tmp_path / "none.db"]
    for more, message in (
        (["--ray", "auto"], "--ray is for parts"),
        (["--out", tmp_path / "p", "--draw", tmp_path / "d"], "--draw and --detect-budget are not for parts"),
        (["--out", tmp_path / "p", "--detect-budget", "9"], "--draw and --detect-budget are not for parts"),
    ):
        assert message in run(capsys, *identify, *more)[2]
    foreign = tmp_path / "parts" / "part-000000.parquet"
    foreign.parent.mkdir()
    foreign.write_bytes(b"mine")
    code, _, err = run(capsys, *embed, "--out", foreign.parent)
    assert code == 3
    assert "part-000000.parquet exists and is not part of a file of embeddings" in err
    assert foreign.read_bytes() == b"mine"


def test_a_wide_picture_is_no_crop(model: Path, tmp_path: Path, capsys: Capture) -> None:
    import numpy as np

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "wide.png").write_bytes(encode_image(np.zeros((8, 9, 3), np.uint8)))
    words = ["embed", tmp_path / "in", "--crops", "--model", model, "--out", tmp_path / "out", "--skip-bad"]
    code, _, err = run(capsys, *words)
    assert code == 3, "where nothing could be used, that is an error in any case"
    assert "wide.png: it is 9x8 px, not square" in err

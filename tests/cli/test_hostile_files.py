"""Files that somebody else may have written: a verb ends with its own code and one line, not as a bug."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from fewpix.cli import main
from fewpix.gallery.exchange import export_gallery
from fewpix.gallery.store import Gallery
from fewpix.models.space import Space
from linear_onnx import write_single

FORGED = "a\x1b[31mred\x1b]0;title\x07\u202e.png: 1 face\n    1    90 px at 1,1   boss, under 1 in 5,600"
NESTED, LONG = "[" * 100_000, "9" * 5000


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("one").mkdir()
    face = np.random.default_rng(1).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    cv2.imwrite("one/a.png", face)
    write_single(tmp_path / "w.onnx")
    return tmp_path


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    done = capsys.readouterr()
    assert "bug" not in done.err
    assert done.err.count("\n") == 1, done.err
    assert done.err.rstrip("\n").isprintable()
    return str(done.err)


def test_deep_and_long_numbers_end_with_the_code_of_what_they_are_in(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fault 10."""
    embed = ["embed", "one", "--crops", "--out", "o.npz", "--model"]
    for text in (NESTED, LONG, '{"dim": ' + LONG + "}", '{"dim": NaN}', '{"dim": 1, "dim": 2}'):
        Path("w.onnx.json").write_text(text)
        assert main([*embed, "w.onnx"]) == 6
        assert "w.onnx.json is not JSON" in one_line(capsys)
    header = json.dumps({"__metadata__": {"fewpix": "[" * 200_000}}).encode()
    Path("s.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    assert main([*embed, "s.safetensors"]) == 6
    one_line(capsys)
    for text in ("a = " + "[" * 50_000 + "]" * 50_000, "[run]\nsteps = " + LONG):
        Path("r.toml").write_text(text)
        assert main(["distil", "--recipe", "r.toml", "--faces", "one", "--out", "rr", "--dry-run"]) == 5
        assert "r.toml is not TOML" in one_line(capsys)
    for verb in (["compare", "res.json", "res.json"], ["report", "res.json", "--out", "page"]):
        for text in (NESTED, LONG, "{}", "null", '{"schema": "pairs-1"}', '{"schema": ' + LONG + "}"):
            Path("res.json").write_text(text)
            assert main(verb) == 3
            one_line(capsys)
    gallery = ["--crops", "--model", "w.onnx", "--gallery", "g.db"]
    write_single(here / "w.onnx")
    assert main(["enrol", "one", "--name", "a", *gallery, "--accept-poor"]) == 0
    capsys.readouterr()
    Path("l.jsonl").write_text('{"path": "one/b.png"}\n')
    for text in (NESTED, LONG, "null"):
        Path("l.jsonl.run.json").write_text(text)
        assert main(["identify", "one", *gallery, "--out", "l.jsonl", "--resume"]) == 3
        assert "l.jsonl.run.json" in one_line(capsys)
        Path("i.json").write_text(text)
        assert main(["gallery", "import", "i.json", "--gallery", "g.db"]) == 3
        one_line(capsys)


def test_control_characters_reach_no_terminal(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Fault 9: names of files, fields of imported galleries, names changed in the file, a model's name."""
    model = ["--crops", "--model", "w.onnx"]
    Path("n").mkdir()
    Path("one/a.png").rename(f"n/{FORGED[:60].replace('/', '')}.png")
    data = json.loads(Path("w.onnx.json").read_text())
    Path("w.onnx.json").write_text(json.dumps(data | {"name": FORGED}))
    assert main(["enrol", "n", "--name", "a", *model, "--gallery", "g.db", "--accept-poor"]) == 0
    assert main(["identify", "n", *model, "--gallery", "g.db", "--threshold", "0.1"]) == 0
    assert main(["gallery", "show", "a", "--gallery", "g.db"]) == 0
    assert main(["gallery", "export", "x.json", "--gallery", "g.db"]) == 0
    assert main(["embed", "n", *model, "--out", "o.npz"]) == 0
    exported = json.loads(Path("x.json").read_text())
    exported["rows"][0]["source"] = "\x1b]0;title\x07\nnobody: 0 photos"
    Path("y.json").write_text(json.dumps(exported))
    assert main(["gallery", "import", "y.json", "--gallery", "y.db"]) == 0
    assert main(["gallery", "show", "a", "--gallery", "y.db"]) == 0
    assert main(["gallery", "check", "--gallery", "y.db"]) == 0
    done = capsys.readouterr()
    text = done.out + done.err
    assert "\\x1b]0;title\\x07\\nnobody: 0 photos" in text
    assert not [line for line in text.splitlines() if not line.isprintable()]
    assert not [line for line in text.splitlines() if line.strip().startswith(("nobody:", "1    90 px"))]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("encoder_sha256", "\x1b[31mA"),
        ("encoder_sha256", "A" * 64),
        ("encoder_sha256", ""),
        ("state_id", "x"),
        ("pixels", 1e308),
        ("pixels", 0),
        ("face", 1e300),
        ("face", 2**70),
        ("name", "unknown"),
        ("name", "\u202e"),
        ("created", "\n"),
    ],
)
def test_an_import_checks_what_it_is_given(
    place: str, value: object, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Gallery.open("g.db", Space("a" * 64, 4)) as gallery:
        row = np.eye(4, dtype=np.float32)[0]
        gallery.add("anna", row, pixels=20, encoder_sha256="b" * 64, state_id="", source="x")
        export_gallery(gallery, Path("x.json"))
    data = json.loads(Path("x.json").read_text())
    data["rows"][0][place] = value
    if place == "name":
        data["people"][0]["name"] = value
    Path("x.json").write_text(json.dumps(data))
    assert main(["gallery", "import", "x.json", "--gallery", "y.db"]) == 3
    one_line(capsys)


@pytest.mark.parametrize(
    "change",
    [{"space": {"teacher_sha256": "x", "dim": 4, "normalised": True}}, {"version": -1}, {"version": 0}],
)
def test_an_import_checks_its_header(
    change: dict[str, object], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Gallery.open("g.db", Space("a" * 64, 4)) as gallery:
        row = np.eye(4, dtype=np.float32)[0]
        gallery.add("anna", row, pixels=20, encoder_sha256="b" * 64, state_id="", source="x")
        export_gallery(gallery, Path("x.json"))
    Path("x.json").write_text(json.dumps(json.loads(Path("x.json").read_text()) | change))
    assert main(["gallery", "import", "x.json", "--gallery", "y.db"]) == 3
    one_line(capsys)

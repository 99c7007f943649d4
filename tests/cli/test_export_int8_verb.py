"""`fewpix export --int8`: a file that says on what it was calibrated, or one line that says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fewpix.cli import main
from fewpix.errors import ConfigError, InputError
from fewpix.models.teacher import foreign
from int8_made import orl_faces, tiny_weights

pytestmark = pytest.mark.needs("samples", "torch")


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    return code, done.out, done.err


def folder_of_faces(folder: Path) -> Path:
    """Eight faces of ORL as files, and a text that is passed over."""
    folder.mkdir()
    faces = orl_faces(8)
    for key, data in zip(faces.keys, faces.data, strict=True):
        (folder / f"{key}.png").write_bytes(data)
    (folder / "notes.txt").write_text("x")
    return folder


def test_a_folder_calibrates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights, faces, out = tiny_weights(tmp_path), folder_of_faces(tmp_path / "faces"), tmp_path / "a.onnx"
    words = ("export", weights, "--int8", faces, "--count", 16, "--seed", 3, "--out", out)
    code, text, _ = run(capsys, *words, "--json")
    told = json.loads(text)
    card = foreign(out).card
    assert code == 0
    assert (told["model"], told["sha256"]) == (card.name, card.sha256)
    assert told["of"] == card.provenance["int8"]["of"]
    assert (told["faces"], told["seed"]) == (16, 3)
    assert min(told["cosine"].values()) > 0.98
    code, text, _ = run(capsys, *words)
    assert code == 0
    assert "calibrated on 16 faces" in text
    assert "mean cosine with float32: onnxruntime" in text


def test_what_is_wrong_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights, out = tiny_weights(tmp_path), tmp_path / "a.onnx"
    for option in ("--count", "--seed"):
        code, _, err = run(capsys, "export", weights, option, 9, "--out", out)
        assert code == ConfigError.exit_code
        assert "are those of --int8" in err
    code, _, err = run(capsys, "export", weights, "--int8", tmp_path / "absent", "--out", out)
    assert code == InputError.exit_code
    assert "absent" in err
    code, _, err = run(capsys, "export", weights, "--int8", tmp_path / "absent", "--out", weights)
    assert code != 0
    assert not out.exists()

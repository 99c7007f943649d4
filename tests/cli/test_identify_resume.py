"""`fewpix identify FOLDER --out --resume`: a run that was stopped goes on, and nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import fewpix.identify.pipeline
from fewpix.cli import main
from fewpix.image.codec import encode_image, write_image
from orl_scene import background, portrait

pytestmark = pytest.mark.needs("samples")

PICTURES = 6


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("enrolled")
    write_image(folder / "ana.png", portrait(0, 0))
    words = ["enrol", str(folder / "ana.png"), "--name", "Ana", "--gallery", str(folder / "g.db")]
    assert main([*words, "--model", "teacher", "-q"]) == 0
    return folder / "g.db"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pictures with a face, one without, and one that is damaged."""
    folder = tmp_path_factory.mktemp("pictures")
    for n in range(PICTURES - 1):
        write_image(folder / f"{n % 2}" / f"{n}.png", portrait(n % 2, n, 60))
    write_image(folder / "wall.png", background(120, 160))
    (folder / "0" / "bad.png").write_bytes(encode_image(background(80, 80), ".png")[:60])
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(word) for word in ("identify", *words, "--model", "teacher", "--skip-bad", "--json")])
    done = capsys.readouterr()
    return code, done.out, done.err


def test_an_interrupted_run_goes_on_where_it_was(
    gallery: Path,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    base, out = (folder, "--gallery", gallery), tmp_path / "out.jsonl"
    expected = run(capsys, *base)[1]
    seen: list[str] = []
    identify = fewpix.identify.pipeline.Identifier.identify_picture

    def stopped(self: Any, image: Any, path: str) -> Any:
        seen.append(path)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return identify(self, image, path)

    monkeypatch.setattr(fewpix.identify.pipeline.Identifier, "identify_picture", stopped)
    code, printed, err = run(capsys, *base, "--out", out, "--draw", tmp_path / "drawn")
    assert (code, printed) == (130, "")
    assert "what was written before is whole" in err
    assert out.read_text() == "".join(expected.splitlines(keepends=True)[:3])
    assert len(list((tmp_path / "drawn").rglob("*.*"))) == 3

    code, _, err = run(capsys, *base, "--out", out)
    assert code == 5
    assert "holds lines already" in err
    with out.open("ab") as file:  # what a run leaves that is killed while it writes
        file.write(expected.encode()[:40])
    code, printed, err = run(capsys, *base, "--out", out, "--resume", "--draw", tmp_path / "drawn")
    assert code == 0
    (warning,) = (end := json.loads(printed)).pop("warnings")
    assert "bad.png" in warning
    assert end == {
        "out": str(out),
        "pictures": 3,
        "before": 3,
        "refused": 1,
        "passed_over": [],
        "passed_over_hidden": 0,
    }
    assert "bad.png" in err  # tried again, since it has no line
    assert out.read_text() == expected
    assert len(seen) == 4 + 3
    assert len(list((tmp_path / "drawn").rglob("*.*"))) == PICTURES
    code, printed, _ = run(capsys, *base, "--out", out, "--resume")
    assert (code, json.loads(printed)["pictures"], len(seen)) == (0, 0, 7)
    assert out.read_text() == expected


def test_what_does_not_fit_is_refused_and_stays_as_it_is(
    gallery: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    base, out = (folder / "1", "--gallery", gallery), tmp_path / "out.jsonl"
    assert run(capsys, *base, "--out", out)[0] == 0
    before = out.read_bytes()
    beside = tmp_path / "out.jsonl.run.json"
    settings = beside.read_text()
    other = tmp_path / "other.jsonl"
    other.write_text('{"path": "a.png"}\n[1]\n')
    (tmp_path / "other.jsonl.run.json").write_text(settings)
    for words, expected, message in (
        (("--out", out, "--resume", "--threshold", 0.5), 5, "threshold was None, now 0.5"),
        (("--out", out, "--resume", "--top", 1), 5, "top was 3, now 1"),
        (("--out", tmp_path, "--resume"), 5, "is a folder"),
        (("--resume",), 5, "name it with --out"),
        (("--out", other, "--resume"), 3, "line 2, is not the line of a picture"),
    ):
        code, printed, err = run(capsys, *base, *words)
        assert (code, printed) == (expected, ""), (words, err)
        assert message in err
    beside.unlink()
    code, _, err = run(capsys, *base, "--out", out, "--resume")
    assert code == 3
    assert "is not known: out.jsonl.run.json is missing or damaged" in err
    assert out.read_bytes() == before
    assert run(capsys, tmp_path / "film.mp4", "--out", out, "--gallery", gallery)[0] == 5


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.slow
def test_a_killed_run_goes_on(
    gallery: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    many, out = tmp_path / "many", tmp_path / "out.jsonl"
    for n in range(60):
        write_image(many / f"{n:02}.png", portrait(n % 3, n % 10, 60))
    words = ["identify", str(many), "--gallery", str(gallery), "--model", "teacher", "--out", str(out)]
    for attempt in range(2):
        more = ["--resume"] if attempt else []
        size = out.stat().st_size if attempt else 0
        with subprocess.Popen([sys.executable, "-m", "fewpix", *words, *more, "-q"]) as running:
            while not out.exists() or out.stat().st_size < size + 400:
                assert running.poll() is None
                time.sleep(0.01)
            os.kill(running.pid, signal.SIGKILL)
            running.wait()
        lines = out.read_text().count("\n")
        assert 0 < lines < 60
    assert main([*words, "--resume", "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["before"] + told["pictures"] == 60
    assert told["before"] >= lines
    paths = [json.loads(line)["path"] for line in out.read_text().splitlines()]
    assert sorted(paths) == sorted(set(paths)) == [(many / f"{n:02}.png").as_posix() for n in range(60)]

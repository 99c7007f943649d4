"""`fewpix quickstart`: the whole way as a newcomer runs it, and Ctrl-C in the middle of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fewpix.cli import main
from fewpix.errors import StorageError
from fewpix.image.codec import read_image
from fewpix.quickstart.results import CONTENDERS
from fewpix.quickstart.run import SIZES

pytestmark = pytest.mark.needs("samples", "torch", "report", "weights")


@pytest.mark.slow
def test_the_whole_way_twice_gives_the_same_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = []
    for name in ("a", "b"):
        out = tmp_path / name
        assert main(["quickstart", "--out", str(out), "--steps", "6", "--json"]) == 0
        done = capsys.readouterr()
        assert done.err == ""
        told = json.loads(done.out)
        assert told["report"] == str(out / "report.html")
        assert (out / "report.html").read_text(encoding="utf-8").endswith("</html>\n")
        results.append((out / "quickstart.json").read_bytes())
        assert {(cell["model"], cell["size"]) for cell in told["figures"]} == {
            (contender.key, size) for contender in CONTENDERS for size in SIZES
        }
        assert read_image(out / "scene.png").shape == (360, 640, 3)
        faces = told["scene"]["faces"]
        assert len(faces) == 10
        assert sum(face["outcome"] != "missed" for face in faces) >= 8
    assert results[0] == results[1]
    cells = {(cell["model"], cell["size"]): cell["rank"]["1"] for cell in json.loads(results[0])["figures"]}
    # The weights are real: with many pixels nobody is bad on this easy set, and with 8 the shipped student
    # beats the teacher that it learnt from.
    assert min(cells[contender.key, 32] for contender in CONTENDERS) > 0.8
    assert cells["shipped", 8] > cells["teacher", 8]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
@pytest.mark.slow
def test_ctrl_c_ends_in_one_line_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    out = tmp_path / "quickstart"
    command = [sys.executable, "-m", "fewpix", "quickstart", "--out", str(out)]
    running = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # a shell without job control starts what is in its background with SIGINT ignored, and so would this
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith("2/6"):
            break
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    shown, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert shown == ""
    assert [line for line in told.splitlines() if not line.startswith("2/6")] == [
        "interrupted; what was written before is whole"
    ]
    assert not list(tmp_path.rglob("*.part"))
    assert not (out / "report.html").exists()


def test_a_place_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    code = main(["quickstart", "--out", str(tmp_path / "file" / "x"), "-q"])
    done = capsys.readouterr()
    assert (code, done.out, done.err.count("\n")) == (StorageError.exit_code, "", 1)
    assert done.err.startswith("error: cannot write")

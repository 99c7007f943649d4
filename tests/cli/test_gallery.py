"""`fewpix gallery` from enrolling to removing, with an encoder that costs nothing, on crops."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from fewpix.adapt.stats import LayerStats, NormState, save_state
from fewpix.cli import main
from fewpix.gallery import Gallery
from fewpix.gallery.rows import Shrunk
from fewpix.image.codec import write_image
from pixels_model import write_pixels_model


def crop(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model and two people's photos, enrolled with originals into its fewpix.db."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FEWPIX_GALLERY", raising=False)
    write_pixels_model(tmp_path)
    for n, name in enumerate(("Ana", "Ana", "Bo")):
        write_image(tmp_path / "people" / name / f"{n}.png", crop(n))
    words = [
        "enrol",
        "people",
        "--folder-per-person",
        "--crops",
        "--keep-crops",
        "--accept-poor",  # pictures of noise are no faces
        "--model",
        "pixels.onnx",
        "-q",
    ]
    assert main(words) == 0
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], line: str, *more: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([*line.split(), *map(str, more)])
    done = capsys.readouterr()
    return code, done.out, done.err


def result(capsys: pytest.CaptureFixture[str], line: str, *more: object) -> Any:
    code, out, err = run(capsys, line, *more, "--json")
    assert (code, err) == (0, "")
    (text,) = out.splitlines()
    return json.loads(text)


def names(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, int]]:
    return [(p["name"], p["faces"]) for p in result(capsys, "gallery list")["people"]]


def test_list_and_show(place: Path, capsys: pytest.CaptureFixture[str]):
    code, out, _ = run(capsys, "gallery list")
    assert (code, out.splitlines()[1].split()[:3]) == (0, ["Ana", "2", "photos,"])
    assert names(capsys) == [("Ana", 2), ("Bo", 1)]
    shown = result(capsys, "gallery show Ana")
    assert [face["source"] for face in shown["faces"]] == ["people/Ana/0.png", "people/Ana/1.png"]
    assert all(face["original"] and face["rows"][0]["pixels"] == 16 for face in shown["faces"])
    assert shown["shrunk"] == []  # a teacher keeps no small rows
    assert "original kept" in run(capsys, "gallery show Ana")[1]
    assert run(capsys, "gallery show Eve") == (
        3,
        "",
        "error: nobody in the gallery fewpix.db is named Eve (`fewpix gallery list` shows the names)\n",
    )


def test_show_tells_of_rows_of_small_sizes(place: Path, capsys: pytest.CaptureFixture[str]):
    with Gallery.open("fewpix.db") as gallery, gallery.database.transaction():
        row = np.full(gallery.space.dim, gallery.space.dim**-0.5, dtype=np.float32)
        for face, sizes in ((1, (8, 12, 16)), (2, (8, 12)), (3, (8, 24))):
            gallery.write_shrunk(face, [Shrunk(size, row, "5" * 64) for size in sizes])
    shown = result(capsys, "gallery show Ana")["shrunk"]
    assert shown == [
        {"encoder_sha256": "5" * 64, "pixels": pixels, "photos": photos}
        for pixels, photos in ((8, 2), (12, 2), (16, 1))
    ]
    lines = run(capsys, "gallery show Ana")[1].splitlines()
    assert "  2 photos kept shrunk to 8, 12 px, too, by the encoder 555555555555" in lines
    assert "  1 photo kept shrunk to 16 px, too, by the encoder 555555555555" in lines


def test_rename_merge_and_remove(place: Path, capsys: pytest.CaptureFixture[str]):
    assert result(capsys, "gallery rename Bo Bob --dry-run")["dry_run"]
    assert names(capsys) == [("Ana", 2), ("Bo", 1)]
    assert result(capsys, "gallery rename Bo Bob")["into"] == "Bob"
    code, out, err = run(capsys, "gallery merge Bob --into Ana")  # nobody is there to be asked
    assert (code, out) == (5, "")
    assert err == (
        "error: Bob: would be merged into Ana (1 photo): this cannot be undone "
        "(say --yes, or look first with --dry-run)\n"
    )
    assert names(capsys) == [("Ana", 2), ("Bob", 1)]
    assert result(capsys, "gallery merge Bob --into Ana --yes")["faces"] == 1
    actions = [(e["action"], e["detail"]) for e in result(capsys, "gallery show Ana")["history"]]
    assert actions == [("renamed", "from Bo"), ("merged", "Bob, 1 photo")]
    assert run(capsys, "gallery remove Ana --photo 1 --yes")[:2] == (0, "Ana: removed (1 photo)\n")
    assert run(capsys, "gallery remove Ana Bob --photo 1 --yes")[0] == 5
    assert run(capsys, "gallery remove Ana")[0] == 5
    assert run(capsys, "gallery remove Ana --dry-run")[:2] == (0, "Ana: would be removed (2 photos)\n")
    assert names(capsys) == [("Ana", 2)]
    assert run(capsys, "gallery remove Ana --yes")[0] == 0
    assert names(capsys) == []


def test_the_user_is_asked_and_may_say_no(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asking = sys.modules[typer.confirm.__module__]
    for answer, code, left in (("n", 130, 2), ("y", 0, 1)):
        monkeypatch.setattr(asking, "visible_prompt_func", lambda text, answer=answer: answer)
        assert run(capsys, "gallery remove Bo")[0] == code
        assert len(names(capsys)) == left


@pytest.mark.parametrize(
    "ending", ["npz", "json", pytest.param("parquet", marks=pytest.mark.needs("parquet"))]
)
def test_export_and_import(place: Path, capsys: pytest.CaptureFixture[str], ending: str):
    assert result(capsys, f"gallery export out.{ending}")["originals"] == 3
    code, _, err = run(capsys, f"gallery export out.{ending}")
    assert (code, "--replace" in err) == (3, True)
    assert run(capsys, f"gallery export out.{ending} --replace --without-crops")[0] == 0
    assert result(capsys, f"gallery import out.{ending} --gallery new.db --dry-run")["faces"] == 3
    assert not (place / "new.db").exists()
    done = result(capsys, f"gallery import out.{ending} --gallery new.db")
    assert (done["faces"], done["same"], done["new"]) == (3, 0, 2)
    assert result(capsys, f"gallery import out.{ending}")["same"] == 3
    (place / f"bad.{ending}").write_bytes(b"hello")
    code, out, err = run(capsys, f"gallery import bad.{ending} --gallery never.db")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "is not an exported gallery" in err
    assert not (place / "never.db").exists()
    assert run(capsys, "gallery export out.pickle")[0] == 5


def test_reembedding_with_another_model(place: Path, capsys: pytest.CaptureFixture[str]):
    card = json.loads((place / "pixels.onnx.json").read_text())
    card["preprocess"]["mean"] = [90.0] * 3
    data = (place / "pixels.onnx").read_bytes().replace(b"pixels", b"pixelz")
    (place / "new.onnx").write_bytes(data)
    (place / "new.onnx.json").write_text(json.dumps(card))
    write_image(place / "probe.png", crop(2))
    search = "identify probe.png --crops --threshold 0.9 --model"
    code, _, err = run(capsys, f"{search} new.onnx")
    assert (code, "reembed" in err) == (7, True)
    assert result(capsys, "gallery reembed --model new.onnx --dry-run")["again"] == 3
    assert run(capsys, f"{search} new.onnx")[0] == 7
    done = result(capsys, "gallery reembed --model new.onnx")
    assert (done["again"], done["dropped"]) == (3, 0)
    assert result(capsys, f"{search} new.onnx")["faces"][0]["decision"] == "Bo"
    assert run(capsys, f"{search} pixels.onnx")[0] == 7
    main(
        ["enrol", "people/Bo", "--name", "Cy", "--crops", "--accept-poor", "--model", "new.onnx", "-q"]
    )  # without its originals
    code, _, err = run(capsys, "gallery reembed --model pixels.onnx")
    assert (code, "1 of 4 photos" in err) == (3, True)
    assert run(capsys, "gallery reembed --model pixels.onnx --drop-lost")[0] == 5
    assert result(capsys, "gallery reembed --model pixels.onnx --drop-lost --yes")["dropped"] == 1
    assert names(capsys) == [("Ana", 2), ("Bo", 1)]


def test_cameras(place: Path, capsys: pytest.CaptureFixture[str]):
    state = NormState(
        "c" * 64, "prior", 0.5, 40, "2026-01-02", "gate", {"bn": LayerStats(np.ones(2), np.ones(2), 9)}
    )
    save_state(place / "gate.safetensors", state)
    assert result(capsys, "gallery camera add gate gate.safetensors")["state"]["id"] == state.id
    assert [c["name"] for c in result(capsys, "gallery camera list")["cameras"]] == ["gate"]
    assert state.id in run(capsys, "gallery camera list")[1]
    write_image(place / "probe.png", crop(2))
    search = "identify probe.png --crops --model pixels.onnx"
    # The state goes to the encoder, which refuses another model's: so it is the state that was used.
    code, _, err = run(capsys, f"{search} --camera gate")
    assert (code, "cccc" in err) == (6, True), err
    code, _, err = run(capsys, f"{search} --camera door")
    assert (code, "knows no camera door (known: gate)" in err) == (3, True)
    assert run(capsys, f"{search} --camera gate --state gate.safetensors")[0] == 5
    assert run(capsys, "gallery camera remove gate")[0] == 5
    assert run(capsys, "gallery camera remove gate --yes")[0] == 0
    assert result(capsys, "gallery camera list")["cameras"] == []


def test_templates_and_photos_differ(place: Path, capsys: pytest.CaptureFixture[str]):
    write_image(place / "probe.png", crop(0))
    search = "identify probe.png --crops --top 1 --model pixels.onnx"
    by_photo = result(capsys, f"{search} --photos")["faces"][0]["candidates"][0]
    by_template = result(capsys, search)["faces"][0]["candidates"][0]
    assert (by_photo["name"], by_photo["score"]) == ("Ana", 1.0)
    assert by_template["name"] == "Ana"
    assert 0.5 < by_template["score"] < 0.9  # the other photo has its part


def test_check_and_index(place: Path, capsys: pytest.CaptureFixture[str]):
    import sqlite3

    found = result(capsys, "gallery check")
    assert (found["people"], found["faces"], found["originals"], found["faults"]) == (2, 3, 3, [])
    code, _, err = run(capsys, "gallery index hnsw")
    assert (code, "put it on PostgreSQL" in err) == (5, True)
    assert run(capsys, "gallery index other")[0] == 5
    connection = sqlite3.connect(place / "fewpix.db")
    connection.execute("UPDATE embeddings SET embedding = x'00' WHERE id = 2")
    connection.commit()
    connection.close()
    code, out, err = run(capsys, "gallery check")
    assert (code, "fault: the gallery fewpix.db is damaged: an embedding of 1 bytes" in out) == (3, True)
    assert err.startswith("error: the gallery fewpix.db has ")


@pytest.mark.parametrize("verb", ["list", "show x", "rename a b", "remove a --yes", "check", "export o.npz"])
def test_no_gallery_is_made_by_looking_for_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEWPIX_GALLERY", "none.db")
    code, out, err = run(capsys, f"gallery {verb}")
    assert (code, out) == (3, "")
    assert "no gallery at none.db" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_enrolling_again_after_kill_9_ends_as_if_nothing_had_been(
    place: Path, capsys: pytest.CaptureFixture[str]
):
    for n in range(400):
        write_image(place / "many" / f"p{n % 7}" / f"{n}.png", crop(n))
    line = "enrol many --folder-per-person --crops --keep-crops --accept-poor --model pixels.onnx -q"
    words = [*line.split(), "--gallery", "killed.db"]
    process = subprocess.Popen([sys.executable, "-m", "fewpix", *words], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    enrolled = 0
    while enrolled < 1 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
        if (place / "killed.db").exists() and (place / "killed.db").stat().st_size:
            code, out, _ = run(capsys, "gallery list --gallery killed.db --json")
            enrolled = sum(p["faces"] for p in json.loads(out)["people"]) if code == 0 else 0
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it was done before it could be killed"
    kept = sum(p["faces"] for p in result(capsys, "gallery list --gallery killed.db")["people"])
    assert enrolled <= kept < 400
    assert result(capsys, "gallery check --gallery killed.db")["faults"] == []
    assert main(words) == 0
    assert main([*line.split(), "--gallery", "whole.db"]) == 0
    for name in ("killed", "whole"):
        assert run(capsys, f"gallery export {name}.json --gallery {name}.db")[0] == 0
    killed, whole = (
        [
            {key: value for key, value in row.items() if key not in ("created", "face")}
            for row in json.loads((place / f"{name}.json").read_text())["rows"]
        ]
        for name in ("killed", "whole")
    )
    assert killed == whole

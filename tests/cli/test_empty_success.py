"""An empty success is none: a command that could do nothing says so by its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fewpix.cli import main
from fewpix.image.codec import write_image
from orl_film import Walker, pictures, write_film
from orl_scene import portrait

pytestmark = pytest.mark.needs("samples")

FRAMES = 20
SMALL = ("--model", "fewpix-xs", "-q")
"""The fastest student, and no progress."""


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    write_image(folder / "a.png", portrait(0, 0))
    words = ["enrol", str(folder / "a.png"), "--name", "a", "--gallery", str(folder / "g.db"), *SMALL]
    assert main(words) == 0
    return folder / "g.db"


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    return code, done.out, done.err


def header_only(path: Path) -> Path:
    """A film that promises nothing and holds nothing but its header."""
    import av

    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        out.start_encoding()
    return path


def film(path: Path, **how: str) -> bytes:
    rng = np.random.default_rng(0)
    walker = Walker(2, (4, 8), 24, (60, 60), (2, 0))

    def noisy():
        for image in pictures([walker], FRAMES):
            image[150:] = rng.integers(0, 256, image[150:].shape)  # so that every frame has some size
            yield image

    write_film(path, noisy(), **how)
    return path.read_bytes()


def ways(gallery: Path) -> tuple[tuple[tuple[object, ...], tuple[object, ...]], ...]:
    """Every verb that reads a video, as the words before it and those behind it."""
    here = ("--gallery", gallery, *SMALL)
    return ((("identify",), here), (("identify",), (*here, "--json")), (("adapt",), (*here, "--camera", "x")))


@pytest.mark.needs("video")
def test_a_video_without_a_frame_is_an_error(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    whole = film(tmp_path / "a.mp4", options={"movflags": "faststart"})
    (tmp_path / "cut.mp4").write_bytes(whole[: whole.index(b"mdat") + 60])
    header_only(tmp_path / "n.avi")
    for path in (tmp_path / "cut.mp4", tmp_path / "n.avi"):
        for verb, rest in ways(gallery):
            code, out, err = run(capsys, *verb, path, *rest)
            assert (code, out) == (3, ""), (path, verb, err)
            assert err.startswith(f"error: {path}: no frame could be decoded")
            assert err.count("\n") == 1
    code, _, _ = run(capsys, "identify", tmp_path / "n.avi", "--gallery", gallery, "--skip-bad", *SMALL)
    assert code == 3
    sheet = tmp_path / "s.png"
    assert run(capsys, "identify", tmp_path / "n.avi", "--gallery", gallery, "--sheet", sheet, *SMALL)[0] == 3
    assert not sheet.exists()


@pytest.mark.needs("video")
@pytest.mark.parametrize("name, how", [("a.mp4", {"options": {"movflags": "faststart"}}), ("a.mkv", {})])
def test_a_video_that_was_cut_off_says_so(
    name: str, how: dict[str, object], gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / name
    whole = film(path, **how)
    assert run(capsys, "identify", path, "--gallery", gallery, *SMALL)[0] == 0
    path.write_bytes(whole[: len(whole) * 6 // 10])
    code, out, err = run(capsys, "identify", path, "--gallery", gallery, *SMALL)
    assert code == 3
    assert ": track 1 " in out, "what was there is told all the same"
    assert "cut off at the end" in out
    assert err.startswith(f"error: {path} is damaged: ")
    assert "--skip-bad" in err
    code, out, _ = run(capsys, "identify", path, "--gallery", gallery, "--skip-bad", "--json", *SMALL)
    assert code == 0
    assert json.loads(out.splitlines()[0])["track"] == 1
    code, _, err = run(capsys, "adapt", path, "--gallery", gallery, "--camera", "x", *SMALL)
    assert code == 3
    assert "is damaged" in err


@pytest.mark.needs("video")
def test_damage_in_the_middle_says_so(gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "a.mp4"
    data = bytearray(film(path, options={"movflags": "faststart"}))
    rng = np.random.default_rng(1)
    for at in range(len(data) // 3, len(data) // 2, 500):
        data[at : at + 60] = rng.bytes(60)
    path.write_bytes(data)
    code, out, err = run(capsys, "identify", path, "--gallery", gallery, *SMALL)
    assert code == 3, out
    assert "corrupt" in err


@pytest.mark.needs("video")
def test_a_part_without_a_frame_is_an_error(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "a.mp4"
    film(path)
    words = ("identify", path, "--gallery", gallery, "--start", "0.01", "--end", "0.05", *SMALL)
    code, out, err = run(capsys, *words)
    assert (code, out) == (5, "")
    assert "no frame in the part" in err


def test_an_empty_gallery_is_neither_exported_nor_imported(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    empty = tmp_path / "e.db"
    empty.write_bytes(gallery.read_bytes())
    out = tmp_path / "g.json"
    assert run(capsys, "gallery", "export", out, "--gallery", empty)[0] == 0
    document = json.loads(out.read_text())
    document["people"], document["rows"], document["originals"] = [], [], []
    (tmp_path / "none.json").write_text(json.dumps(document))
    code, _, err = run(capsys, "gallery", "import", tmp_path / "none.json", "--gallery", tmp_path / "n.db")
    assert code == 3, err
    assert "holds nobody" in err
    assert not (tmp_path / "n.db").exists()
    assert run(capsys, "gallery", "remove", "a", "--yes", "--gallery", empty)[0] == 0
    code, _, err = run(capsys, "gallery", "export", tmp_path / "e.npz", "--gallery", empty)
    assert (code, (tmp_path / "e.npz").exists()) == (3, False)
    assert "is empty" in err
    code, _, err = run(capsys, "gallery", "reembed", "--gallery", empty, *SMALL)
    assert code == 3
    assert "nobody is enrolled" in err


def test_reembed_without_an_original_is_an_error(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = ("gallery", "reembed", "--gallery", gallery, "-q")
    code, out, err = run(capsys, *words, "--model", "fewpix-s", "--dry-run")
    assert (code, out) == (3, "")
    assert "has an original" in err
    assert run(capsys, *words, "--model", "fewpix-xs")[0] == 0, "all of them are current"


def test_all_pictures_refused_is_an_error_whatever_is_accepted(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for name in ("a.png", "b.png"):
        (tmp_path / "bad" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "bad" / name).write_text("no picture")
    bad = tmp_path / "bad"
    code, _, err = run(capsys, "identify", bad, "--gallery", gallery, "--skip-bad", *SMALL)
    assert code == 3
    assert "2 of 2 pictures were refused" in err
    code, _, err = run(capsys, "enrol", bad, "--name", "x", "--gallery", gallery, "--skip-bad", *SMALL)
    assert code == 3
    assert "nobody was enrolled" in err
    write_image(bad / "c.png", portrait(1, 0))
    assert run(capsys, "identify", bad, "--gallery", gallery, "--skip-bad", *SMALL)[0] == 0
    assert run(capsys, "enrol", bad, "--name", "x", "--gallery", gallery, "--skip-bad", *SMALL)[0] == 0

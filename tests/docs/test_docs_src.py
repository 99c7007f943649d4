"""The programs that the documents show run, use public names only, and are shown as they are."""

from __future__ import annotations

import ast
import runpy
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from documents import ROOT, SNIPPETS, blocks, called, documents
from public_names import MODULES, PACKAGES

PROGRAMS = sorted(path.name for path in SNIPPETS.glob("*.py"))


def program(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> dict[str, Any]:
    """Run a snippet in `folder`; its variables."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [name, *words])
    return runpy.run_path(str(SNIPPETS / name), run_name="__main__")


@pytest.mark.slow
@pytest.mark.needs("samples", "torch", "weights")
def test_the_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    end = program("whole_path.py", tmp_path, monkeypatch)
    assert end["run"].steps == 6
    assert end["run"].card.space == end["teacher"].card.space
    assert end["state"].count == 35
    assert end["student"].state_id == end["state"].id
    assert not set(end["people"][end["known"]]) & set(end["people"][end["probes"]])
    assert not set(end["unlabelled"]) & set(end["probes"])
    assert all(crop.shape == (16, 16, 3) for crop in end["small"])
    assert len(end["found"].faces) == 3
    for face, left in zip(sorted(end["found"].faces, key=lambda f: f.box[0]), (20, 80, 140), strict=True):
        assert left - 4 < face.box[0] < left + 12
        assert 12 < face.pixels < 22
        assert face.decision is None
        assert len(face.candidates) == 2
    assert (tmp_path / "whole_path/scene-identified.png").is_file()
    out = capsys.readouterr().out
    assert "rank-1" in out
    assert "28 probes of 7 people" in out


@pytest.mark.needs("samples", "torch", "weights")
@pytest.mark.slow
def test_facebn_in_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    end = program("facebn.py", tmp_path, monkeypatch)  # it checks itself what it says
    assert end["state"].count == 100
    assert end["state"].weight == pytest.approx(256 / 356)
    assert 0 < float(end["angles"].mean()) < 90


@pytest.mark.needs("samples")
def test_sample_faces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from fewpix.data.folders import list_images
    from fewpix.embed.open import open_encoder
    from fewpix.evaluate.readers import lfw
    from fewpix.image.codec import read_image
    from fewpix.models.teacher import SFACE_PREPROCESS

    program("sample_faces.py", tmp_path, monkeypatch)
    counts = {
        name: len(list_images(tmp_path / "sample" / name).names) for name in ("photos", "camera", "faces")
    }
    assert counts == {"photos": 16, "camera": 64, "faces": 80}
    assert read_image(tmp_path / "sample/camera/s1-3.png").shape == (16, 16, 3)
    assert len(lfw.read(tmp_path / "sample/pairs").comparisons) == 32
    card = open_encoder(tmp_path / "sample/teacher.onnx").card
    assert card.preprocess == SFACE_PREPROCESS
    assert card.space.dim == 128
    # The eight lines of the library, on these pictures.
    found = program("recognize.py", tmp_path, monkeypatch)
    assert len(found["vectors"]) == 4
    out = capsys.readouterr().out
    assert "17 px: Ben (Ben)" in out
    assert "same" in out


@pytest.mark.needs("samples", "weights", "serve", "video", "browser")
@pytest.mark.slow
def test_the_page_of_the_service_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fewpix.image.codec import read_image

    program("sample_faces.py", tmp_path, monkeypatch)
    program("film_page.py", tmp_path, monkeypatch)
    program("page.py", tmp_path, monkeypatch, ".")
    shapes = {"page": (1010, 1200, 3), "review": (1010, 1200, 3), "review_phone": (844, 390, 3)}
    for folder in (tmp_path, ROOT / "docs"):
        assert {name: read_image(folder / f"{name}.png").shape for name in shapes} == shapes


@pytest.mark.slow
@pytest.mark.needs("samples", "video")
def test_the_film_of_the_page_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fewpix.video import open_video, source_of

    (tmp_path / "sample").mkdir()
    program("film_page.py", tmp_path, monkeypatch)
    reader = open_video(source_of(tmp_path / "sample" / "gate.mp4"))
    assert sum(frame is not None for frame in reader.frames()) == 300


@pytest.mark.needs("serve")
def test_a_message_of_a_webhook_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fewpix.serve.webhooks.signing import headers, new_secret

    verified = program("verify_webhook.py", tmp_path, monkeypatch)["verified"]
    secret, now = new_secret(), int(time.time())
    good = headers(secret, "5f0c9a1e-1207-5310", now, b"{}")
    assert verified(good, b"{}", secret)
    assert not verified(good, b"[]", secret)
    assert not verified(good, b"{}", new_secret())
    for name in good:
        assert not verified(good | {name: f"{good[name]}0"}, b"{}", secret)
    assert not verified(headers(secret, "x", now - 301, b"{}"), b"{}", secret)


def test_the_cameras_of_the_document_are_read(tmp_path: Path) -> None:
    from fewpix.video.cameras import read_cameras

    for name in ("gate.safetensors", "yard.mp4"):
        (tmp_path / name).write_bytes(b"there")
    (tmp_path / "cameras.toml").write_bytes((SNIPPETS / "cameras.toml").read_bytes())
    assert [camera.name for camera in read_cameras(tmp_path / "cameras.toml")] == ["gate", "yard"]


def test_the_recipe_for_a_trial_is_sound() -> None:
    from fewpix.train.recipe import load_recipe

    assert load_recipe(SNIPPETS / "streamed.toml").data.stream == 20_000
    recipe = load_recipe(SNIPPETS / "own.toml")
    assert recipe.model.init == "random", (
        "it is to show the way to weights that owe nothing to the shipped ones"
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_only_public_names_are_used(name: str) -> None:
    public = PACKAGES | MODULES
    for node in ast.walk(ast.parse((SNIPPETS / name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not [item.name for item in node.names if item.name.startswith("fewpix.")]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "fewpix":
            assert node.attr in public["fewpix"]
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("fewpix"):
            unknown = {item.name for item in node.names} - set(public.get(node.module, []))
            assert not unknown, f"{node.module} promises no {', '.join(unknown)}"


def test_every_program_is_run_by_a_test_and_named_in_a_document() -> None:
    tests = Path(__file__).read_text(encoding="utf-8")
    texts = "".join(path.read_text(encoding="utf-8") for path in documents())
    for name in PROGRAMS:
        assert f'program("{name}"' in tests
        assert f"docs_src/{name}" in texts


@pytest.mark.parametrize("file", documents(), ids=called)
def test_what_a_document_shows_is_a_piece_of_such_a_file(file: Path) -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in SNIPPETS.iterdir() if path.is_file()}
    for block in blocks(file, "python", "toml"):
        shown = "\n".join(block.lines).strip()
        assert any(shown in text for text in kept.values()), (
            f"{block} is in no file of {SNIPPETS.relative_to(ROOT)}"
        )

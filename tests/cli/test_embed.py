"""`fewpix embed`: the fixed interface, on real faces with the real teacher."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from fewpix.cli import main
from fewpix.data.orl import load_orl
from fewpix.image.codec import read_image, write_image
from fewpix.models.shipped import WEIGHTS

pytestmark = pytest.mark.needs("samples")

SIDES = (8, 13, 24, 112, 160)


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people of ORL, five pictures each, square, of 8 to 160 px."""
    folder = tmp_path_factory.mktemp("embed") / "crops"
    orl = load_orl()
    for person in range(2):
        for n, side in enumerate(SIDES):
            face = cv2.copyMakeBorder(orl.images[10 * person + n], 0, 0, 10, 10, cv2.BORDER_REPLICATE)
            small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
            write_image(folder / f"s{person}" / f"{side}.png", np.asarray(small, dtype=np.uint8))
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    return code, done.out, done.err


def test_the_fixed_interface(crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out" / "E.npz"
    code, out, err = run(capsys, "embed", crops, "--crops", "--model", "teacher", "--out", target, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["failed"] == []
    assert (json.loads(out)["n"], json.loads(out)["dim"], json.loads(out)["model"]) == (10, 128, "teacher")
    with np.load(target, allow_pickle=False) as file:
        names, embeddings = file["names"], file["embeddings"]
    assert names.dtype.kind == "U"
    assert names.tolist() == sorted(f"s{person}/{side}.png" for person in range(2) for side in SIDES)
    assert (embeddings.shape, embeddings.dtype) == ((10, 128), np.float32)
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(1, abs=1e-5)

    from fewpix.embed.open import open_encoder

    alone = open_encoder("teacher").embed([read_image(crops / str(names[3]))])
    assert embeddings[3] == pytest.approx(alone[0], abs=1e-6)
    # the two sharp pictures of each person are nearer to one another than to the other person's
    sharp = {name: row for name, row in zip(names.tolist(), embeddings, strict=True) if "1" in name[3:5]}
    assert sharp["s0/112.png"] @ sharp["s0/160.png"] > sharp["s0/112.png"] @ sharp["s1/160.png"]


def test_an_image_that_cannot_be_read_is_named_or_listed(
    crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("s0/8.png", "s1/24.png"):
        write_image(tmp_path / "in" / name, read_image(crops / name))
    (tmp_path / "in" / "s0" / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 and then nothing")
    target = tmp_path / "E.npz"
    words = ["embed", tmp_path / "in", "--crops", "--model", "teacher", "--out", target]
    code, out, err = run(capsys, *words)
    assert (code, out) == (3, "")
    assert err.startswith("embedding ...\nerror: ")
    assert "s0/bad.jpg" in err
    assert not target.exists()
    code, out, _ = run(capsys, *words, "--skip-bad")
    assert code == 0
    assert "2 faces embedded by teacher in 128 dimensions\nleft out s0/bad.jpg: " in out
    with np.load(target, allow_pickle=False) as file:
        assert file["names"].tolist() == ["s0/8.png", "s1/24.png"]
        assert file["failed"].tolist() == ["s0/bad.jpg"]
        assert len(file["embeddings"]) == 2
    assert sorted(item.name for item in tmp_path.iterdir()) == ["E.npz", "in"]


@pytest.mark.parametrize(
    ("words", "code", "match"),
    [
        (["{crops}", "--model", "teacher"], 5, "say --crops if they are aligned crops"),
        (["{crops}", "--crops", "--model", "nobody"], 3, "no model 'nobody'"),
        (["{crops}", "--crops", "--model", "teacher", "--runtime", "abacus"], 5, "unknown runtime 'abacus'"),
        (["{crops}", "--crops", "--model", "teacher", "--runtime", "torch"], 5, "torch cannot read"),
        (["{crops}", "--crops", "--model", "teacher", "--device", "quantum"], 9, "quantum"),
        (["{crops}/nowhere", "--crops", "--model", "teacher"], 3, "there is no folder"),
        (["{crops}", "--crops", "--model", "teacher", "--state", "{crops}/none"], 3, "none"),
        (["--crops"], 2, "Missing argument"),
    ],
)
def test_what_is_wrong_is_one_line(
    words: list[str],
    code: int,
    match: str,
    crops: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [word.replace("{crops}", str(crops)) for word in words]
    found, out, err = run(capsys, "embed", *words, "--out", tmp_path / "E.npz", "--json")
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert match in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not (WEIGHTS / "fewpix-s.onnx").is_file(), reason="this checkout has no shipped weights")
def test_without_a_model_the_shipped_student_embeds(
    crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "embed", crops, "--crops", "--out", tmp_path / "E.npz", "--json")
    assert (code, json.loads(out)["model"], json.loads(out)["n"]) == (0, "fewpix-s", 10)
    with np.load(tmp_path / "E.npz", allow_pickle=False) as file:
        assert np.linalg.norm(file["embeddings"], axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.needs("parquet")
def test_a_folder_is_no_target(crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """But for parts, which take one of their own."""
    (tmp_path / "x.npz").mkdir()
    (tmp_path / "mine.txt").write_text("mine")
    for folder in (tmp_path / "x.npz", tmp_path):
        code, _, err = run(capsys, "embed", crops, "--crops", "--model", "teacher", "--out", folder)
        assert code == 3
        assert f"{folder} is a folder" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt", "x.npz"]


@pytest.mark.needs("torch")
def test_a_state_of_the_student_is_applied(
    crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A student of random weights, adapted to dark faces: its embeddings move. The teacher takes no state."""
    import torch

    from fewpix.adapt.estimate import estimate
    from fewpix.adapt.stats import save_state
    from fewpix.image.resize import resize_square
    from fewpix.models.card import Card
    from fewpix.models.space import Space
    from fewpix.models.weights import save_weights
    from fewpix.models.zoo import architecture, build, load_student, tensors_of

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        tensors = tensors_of(build("lr24-tiny", 16))
    preprocess = architecture("lr24-tiny").preprocess
    path, state = tmp_path / "student.safetensors", tmp_path / "dark.safetensors"
    card = save_weights(path, tensors, Card("tiny", "lr24-tiny", "", Space("0" * 64, 16), preprocess))
    faces = [np.asarray(resize_square(face[:92], 24) // 3, dtype=np.uint8) for face in load_orl().images[::6]]
    model, _ = load_student(path)
    dark = torch.from_numpy(preprocess.apply(faces))
    norms = estimate(model, dark, model_sha256=card.sha256, source="dark ORL", mode="batch")
    save_state(state, norms)

    words = ["embed", crops, "--crops", "--model", path, "--json", "--out"]
    code, out, _ = run(capsys, *words, tmp_path / "plain.npz")
    assert (code, json.loads(out)["state_id"], json.loads(out)["model_sha256"]) == (0, "", card.sha256)
    code, out, _ = run(capsys, *words, tmp_path / "adapted.npz", "--state", state)
    assert (code, json.loads(out)["state_id"]) == (0, norms.id)
    plain, adapted = (np.load(tmp_path / f"{name}.npz")["embeddings"] for name in ("plain", "adapted"))
    assert (np.sum(plain * adapted, axis=1) < 0.99).all()

    code, _, err = run(
        capsys, "embed", crops, "--crops", "--model", "teacher", "--state", state, "--out", tmp_path / "t.npz"
    )
    assert code == 6
    assert err.splitlines()[-1].startswith("error: ")
    assert not (tmp_path / "t.npz").exists()

"""`fewpix adapt` and `fewpix export`: from a student and a folder of faces to a state for both its forms."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from dark_student import dark, student
from fewpix.adapt.stats import load_state
from fewpix.cli import main
from fewpix.data.orl import load_orl
from fewpix.errors import ConfigError, GuardError, InputError, StorageError, WeightsError
from fewpix.image.codec import encode_image, read_image, write_image
from fewpix.models.card import Card
from fewpix.models.weights import load_weights, save_weights

pytestmark = pytest.mark.needs("samples", "torch")

FACES = 36


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    return code, done.out, done.err


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return student(tmp_path_factory.mktemp("weights") / "tiny.safetensors", 0)


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dark faces of ORL, 16 px."""
    folder = tmp_path_factory.mktemp("adapt") / "entrance"
    for n, image in enumerate(load_orl().images[: FACES * 10 : 10]):
        write_image(folder / f"{n:02d}.png", dark(image))
    return folder


def test_a_state_from_a_folder(
    weights: Path, crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "new" / "state.safetensors"
    code, out, err = run(
        capsys, "adapt", crops, "--crops", "--model", weights, "--prior-faces", 12, "--out", target, "--json"
    )
    assert (code, err) == (0, "")
    told, state = json.loads(out), load_state(target)
    assert (told["count"], told["weight"]) == (36, 12 / 48)
    assert (told["id"], told["mode"], told["source"]) == (state.id, "prior", "entrance")
    assert told["model_sha256"] == load_weights(weights)[1].sha256
    assert (told["path"], told["failed"]) == (str(target), [])
    # what it does to rates, with the command that helps
    assert f"`fewpix calibrate --impostors FACES --state {target} --out FILE`" in told["note"]
    first = next(iter(state.layers.values()))
    assert first.count == 36


@pytest.mark.parametrize(
    ("words", "mode", "weight"),
    [
        ((), "prior", 256 / 292),
        (("--weight", "0.25"), "alpha", 0.25),
        (("--mode", "alpha", "--weight", "0.9", "--final"), "alpha", 0.9),
        (("--mode", "source"), "source", 1.0),
        (("--mode", "batch"), "batch", 0.0),
        (("--mode", "ema", "--momentum", "0.5"), "ema", 0.5 ** (36 / 64)),
    ],
)
def test_modes_and_weights(
    words: tuple[str, ...],
    mode: str,
    weight: float,
    weights: Path,
    crops: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    target = tmp_path / "s.safetensors"
    code, out, err = run(capsys, "adapt", crops, "--crops", "--model", weights, "--out", target, *words)
    assert code == 0, err
    assert out.startswith(f"{target}: state ")
    state = load_state(target)
    assert state.mode == mode
    assert state.weight == pytest.approx(weight)


def test_a_reference_beside_the_weights_makes_the_default_another(
    weights: Path, crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`excess` where there is one, unless a weight is named; it expects faces as large and as many."""
    from fewpix.adapt.reference import Familiar, Reference, beside, save_reference

    model, state = tmp_path / "own.safetensors", tmp_path / "state.safetensors"
    model.write_bytes(weights.read_bytes())
    sha256 = load_weights(model)[1].sha256
    words = ("adapt", crops, "--crops", "--model", model, "--out", state, "--force")
    code, out, err = run(capsys, *words, "--mode", "excess")
    assert (code, out) == (InputError.exit_code, "")
    assert "no reference beside it" in err
    assert "fewpix reference" in err
    assert not state.exists()

    assert run(capsys, *words, "--mode", "batch", "--final")[0] == 0
    seen = load_state(state).layers
    sizes = {
        side: {
            name: Familiar(layer.mean, layer.var, *[np.full_like(layer.mean, 3.0 * side)] * 4)
            for name, layer in seen.items()
        }
        for side in (8, 16)
    }
    save_reference(beside(model), Reference(sha256, "f" * 64, "in words", 0, 10, sizes))
    assert run(capsys, *words, "--replace")[0] == 0
    made = load_state(state)
    assert (made.mode, made.weight, made.count) == ("excess", 0.0, FACES)
    assert set(made.layers) == set(seen)  # the BatchNorm1d at the end is among them
    for layer in made.layers.values():
        assert layer.expected is not None
        np.testing.assert_allclose(layer.expected.mean_spread, 48 * (1 + 1 / FACES) ** 0.5, rtol=1e-6)
    assert run(capsys, *words, "--replace", "--no-final")[0] == 0
    assert len(load_state(state).layers) == len(seen) - 1
    for option, mode in (("--weight=0.5", "alpha"), ("--prior-faces=9", "prior"), ("--mode=ema", "ema")):
        assert run(capsys, *words, "--replace", option)[0] == 0
        assert load_state(state).mode == mode


def of_one_person(folder: Path, crops: Path) -> Path:
    rng = np.random.default_rng(0)
    face = read_image(crops / "03.png").astype(np.float64)
    for n in range(40):
        noisy = np.clip(face + rng.normal(0, 3, face.shape), 0, 255)
        write_image(folder / f"{n:02d}.png", noisy.astype(np.uint8))
    return folder


def test_force_adapts_to_one_person_and_says_so_for_ever(
    weights: Path, crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, target = of_one_person(tmp_path / "one", crops), tmp_path / "s.safetensors"
    words = ("adapt", folder, "--crops", "--model", weights, "--out", target)
    code, out, err = run(capsys, *words)
    assert (code, out) == (GuardError.exit_code, "")
    assert "one person" in err
    assert "--force" in err
    assert not target.exists()
    code, out, err = run(capsys, *words, "--force")
    assert code == 0, err
    assert "forced although the faces seem to be of one person" in out
    assert any("one person" in reason for reason in load_state(target).forced)


def test_one_face_is_enough_where_the_source_holds_against_it(
    weights: Path, crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.png").write_bytes((crops / "00.png").read_bytes())
    target = tmp_path / "s.safetensors"
    words = ("adapt", tmp_path / "one", "--crops", "--model", weights, "--minimum-faces", "1")
    code, out, err = run(capsys, *words, "--out", target, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["count"], told["weight"], told["pixels"]) == (1, 256 / 257, [16, 16])
    assert run(capsys, *words, "--mode", "batch", "--out", target)[0] == GuardError.exit_code
    found = {}
    for name, more in {"before": (), "after": ("--state", target)}.items():
        made = tmp_path / f"{name}.npz"
        assert run(capsys, "embed", crops, "--crops", "--model", weights, "--out", made, *more)[0] == 0
        with np.load(made, allow_pickle=False) as file:
            found[name] = file["embeddings"]
    cosine = (found["before"] * found["after"]).sum(axis=1)
    assert cosine.min() > 0.97


def test_layers_by_name_and_pattern(
    weights: Path, crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "s.safetensors"
    words = ("adapt", crops, "--crops", "--model", weights, "--out", target)
    for more, layers in {
        ("--layer", "stages.0.*", "--layer", "head.bn"): {"stages.0.0.bn", "head.bn"},
        ("--layer", "stages.0.*", "--layer", "head.*"): {"stages.0.0.bn"},
        ("--layer", "stages.0.*", "--layer", "head.*", "--final"): {"stages.0.0.bn", "head.bn"},
    }.items():
        code, _, err = run(capsys, *words, *more, "--force")
        assert code == 0, err
        assert set(load_state(target).layers) == layers


def test_states_of_cameras_are_listed_and_not_mixed_up(
    weights: Path, crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    states = tmp_path / "states"
    words = ("adapt", crops, "--crops", "--model", weights)
    for camera in ("gate", "yard"):
        done = run(capsys, *words, "--place", camera, "--out", states / f"{camera}.safetensors")
        assert done[0] == 0, done[2]
    code, out, err = run(capsys, "adapt", states, "--list", "--json")
    assert (code, err) == (0, "")
    listed = json.loads(out)["states"]
    assert [(item["path"], item["source"]) for item in listed] == [
        ("gate.safetensors", "gate"),
        ("yard.safetensors", "yard"),
    ]
    code, out, _ = run(capsys, "adapt", states, "--list")
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines()] == ["gate.safetensors", "yard.safetensors"]
    gate = states / "gate.safetensors"
    before = gate.read_bytes()
    code, out, err = run(capsys, *words, "--place", "yard", "--out", gate)
    assert (code, out) == (InputError.exit_code, "")
    assert "holds the state of 'gate'" in err
    code, out, err = run(capsys, *words, "--place", "gate", "--out", weights)
    assert (code, out) == (ConfigError.exit_code, "")
    assert "which this command reads" in err
    assert gate.read_bytes() == before
    assert run(capsys, *words, "--place", "gate", "--weight", "0.5", "--out", gate)[0] == 0
    assert load_state(gate).weight == 0.5
    assert run(capsys, *words, "--place", "yard", "--out", gate, "--replace")[0] == 0
    assert load_state(gate).source == "yard"


def test_the_state_works_in_the_exported_student_as_in_torch(
    weights: Path, crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same state, given to `embed` with both forms of the student, gives the same embeddings."""
    exported, state = tmp_path / "tiny.onnx", tmp_path / "state.safetensors"
    code, out, err = run(capsys, "export", weights, "--out", exported, "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["sha256"] == load_weights(weights)[1].sha256
    assert report["parity"]
    assert all(value <= report["tolerance"] for value in report["parity"].values())
    words = ("adapt", crops, "--crops", "--model", weights, "--out", state, "--mode", "batch")
    assert run(capsys, *words)[0] == 0
    found = {}
    for model in (weights, exported):
        for words in ((), ("--state", state)):
            target = tmp_path / "e.npz"
            assert run(capsys, "embed", crops, "--crops", "--model", model, "--out", target, *words)[0] == 0
            with np.load(target, allow_pickle=False) as file:
                found[model.suffix, bool(words)] = file["embeddings"]
    assert found[".onnx", True] == pytest.approx(found[".safetensors", True], abs=1e-4)
    assert found[".onnx", False] == pytest.approx(found[".safetensors", False], abs=1e-4)
    assert np.abs(found[".onnx", True] - found[".onnx", False]).max() > 0.01


def test_another_student_refuses_the_state(
    weights: Path, crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state.safetensors"
    assert run(capsys, "adapt", crops, "--crops", "--model", weights, "--out", state)[0] == 0
    other = student(tmp_path / "other.safetensors", 1)
    target = tmp_path / "e.npz"
    code, out, err = run(
        capsys, "embed", crops, "--crops", "--model", other, "--state", state, "--out", target
    )
    assert (code, out, err.count("\n")) == (WeightsError.exit_code, "", 1)
    assert not target.exists()


def header_of(side: int) -> bytes:
    """A PNG that claims to be `side` pixels wide and high, and holds nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


BAD = {
    "text.png": b"not a picture",
    "empty.jpg": b"",
    "huge.png": header_of(60_000),
    "wide.png": encode_image(np.zeros((20, 30, 3), np.uint8), ".png"),
    "tiny.png": encode_image(np.zeros((7, 7, 3), np.uint8), ".png"),
    "cut.jpg": encode_image(np.full((64, 64, 3), 90, np.uint8), ".jpg")[:-300],
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_bad_image_is_named_and_nothing_is_written(
    name: str, weights: Path, crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "faces"
    folder.mkdir()
    for path in crops.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / name).write_bytes(BAD[name])
    target = tmp_path / "s.safetensors"
    words = ("adapt", folder, "--crops", "--model", weights, "--out", target)
    code, out, err = run(capsys, *words, "--json")
    assert (code, out, err.count("\n")) == (InputError.exit_code, "", 1)
    assert err.startswith("error: ")
    assert name in err
    assert not target.exists()
    code, out, err = run(capsys, *words, "--json", "--skip-bad")
    assert (code, err) == (0, "")
    assert json.loads(out)["failed"] == [name]
    assert load_state(target).count == 36


def missing(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "adapt", tmp / "nowhere", "--crops", "--model", weights


def empty(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    (tmp / "empty").mkdir()
    return "adapt", tmp / "empty", "--crops", "--model", weights


def few(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    (tmp / "few").mkdir()
    for path in sorted(crops.iterdir())[:5]:
        (tmp / "few" / path.name).write_bytes(path.read_bytes())
    return "adapt", tmp / "few", "--crops", "--model", weights


def one_face_many_times(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    (tmp / "same").mkdir()
    for n in range(40):
        (tmp / "same" / f"{n}.png").write_bytes((crops / "00.png").read_bytes())
    return "adapt", tmp / "same", "--crops", "--model", weights


def one_person(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    """Forty views of one picture, each with other noise."""
    return "adapt", of_one_person(tmp / "one", crops), "--crops", "--model", weights


def no_target(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "adapt", crops, "--crops", "--model", weights, "--layer", "nowhere.*"


def a_prior_with_a_weight(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "adapt", crops, "--crops", "--model", weights, "--mode", "prior", "--weight", "0.5"


def alpha_without_a_weight(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "adapt", crops, "--crops", "--model", weights, "--mode", "alpha"


def a_list_that_writes(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "adapt", tmp, "--list"


def no_such_student(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "adapt", crops, "--crops", "--model", tmp / "no.safetensors"


def not_crops(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "adapt", crops, "--model", weights


def the_teacher(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "adapt", crops, "--crops", "--model", "teacher"


def an_exported_student(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "adapt", crops, "--crops", "--model", tmp / "x.onnx"


def an_unknown_mode(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "adapt", crops, "--crops", "--model", weights, "--mode", "magic"


def both_weights(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "adapt", crops, "--crops", "--model", weights, "--weight", "0.5", "--prior-faces", "10"


def a_momentum_for_prior(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "adapt", crops, "--crops", "--model", weights, "--momentum", "0.5"


def a_weight_for_ema(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "adapt", crops, "--crops", "--model", weights, "--mode", "ema", "--weight", "0.5"


def export_nothing(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    return "export", tmp / "no.safetensors"


def export_text(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    (tmp / "text.safetensors").write_text("hello")
    return "export", tmp / "text.safetensors"


def export_wrong_hash(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    """One bit of one weight turned."""
    data = bytearray(weights.read_bytes())
    data[-40] ^= 1
    (tmp / "bit.safetensors").write_bytes(data)
    return "export", tmp / "bit.safetensors"


def export_another_architecture(tmp: Path, weights: Path, crops: Path) -> tuple[object, ...]:
    tensors, card = load_weights(weights)
    named = Card(card.name, "lr24-s", "", card.space, card.preprocess)
    save_weights(tmp / "other.safetensors", tensors, named)
    return "export", tmp / "other.safetensors"


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (missing, 3),
        (empty, 3),
        (few, GuardError.exit_code),
        (one_face_many_times, GuardError.exit_code),
        (one_person, GuardError.exit_code),
        (no_target, 5),
        (a_prior_with_a_weight, 5),
        (alpha_without_a_weight, 5),
        (a_list_that_writes, 5),
        (no_such_student, 3),
        (not_crops, 5),
        (the_teacher, 5),
        (an_exported_student, 5),
        (an_unknown_mode, 5),
        (both_weights, 5),
        (a_momentum_for_prior, 5),
        (a_weight_for_ema, 5),
        (export_nothing, 3),
        (export_text, WeightsError.exit_code),
        (export_wrong_hash, WeightsError.exit_code),
        (export_another_architecture, WeightsError.exit_code),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_bad_input_is_one_line_and_writes_nothing(
    case: object, code: int, weights: Path, crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(case)
    words = case(tmp_path, weights, crops)
    target = tmp_path / ("target.onnx" if words[0] == "export" else "target.safetensors")
    found, out, err = run(capsys, *words, "--out", target, "--json")
    assert (found, out, err.count("\n")) == (code, "", 1), err
    assert err.startswith("error: ")
    assert not target.exists()


@pytest.mark.parametrize("verb", ["adapt", "export"])
def test_a_target_that_cannot_be_written(
    verb: str, weights: Path, crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    words = (crops, "--crops", "--model", weights) if verb == "adapt" else (weights,)
    ending = ".safetensors" if verb == "adapt" else ".onnx"
    code, out, err = run(capsys, verb, *words, "--out", tmp_path / "file" / f"x{ending}")
    assert (code, out) == (StorageError.exit_code, "")
    assert err.splitlines()[-1].startswith("error: cannot write")
    assert (tmp_path / "file").read_text() == "in the way"

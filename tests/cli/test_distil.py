"""`fewpix distil`: killed, interrupted, out of space, resumed, and given what it must refuse."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

from distil_runs import STEPS, Bench, assert_same_run, checkpoint, journal, recipe_text, write_faces
from fewpix.cli import main
from fewpix.image.codec import encode_image
from fewpix.models.card import Card
from fewpix.models.space import Space
from fewpix.models.weights import load_weights, save_weights
from fewpix.models.zoo import load_student
from shards_made import write_tar

pytestmark = pytest.mark.needs("samples", "torch")

forks = pytest.mark.skipif(sys.platform == "win32", reason="needs a fork server and signals")

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench.make(tmp_path_factory.mktemp("distil"))


@pytest.fixture(scope="module", params=["fp32", "bf16"])
def whole(request: pytest.FixtureRequest, bench: Bench) -> tuple[Path, Path]:
    """A recipe and the folder of its run, which nothing interrupted."""
    return _whole(bench, request.param)


@pytest.fixture(scope="module")
def plain(bench: Bench) -> tuple[Path, Path]:
    """The same in one precision, for what does not depend on it."""
    return _whole(bench, "fp32")


def _whole(bench: Bench, precision: str) -> tuple[Path, Path]:
    recipe, out = (bench.faces.parent / name for name in (f"{precision}.toml", precision))
    if not out.exists():
        recipe.write_text(recipe_text(precision))
        code = bench.run(bench.words(recipe, out), log := bench.faces.parent / f"{precision}.log")
        assert code == 0, log.read_text()
    return recipe, out


def until_checkpoint(process: BaseProcess, out: Path) -> None:
    """Wait until the process has written a checkpoint, or is over."""
    path = out / "checkpoint.safetensors"
    before = path.stat().st_mtime_ns if path.exists() else 0
    while process.is_alive() and not (path.exists() and path.stat().st_mtime_ns != before):
        time.sleep(0.001)


def kill_and_resume(bench: Bench, recipe: Path, out: Path, kills: int, seed: int) -> int:
    """Kill -9 at random moments after a checkpoint, then let it end; how many runs were really killed."""
    rng = np.random.default_rng(seed)
    killed = 0
    for _ in range(kills):
        process = bench.start(bench.words(recipe, out), out.with_suffix(".log"))
        until_checkpoint(process, out)
        time.sleep(rng.uniform(0, 0.06))
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
    assert bench.run(bench.words(recipe, out), log := out.with_suffix(".log")) == 0, log.read_text()
    return killed


@pytest.mark.slow
@forks
def test_a_killed_run_ends_as_if_it_had_never_been_killed(
    whole: tuple[Path, Path], bench: Bench, tmp_path: Path
) -> None:
    recipe, uninterrupted = whole
    assert kill_and_resume(bench, recipe, tmp_path / "run", kills=3, seed=0) >= 1
    assert_same_run(tmp_path / "run", uninterrupted)
    assert [line["step"] for line in journal(tmp_path / "run") if line["kind"] == "step"] == list(
        range(1, STEPS + 1)
    )
    assert not list((tmp_path / "run").glob(".*.part"))


@forks
@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_run_killed_again_and_again(precision: str, bench: Bench, tmp_path: Path) -> None:
    recipe = tmp_path / "long.toml"
    recipe.write_text(recipe_text(precision, steps=160, checkpoint_every=2))
    assert bench.run(bench.words(recipe, tmp_path / "whole"), tmp_path / "log") == 0
    assert kill_and_resume(bench, recipe, tmp_path / "run", kills=25, seed=1) >= 10
    assert_same_run(tmp_path / "run", tmp_path / "whole")


@forks
@pytest.mark.slow
def test_a_run_killed_before_its_first_checkpoint(
    plain: tuple[Path, Path], bench: Bench, tmp_path: Path
) -> None:
    """At random moments from the first import on, most of them while it gets ready."""
    rng = np.random.default_rng(2)
    recipe, uninterrupted = plain
    for _ in range(12):
        process = bench.start(bench.words(recipe, tmp_path / "run"), tmp_path / "log")
        process.join(rng.uniform(0, 0.8))
        process.kill()
        process.join()
    assert bench.run(bench.words(recipe, tmp_path / "run"), tmp_path / "log") == 0
    assert_same_run(tmp_path / "run", uninterrupted)


@forks
@pytest.mark.slow
def test_the_program_itself_killed(plain: tuple[Path, Path], bench: Bench, tmp_path: Path) -> None:
    """As a user starts it, with every import of its own."""
    recipe, uninterrupted = plain
    out = tmp_path / "run"
    words = bench.words(recipe, out, "-q", "--json")
    program = [sys.executable, "-m", "fewpix", *words]
    environment = {**os.environ, "FEWPIX_CACHE": str(bench.cache)}
    for _ in range(2):
        before = checkpoint(out)[0]["step"] if out.exists() else ""
        process = subprocess.Popen(program, env=environment, stdout=subprocess.PIPE)
        while process.poll() is None and (not _has_checkpoint(out) or checkpoint(out)[0]["step"] == before):
            time.sleep(0.002)
        process.kill()
        process.communicate()
        assert process.returncode != 0
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert json.loads(done.stdout)["steps"] == STEPS
    assert_same_run(out, uninterrupted)


def _has_checkpoint(out: Path) -> bool:
    return (out / "checkpoint.safetensors").exists()


@forks
def test_ctrl_c(plain: tuple[Path, Path], bench: Bench, tmp_path: Path) -> None:
    recipe, uninterrupted = plain
    out, log = tmp_path / "run", tmp_path / "log"
    process = bench.start(bench.words(recipe, out, "-q", "--json"), log)
    until_checkpoint(process, out)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    process.join()
    assert process.exitcode == 130
    assert log.read_text() == "interrupted; what was written before is whole\n"
    assert int(checkpoint(out)[0]["step"]) < STEPS
    assert not list(out.glob(".*.part"))
    assert bench.run(bench.words(recipe, out), log) == 0
    assert_same_run(out, uninterrupted)


@pytest.mark.slow
@forks
def test_a_full_disk_leaves_the_last_checkpoint(
    plain: tuple[Path, Path], bench: Bench, tmp_path: Path
) -> None:
    recipe, uninterrupted = plain
    out, log = tmp_path / "run", tmp_path / "log"
    process = bench.start(bench.words(recipe, out), tmp_path / "first.log")
    until_checkpoint(process, out)
    process.kill()
    process.join()
    before = (out / "checkpoint.safetensors").read_bytes()
    assert bench.run(bench.words(recipe, out, "--json"), log, limit=len(before) // 2) == 10
    (line,) = log.read_text().splitlines()
    assert line.startswith(f"error: cannot write {out / 'checkpoint.safetensors'}: ")
    assert "free space" in line
    assert (out / "checkpoint.safetensors").read_bytes() == before
    assert not list(out.glob(".*.part"))
    assert bench.run(bench.words(recipe, out), log) == 0
    assert_same_run(out, uninterrupted)


@forks
def test_a_full_disk_at_the_very_end(plain: tuple[Path, Path], bench: Bench, tmp_path: Path) -> None:
    """The last checkpoint is there, the weights have no room: nothing half-written, none to train again."""
    recipe, uninterrupted = plain
    out, log = tmp_path / "run", tmp_path / "log"
    shutil.copytree(uninterrupted, out)
    (out / "tiny.safetensors").unlink()
    assert bench.run(bench.words(recipe, out, "--json"), log, limit=20_000) == 10
    assert log.read_text().startswith(f"error: cannot write {out / 'tiny.safetensors'}: ")
    assert log.read_text().count("\n") == 1
    assert sorted(path.name for path in out.iterdir()) == ["checkpoint.safetensors", "journal.jsonl"]
    assert bench.run(bench.words(recipe, out), log) == 0
    assert_same_run(out, uninterrupted)


@forks
def test_another_number_of_threads_is_warned_of(
    plain: tuple[Path, Path], bench: Bench, tmp_path: Path
) -> None:
    recipe, uninterrupted = plain
    out, log = tmp_path / "run", tmp_path / "log"
    shutil.copytree(uninterrupted, out)
    (out / f".checkpoint.safetensors.{'0' * 8}.part").write_bytes(b"left by a kill")
    assert bench.run([*bench.words(recipe, out, "--json"), "--threads", "2"], log) == 0
    warning = log.read_text().splitlines()[0]
    assert warning.startswith("WARNING fewpix.train.distil: the checkpoint was made by torch ")
    assert "with 1 threads, this is" in warning
    assert "with 2 threads: the result will differ in the last bits" in warning
    # It had ended, so that nothing was left to differ; what the kill left was cleared away.
    assert_same_run(out, uninterrupted)
    assert not list(out.glob(".*.part"))


@forks
def test_what_the_run_says_and_leaves(plain: tuple[Path, Path], bench: Bench, tmp_path: Path) -> None:
    """The result of a run that had ended is that of the run."""
    recipe, uninterrupted = plain
    out, log = tmp_path / "run", tmp_path / "log"
    shutil.copytree(uninterrupted, out)
    assert bench.run(bench.words(recipe, out, "--json", "--terms", "tests only"), log) == 0
    told = json.loads(log.read_text())
    model, card = load_student(out / "tiny.safetensors")
    assert not model.training
    assert told["model_sha256"] == card.sha256 == load_weights(uninterrupted / "tiny.safetensors")[1].sha256
    assert (told["model"], told["steps"], card.terms) == ("tiny", STEPS, "tests only")
    assert (told["weights"], told["journal"]) == (str(out / "tiny.safetensors"), str(out / "journal.jsonl"))
    lines = journal(out)
    assert lines[0]["kind"] == "start"
    assert set(lines[0]) >= {"recipe", "faces", "teacher", "torch", "threads", "arch", "name", "step"}
    scores = [line for line in lines if line["kind"] == "held out"]
    assert [line["step"] for line in scores] == [8, 16, 24]
    assert told["held_out"] == {key: scores[-1][key] for key in ("faces", "cosine", "rank1")}
    assert card.provenance["held_out"] == told["held_out"]
    assert card.provenance["recipe_sha256"] == lines[0]["recipe"]
    assert card.provenance["faces"] == 24


# Below, the teacher costs nothing, and everything runs in this process.


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("FEWPIX_CACHE", str(tmp_path / "cache"))
    logger = logging.getLogger("fewpix")
    before = logger.level, logger.handlers[:], logger.propagate
    yield
    logger.level, logger.handlers[:], logger.propagate = before


@pytest.fixture(scope="module")
def pixels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher that costs nothing: 4x4 pixels as 48 numbers, with a card written by hand."""
    from onnx import TensorProto, helper, save

    graph = helper.make_graph(
        [helper.make_node("Flatten", ["x"], ["y"])],
        "pixels",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 48])],
    )
    path = tmp_path_factory.mktemp("models") / "pixels.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    preprocess = {"side": 4, "color": "bgr", "mean": [110.0] * 3, "std": [50.0] * 3}
    path.with_name("pixels.onnx.json").write_text(json.dumps({"preprocess": preprocess, "dim": 48}))
    return path


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faces")
    write_faces(folder)
    return folder


SHORT = """
name = "short"
[model]
arch = "lr24-tiny"
[data]
holdout = 0.0
[objective]
cosine = {}
[run]
steps = 3
batch = 4
checkpoint_every = 1
"""


def run(capsys: Capture, *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    return code, done.out, done.err


def refused(capsys: Capture, code: int, *words: object) -> str:
    """Run, and expect one line on stderr with this exit code."""
    found, out, err = run(capsys, *words, "--json")
    assert (found, out, err.count("\n")) == (code, "", 1), (found, err)
    assert err.startswith("error: ")
    return err


def asked(recipe: Path, faces: Path, out: Path, teacher: Path, *more: object) -> tuple[object, ...]:
    return (
        *("distil", "--recipe", recipe, "--faces", faces, "--out", out, "--teacher", teacher),
        *("--device", "cpu", *more),
    )


@pytest.fixture
def short(tmp_path: Path) -> Path:
    path = tmp_path / "short.toml"
    path.write_text(SHORT)
    return path


BAD_RECIPES = {
    "unknown key": ("batch = 4\nspeed = 3", "unknown key 'run.speed'"),
    "unknown section": ("batch = 4\n[optmi]\nlr = 1.0", "unknown key 'optmi'"),
    "wrong type": ('batch = "4"', "'run.batch'"),
    "a float for a whole number": ("batch = 4.0", "'run.batch'"),
    "a text for a number": ('batch = 4\n[optim]\nlr = "fast"', "'optim.lr'"),
    "out of range": ("batch = 0", "'run.batch'"),
    "a share of 1": ("batch = 4\n[optim]\nema = 1.0", "'optim.ema'"),
    "not finite": ("batch = 4\n[optim]\nlr = inf", "'optim.lr'"),
    "unknown precision": ('batch = 4\nprecision = "fp8"', "'run.precision'"),
    "unknown chain": ('batch = 4\n[degrade]\nchain = "fog"', "degrade.chain: no chain 'fog'"),
    "unknown term": ("batch = 4\n[objective.magic]", "unknown term 'magic'"),
    "a term for labels": ("batch = 4\n[objective.arcface]", "arcface"),
    "unknown option": (
        "batch = 4\n[objective.infonce]\ntau = 0.1",
        "objective.infonce: unknown option 'tau'",
    ),
    "option of a wrong type": (
        'batch = 4\n[objective.infonce]\ntemperature = "hot"',
        "objective.infonce.temperature must be a number above 0, not 'hot'",
    ),
    "option out of range": ("batch = 4\n[objective.row-kl]\nstudent_temperature = 0", "student_temperature"),
    "option not whole": ("batch = 4\n[objective.crrcd]\nanchors = 2.5", "objective.crrcd.anchors"),
    "unknown source": (
        "batch = 4\n[data]\nweights = { celeb = 0.5 }",
        "data.weights: no face has the source 'celeb'",
    ),
    "unknown chips": ('batch = 4\n[data]\nchips = ["utk"]', "data.chips: no face has the source 'utk'"),
    "unknown source held out": (
        'batch = 4\n[data]\nholdout_sources = ["s1", "wild"]',
        "data.holdout_sources: no face has the source 'wild'",
    ),
    "batch larger than the set": ("batch = 25", "run.batch is 25, but an epoch has only 24 faces"),
}


@pytest.mark.parametrize("case", BAD_RECIPES)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["run", "dry run"])
def test_a_recipe_is_refused_before_the_teacher_is_asked(
    case: str, dry: tuple[str, ...], faces: Path, tmp_path: Path, capsys: Capture
) -> None:
    body, says = BAD_RECIPES[case]
    path = tmp_path / "bad.toml"
    base = '[model]\narch = "lr24-tiny"\n[objective.cosine]\n[run]\nsteps = 3\n'
    path.write_text(f'name = "bad"\n{base}{body}\n')
    # There is no such teacher: asking for it would end otherwise.
    err = refused(capsys, 5, *asked(path, faces, tmp_path / "out", tmp_path / "no.onnx", *dry))
    assert says in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "is not TOML"),
        (SHORT.replace('"lr24-tiny"', '"resnet"'), "unknown architecture 'resnet'"),
        (SHORT.replace("cosine = {}", ""), "objective: no term"),
        (SHORT.replace('"short"', '"../short"'), "'name'"),
        (SHORT.replace('name = "short"', ""), "'name'"),
        (SHORT.replace("steps = 3", ""), "'run.steps'"),
    ],
    ids=["not TOML", "unknown architecture", "no term", "a path as name", "no name", "no steps"],
)
def test_a_recipe_that_cannot_be_run(
    text: str, says: str, faces: Path, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert says in refused(capsys, 5, *asked(path, faces, tmp_path / "out", tmp_path / "no.onnx"))


def test_a_missing_recipe(faces: Path, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "no.toml"
    assert str(path) in refused(capsys, 3, *asked(path, faces, tmp_path / "out", tmp_path / "no.onnx"))


def test_a_recipe_in_another_encoding(faces: Path, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes("# für Köln\n".encode("latin-1"))
    assert str(path) in refused(capsys, 3, *asked(path, faces, tmp_path / "out", tmp_path / "no.onnx"))


def test_wrong_faces(short: Path, faces: Path, pixels: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    (tmp_path / "empty").mkdir()
    assert "empty" in refused(capsys, 3, *asked(short, tmp_path / "empty", out, pixels))
    assert "nowhere.tar" in refused(capsys, 3, *asked(short, tmp_path / "nowhere.tar", out, pixels))
    again = asked(short, faces, out, pixels, "--faces", faces)
    assert "two faces are called 's1/1.png'" in refused(capsys, 3, *again)
    shutil.copytree(faces, tmp_path / "wide")
    (tmp_path / "wide" / "wide.png").write_bytes(encode_image(np.zeros((20, 30, 3), np.uint8), ".png"))
    assert "wide.png is 30×20 px, not square" in refused(
        capsys, 3, *asked(short, tmp_path / "wide", out, pixels)
    )
    shutil.copytree(faces, tmp_path / "text")
    (tmp_path / "text" / "text.png").write_text("no picture")
    assert "text.png" in refused(capsys, 3, *asked(short, tmp_path / "text", out, pixels))
    assert not list(out.glob("*.safetensors"))


def test_a_torn_shard(short: Path, faces: Path, pixels: Path, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "faces.tar"
    with tarfile.open(path, "w") as archive:
        for n, file in enumerate(sorted(faces.rglob("*.png"))):
            data = file.read_bytes()
            member = tarfile.TarInfo(f"{n:06d}.orl.png")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    words = asked(short, path, tmp_path / "out", pixels, "--dry-run", "--json")
    assert json.loads(run(capsys, *words)[1])["faces"] == 24
    path.write_bytes(path.read_bytes()[:20_000])
    assert "faces.tar" in refused(capsys, 3, *asked(short, path, tmp_path / "out", pixels))


def test_a_torn_shard_of_a_stream_is_told_of_and_the_rest_is_learnt_from(
    short: Path, faces: Path, pixels: Path, tmp_path: Path, capsys: Capture
) -> None:
    names = sorted(faces.rglob("*.png"))
    for n in range(2):
        members = [(f"{k:06d}.png", names[k].read_bytes()) for k in range(12 * n, 12 * n + 12)]
        write_tar(tmp_path / "tars" / f"{n}.tar", members)
    torn = tmp_path / "tars" / "1.tar"
    torn.write_bytes(torn.read_bytes()[:30_000])
    short.write_text(SHORT.replace("holdout = 0.0", "holdout = 0.0\nstream = 8"))
    words = asked(short, tmp_path / "tars", tmp_path / "out", pixels)
    facts = json.loads(run(capsys, *words, "--dry-run", "--json")[1])
    assert 12 < facts["faces"] < 24
    assert [item["path"] for item in facts["passed_over"]] == ["1.tar"]
    code, told, err = run(capsys, *words)
    assert code == 0
    assert "3 steps" in told
    assert "1.tar (a damaged shard, not read after" in told
    assert "1.tar (a damaged shard" in err, "at the beginning, too"
    message = refused(capsys, 3, *asked(short, faces, tmp_path / "other", pixels))
    assert "name .tar or .rec files" in message


def test_devices_and_teachers(
    short: Path, faces: Path, pixels: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    assert "unknown device 'gpu'" in refused(capsys, 5, *asked(short, faces, out, pixels, "--device", "gpu"))
    assert "cuda:99" in refused(capsys, 9, *asked(short, faces, out, pixels, "--device", "cuda:99"))
    assert "threads" in refused(capsys, 5, *asked(short, faces, out, pixels, "--threads", "-1"))
    assert "no.onnx" in refused(capsys, 3, *asked(short, faces, out, tmp_path / "no.onnx"))
    bare = tmp_path / "bare.onnx"
    bare.write_bytes(pixels.read_bytes())
    assert "bare.onnx.json" in refused(capsys, 6, *asked(short, faces, out, bare))
    assert not out.exists()


def test_another_run_in_the_folder(
    short: Path, faces: Path, pixels: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    words = asked(short, faces, out, pixels, "--json")
    code, told, err = run(capsys, *words)
    assert (code, err) == (0, "")
    sha256 = json.loads(told)["model_sha256"]
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    other = tmp_path / "other.toml"
    other.write_text(SHORT.replace("steps = 3", "steps = 4"))
    assert "started with another recipe" in refused(capsys, 5, *asked(other, faces, out, pixels))
    other.write_text(SHORT.replace("lr24-tiny", "lr24-s"))
    assert "started with another recipe" in refused(capsys, 5, *asked(other, faces, out, pixels))
    fewer = tmp_path / "fewer"
    shutil.copytree(faces, fewer)
    (fewer / "s1" / "1.png").unlink()
    assert "started with another faces" in refused(capsys, 5, *asked(short, fewer, out, pixels))
    changed = tmp_path / "changed.onnx"
    changed.write_bytes(pixels.read_bytes().replace(b"pixels", b"Pixels"))
    shutil.copy(pixels.with_name("pixels.onnx.json"), tmp_path / "changed.onnx.json")
    assert "started with another teacher" in refused(capsys, 5, *asked(short, faces, out, changed))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before

    code, told, err = run(capsys, *asked(short, fewer, out, pixels, "--fresh", "--json"))
    assert (code, err) == (0, "")
    assert json.loads(told)["model_sha256"] != sha256
    assert [line["step"] for line in journal(out)] == [0, 3]


def test_a_checkpoint_that_is_none(
    short: Path, faces: Path, pixels: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    words = asked(short, faces, out, pixels)
    assert run(capsys, *words)[0] == 0
    path = out / "checkpoint.safetensors"
    data, kept = path.read_bytes(), journal(out)
    for bad in (data[:-1], data[: len(data) // 2], data[:5], b"", b"hello" * 1000, data[8:]):
        path.write_bytes(bad)
        assert f"{path} is not a checkpoint" in refused(capsys, 6, *words)
    path.write_bytes((out / "short.safetensors").read_bytes())  # safetensors, but weights
    assert f"{path} is not a checkpoint" in refused(capsys, 6, *words)
    assert journal(out) == kept


def test_initial_weights(short: Path, faces: Path, pixels: Path, tmp_path: Path, capsys: Capture) -> None:
    """A run may start from another run's weights, but not from those of another space or architecture."""
    first = tmp_path / "first"
    assert run(capsys, *asked(short, faces, first, pixels))[0] == 0
    tensors, card = load_weights(first / "short.safetensors")
    start = tmp_path / "start.safetensors"
    recipe = tmp_path / "next.toml"
    recipe.write_text(SHORT.replace('"lr24-tiny"', f'"lr24-tiny"\ninit = "{start.as_posix()}"'))
    words = asked(recipe, faces, tmp_path / "next", pixels)
    assert "start.safetensors" in refused(capsys, 3, *words, "--dry-run")
    save_weights(start, tensors, Card("x", card.arch, "", Space("b" * 64, 48), card.preprocess))
    assert "model.init: x writes into another space" in refused(capsys, 5, *words, "--dry-run")
    save_weights(start, {**tensors, "head.fc.weight": tensors["head.fc.weight"][:5]}, card)
    assert "tensor 'head.fc.weight' is (5, 144), not (48, 144)" in refused(capsys, 6, *words, "--dry-run")
    save_weights(start, tensors, card)
    start.write_bytes(start.read_bytes()[:-1] + b"\x55")
    assert "is damaged" in refused(capsys, 6, *words)
    save_weights(start, tensors, card)
    assert run(capsys, *words)[0] == 0
    moved = load_weights(tmp_path / "next" / "short.safetensors")[0]["head.fc.weight"]
    drift = np.abs(moved - tensors["head.fc.weight"]).max()
    assert 0 < drift < 0.02  # three steps away from there, not from a new random start


def test_a_dry_run_checks_and_trains_nothing(
    short: Path, faces: Path, pixels: Path, tmp_path: Path, capsys: Capture
) -> None:
    words = asked(short, faces, tmp_path / "out", pixels, "--dry-run")
    code, told, err = run(capsys, *words, "--json")
    assert (code, err) == (0, "")
    facts = json.loads(told)
    assert (facts["recipe"], facts["faces"], facts["teacher"], facts["steps"], facts["device"]) == (
        *("short", 24, "pixels", 3, "cpu"),
    )
    code, told, err = run(capsys, *words)
    assert code == 0
    assert told.splitlines()[0] == "the recipe is sound; nothing was trained"
    assert f"  faces_sha256: {facts['faces_sha256']}" in told.splitlines()
    assert not (tmp_path / "out").exists()


def test_a_run_told_to_people(
    short: Path, faces: Path, pixels: Path, tmp_path: Path, capsys: Capture
) -> None:
    code, told, err = run(capsys, *asked(short, faces, tmp_path / "out", pixels))
    assert code == 0
    assert told == (
        f"short ({load_weights(tmp_path / 'out' / 'short.safetensors')[1].sha256[:12]}), 3 steps: "
        f"{tmp_path / 'out' / 'short.safetensors'}\n"
    )
    assert err.startswith("distil ...")


def test_a_loss_that_is_no_number(faces: Path, pixels: Path, tmp_path: Path, capsys: Capture) -> None:
    recipe, out = tmp_path / "wild.toml", tmp_path / "out"
    recipe.write_text(SHORT.replace("steps = 3", "steps = 30") + "[optim]\nlr = 1e30\nwarmup = 0\n")
    err = refused(capsys, 5, *asked(recipe, faces, out, pixels))
    assert "is not a number (lower optim.lr" in err
    assert not (out / "short.safetensors").exists()


def test_a_folder_that_cannot_be_written(
    short: Path, faces: Path, pixels: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "file").write_text("in the way")
    for more in ((), ("--fresh",)):
        refused(capsys, 10, *asked(short, faces, tmp_path / "file" / "out", pixels, *more))
    assert (tmp_path / "file").read_text() == "in the way"

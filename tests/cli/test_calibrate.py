"""`fewpix calibrate`, and what `identify` and `verify` do with it; crops and a model that cost nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fewpix.cli import main
from fewpix.image.codec import write_image
from pixels_model import write_pixels_model

PEOPLE, PICTURES = 48, 3


def picture(rng: np.random.Generator) -> np.ndarray:
    """8x8 patches of 8 px, so that little is lost at 16 px and at 8."""
    return np.kron(rng.integers(0, 255, (8, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Strangers, three pictures of each; and people to enrol, who are others."""
    at, rng = tmp_path_factory.mktemp("calibrate"), np.random.default_rng(0)
    write_pixels_model(at)
    for part, people in (("strangers", PEOPLE), ("known", 12)):
        for person in range(people):
            base = picture(rng).astype(float)
            for n in range(PICTURES):
                seen = np.clip(base + 25 * rng.normal(size=base.shape), 0, 255).astype(np.uint8)
                write_image(at / part / f"{part[0]}{person:02d}" / f"{n}.png", seen)
    return at


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("FEWPIX_CACHE", str(folder / "cache"))


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(word) for word in words])
    done = capsys.readouterr()
    return code, done.out, done.err


@pytest.fixture(scope="module")
def model(folder: Path) -> tuple[object, ...]:
    return ("--model", folder / "pixels.onnx")


@pytest.fixture(scope="module")
def made(folder: Path, model: tuple[object, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "calibration.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FEWPIX_CACHE", str(folder / "cache"))
        words = ["calibrate", "--impostors", folder / "strangers", "--crops", "--out", out, *model]
        assert main([str(w) for w in (*words, "--sizes", "8,16", "--galleries", "5,12,400", "-q")]) == 0
    return out


def test_a_trial_measures_nothing_and_says_whose_faces(folder: Path, model, capsys):
    words = ("calibrate", "--impostors", folder / "strangers", "--crops", *model, "--sizes", "8,16")
    code, out, _ = run(capsys, *words, "--galleries", "5,12,400", "--dry-run")
    assert code == 0
    assert "probes: 72 faces of 24 people (a folder each) of strangers" in out
    assert "gallery: 24 faces of 24 people" in out
    assert "galleries of 1, 5, 12;" in out
    assert "no false match rate below 1 in 24" in out
    code, out, _ = run(capsys, *words, "--dry-run", "--json")
    values = json.loads(out)
    assert (values["pairs"], values["independent_pairs"], values["galleries"]) == (72 * 24, 24, [1, 10])


def test_the_file_says_where_it_comes_from(made: Path):
    values = json.loads(made.read_text())
    assert values["model"] == "pixels.onnx"
    assert values["probes"]["name"] == "strangers"
    assert (values["probes"]["people"], values["probes"]["faces"]) == (24, 72)
    assert values["independent_pairs"] == 24
    assert min(values["rates"]) >= 1 / 24
    assert str(made.parent.parent) not in made.read_text()


def test_the_same_command_makes_the_same_bytes_and_embeds_nothing_anew(
    folder: Path, model, made, tmp_path, capsys
):
    words = ("calibrate", "--impostors", folder / "strangers", "--crops", *model, "--sizes", "8,16")
    out = tmp_path / "again.json"
    code, text, _ = run(capsys, *words, "--galleries", "5,12,400", "--out", out)
    assert code == 0
    assert out.read_bytes() == made.read_bytes()
    assert "resolvable: false match rates from 1 in 24 on, FPIR from 1 in 24 on" in text
    assert "FPIR of 12" in text


def test_two_sets_are_compared_across(folder: Path, model, tmp_path: Path, capsys):
    words = ("calibrate", "--impostors", folder / "strangers", "--against", folder / "known", "--crops")
    more = ("--sizes", "16", "--galleries", "5", "--out", tmp_path / "c.json", *model)
    code, _, err = run(capsys, *words, *more)
    assert code == 3
    assert "12 people as gallery are too few" in err
    code, out, _ = run(capsys, *words, *more, "--one-each", "--same", "0.999", "--json")
    values = json.loads(out)
    assert (code, values["probes"]["labels"], values["gallery"]["people"]) == (0, "one each", 36)
    assert values["gallery"]["name"] == "known"


def test_pictures_of_one_person_taken_for_several_are_noticed(folder: Path, model, tmp_path: Path, capsys):
    words = ("calibrate", "--impostors", folder / "strangers", "--one-each", "--crops", *model)
    code, out, _ = run(capsys, *words, "--sizes", "16", "--galleries", "5", "--out", tmp_path / "c.json")
    assert code == 0
    assert "pairs look like one person (a cosine of at least 0.55) and were not compared, such as s" in out
    values = json.loads((tmp_path / "c.json").read_text())
    # 72 of the 144 pictures are searched for, and they show fewer people
    assert values["probes"]["faces"] == 72
    assert 24 <= values["independent_searches"] <= PEOPLE


def test_bad_commands_say_what_to_do(folder: Path, model, tmp_path: Path, capsys):
    strangers = ("calibrate", "--impostors", folder / "strangers", "--crops", *model)
    for words, code, why in (
        ((*strangers,), 5, "name one with --out"),
        ((*strangers, "--out", tmp_path / "c.txt"), 3, "is a .json file"),
        ((*strangers, "--out", tmp_path / "c.json", "--sizes", "4"), 5, "4 px is out of range"),
        ((*strangers, "--out", tmp_path / "c.json", "--sizes", "x"), 5, "is no list of numbers"),
        (
            (*strangers, "--out", tmp_path / "c.json", "--source", "celeba"),
            3,
            "no face is of the source celeba",
        ),
        ((*strangers, "--out", tmp_path / "c.json", "--sizes", "16,112"), 3, "too few faces of 112 px"),
        ((*strangers, "--out", tmp_path / "c.json", "--family", "fog"), 5, "fog"),
        ((*strangers, "--out", tmp_path / "c.json", "--seed", "-1"), 2, "greater than or equal to 0"),
    ):
        found, out, err = run(capsys, *words)
        assert (found, out) == (code, ""), err
        assert why in err
        assert len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


# What is made of it.


@pytest.fixture(scope="module")
def gallery(folder: Path, model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, photos = tmp_path_factory.mktemp("gallery") / "g.db", folder / "enrolled"
    for person in sorted((folder / "known").iterdir()):
        (photos / person.name).mkdir(parents=True)
        (photos / person.name / "0.png").write_bytes((person / "0.png").read_bytes())
    words = ["enrol", photos, "--folder-per-person", "--crops", "--gallery", path, *model, "-q"]
    assert main([str(word) for word in words]) == 0
    return path


def small(source: Path, target: Path, pixels: int) -> Path:
    from fewpix.image.codec import read_image
    from fewpix.image.resize import resize_square

    write_image(target, resize_square(read_image(source), pixels))
    return target


def test_identify_names_by_the_calibration(folder: Path, model, made, gallery, tmp_path: Path, capsys):
    small(folder / "known" / "k03" / "1.png", tmp_path / "in" / "k03.png", 16)
    small(folder / "strangers" / "s40" / "1.png", tmp_path / "in" / "s40.png", 16)
    words = ("identify", tmp_path / "in", "--crops", "--gallery", gallery, "--calibration", made, *model)
    code, out, _ = run(capsys, *words, "--fpir", "0.05", "--json")
    known, stranger = map(json.loads, out.splitlines())
    assert code == 0
    assert known["faces"][0]["decision"] == "k03"
    assert known["faces"][0]["fpir_reason"].startswith("not resolvable: under 1 in 2")
    assert stranger["faces"][0]["decision"] is None
    assert 0.05 < stranger["faces"][0]["fpir"] <= 1
    assert all(0 < candidate["fmr"] <= 1 for candidate in stranger["faces"][0]["candidates"])
    code, out, _ = run(capsys, *words, "--fpir", "0.05")
    assert "k03; strangers score so in under 1 of 2" in out
    assert "unknown, strangers score so in " in out
    assert " of searches" in out or " searches   [" in out
    assert "in at most 1 of 20 searches in a gallery of this size" in out.splitlines()[-1]
    assert out.splitlines()[-1].endswith("docs/models.md#calibration")


def test_identify_may_be_cautious(folder: Path, model, made, gallery, tmp_path: Path, capsys):
    """Where the interval reaches above what is asked for nobody is named; all else stays as it is."""
    faces = tmp_path / "in"
    for person in range(6):
        small(folder / "known" / f"k{person:02d}" / "1.png", faces / f"k{person:02d}.png", 16)
    words = (
        "identify",
        faces,
        "--crops",
        "--gallery",
        gallery,
        "--calibration",
        made,
        *model,
        "--fpir",
        "0.2",
    )
    lines = {}
    for more in ((), ("--cautious",)):
        code, out, _ = run(capsys, *words, *more, "--json")
        assert code == 0
        lines[bool(more)] = [json.loads(line)["faces"][0] for line in out.splitlines()]
    for plain, cautious in zip(lines[False], lines[True], strict=True):
        said = ("decision", "verdict", "ambiguous", "reason", "fix")
        assert [plain[key] for key in plain if key not in said] == [
            cautious[key] for key in cautious if key not in said
        ]
        assert all((face["decision"] is None) == (face["reason"] is not None) for face in (plain, cautious))
        if cautious["decision"] is not None and cautious["fpir_range"] is not None:
            assert cautious["fpir_range"][1] <= 0.2
            assert plain["decision"] == cautious["decision"]
    code, out, _ = run(capsys, *words, "--cautious")
    assert out.splitlines()[-1].startswith(
        "named where strangers of every kind that was measured score so in at most"
    )
    lines_file = tmp_path / "lines.jsonl"
    assert run(capsys, *words, "--out", lines_file)[0] == 0
    code, _, err = run(capsys, *words, "--cautious", "--out", lines_file, "--resume")
    assert code != 0
    assert "cautious" in err
    code, _, err = run(capsys, *words[:-2], "--threshold", "0.3", "--cautious")
    assert (code, "--cautious is about rates" in err) == (5, True)


def test_identify_does_not_decide_by_what_was_not_measured(
    folder: Path, model, made, gallery, tmp_path: Path, capsys
):
    face = small(folder / "known" / "k03" / "1.png", tmp_path / "k03.png", 16)
    words = ("identify", face, "--crops", "--gallery", gallery, *model)
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert out.splitlines()[-1].startswith("nobody is named: there is no calibration (")
    assert out.splitlines()[-1].endswith("calibrate the model in use: docs/cli/calibrating.md")
    code, out, _ = run(capsys, *words, "--calibration", made)
    assert code == 0
    assert out.splitlines()[-1].startswith("nobody is named: 24 people cannot show 1 in 100")
    for more, code, why in (
        (("--fpir", "0.05"), 5, "--fpir: there is no calibration ("),
        (("--fpir", "0.05", "--threshold", "0.4"), 5, "--threshold and --fpir both decide"),
        (("--fpir", "0.01", "--calibration", made), 5, "not resolvable: the calibration has 24 people"),
        (("--fpir", "1.5", "--calibration", made), 5, "above 0 and below 1"),
        (("--calibration", made, "--model", "fewpix-s"), 6, "with other weights than those of fewpix-s"),
        (("--calibration", folder / "pixels.onnx.json"), 3, "is not a calibration"),
    ):
        found, out, err = run(capsys, *words, *more)
        assert (found, out) == (code, ""), err
        assert why in err


def test_verify_says_the_same_different_or_undecided(folder: Path, model, made, tmp_path: Path, capsys):
    sharp = folder / "known" / "k03" / "0.png"
    own = small(folder / "known" / "k03" / "1.png", tmp_path / "own.png", 16)
    other = small(folder / "strangers" / "s41" / "1.png", tmp_path / "other.png", 16)
    words = ("--crops", "--calibration", made, *model, "--fmr", "0.05")
    code, out, _ = run(capsys, "verify", sharp, own, *words, "--json")
    values = json.loads(out)
    assert (code, values["decision"], values["pixels"]) == (0, "same", [64, 16])
    assert (values["fmr_kind"], values["fmr_reason"][:14]) == ("at most", "not resolvable")
    assert 0 < values["fmr"] <= 0.05
    code, out, _ = run(capsys, "verify", other, sharp, *words)
    assert (code, out.split()[0]) == (0, "different")
    code, out, _ = run(capsys, "verify", sharp, own, "--crops", *model)
    assert (code, out.split()[0]) == (0, "undecided:")
    assert "no rate is known" in out
    code, _, err = run(capsys, "verify", sharp, own, *words[:-1], "0.01")
    assert code == 5
    assert "not resolvable with 24 independent pairs" in err
    assert run(capsys, "verify", sharp, tmp_path / "absent.png", *words)[0] == 3


def test_other_strangers_that_are_too_few_are_refused_and_nothing_is_written(
    folder: Path, model, made, tmp_path: Path, capsys
):
    words = ("calibrate", "--impostors", folder / "strangers", "--crops", *model, "--sizes", "8,16")
    words = (*words, "--galleries", "5", "--seed", "1", "--out", tmp_path / "c.json")
    code, _, err = run(capsys, *words, "--beside", made)
    assert code == 3
    assert "says nothing of pixels at 8 px: too few people" in err
    code, _, err = run(capsys, *words, "--beside", tmp_path / "absent.json")
    assert code == 3
    assert "cannot read the calibration" in err
    assert not (tmp_path / "c.json").exists()

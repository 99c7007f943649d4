"""`fewpix evaluate pairs` and `search`: one line for everything that is wrong, before a picture is read."""

from __future__ import annotations

import pytest

import ijbs_layout
import scface_layout
import survface_layout
import tinyface_layout
from evaluate_runs import refused
from orl_files import put
from pixels_model import write_two_models

pytestmark = pytest.mark.needs("samples")

PAIRS = "first,second,same\na/1.png,a/2.png,1\na/1.png,b/1.png,0\n"


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A small copy of every benchmark, two models, and what is none."""
    folder = tmp_path_factory.mktemp("benchmarks")
    for name, person in (("a/1.png", 0), ("a/2.png", 0), ("b/1.png", 1)):
        put(folder / name, person, len(name))
    (folder / "pairs.csv").write_text(PAIRS, encoding="utf-8")
    (folder / "strangers.csv").write_text(
        "picture,person,role\na/1.png,a,gallery\nb/1.png,b,probe\n", encoding="utf-8"
    )
    ijbs_layout.lay_out(folder / "ijbs")
    one, other = write_two_models(folder)
    (folder / "a_file").touch()
    (folder / "empty").mkdir()
    found = {
        "table": folder / "pairs.csv",
        "strangers": folder / "strangers.csv",
        "tiny": tinyface_layout.tinyface(folder / "tiny"),
        "surv": survface_layout.identification(folder / "surv"),
        "scface": scface_layout.scface(folder / "scface"),
        "ids": scface_layout.ids(folder / "ids.txt"),
        "ijbs": folder / "ijbs",
        "one": one,
        "other": other,
        "file": folder / "a_file",
        "empty": folder / "empty",
        "folder": folder,
    }
    return {name: str(path) for name, path in found.items()}


@pytest.fixture(autouse=True)
def _nothing_is_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("work was done first")

    monkeypatch.setattr("fewpix.evaluate.run.embed", never)


BENCHMARKS = [
    ("pairs tinyface {table}", 5, "'tinyface' is no list of pairs (use one of lfw, xqlfw, bin,"),
    ("pairs ijbs {ijbs}", 5, "'ijbs' is no list of pairs"),
    ("search lfw {tiny}", 5, "'lfw' has no gallery to search (use one of tinyface, scface, "),
    ("pairs megaface {table}", 5, "'megaface' is no list of pairs"),
    ("pairs bin {table}", 3, "pairs.csv"),
    ("pairs lfw {folder}/nowhere", 3, "there is no folder"),
    ("pairs ijb {empty}", 3, "it lacks meta"),
    ("search tinyface {folder}/nowhere", 3, "nowhere"),
    ("search table {strangers}", 3, "no probe of whom a gallery has a picture"),
    ("search ijbs {ijbs} --faces {folder}/no", 3, "there is no folder"),
    ("search ijbs {ijbs} --faces {empty} --allow-missing", 3, "holds none of"),
    ("search ijbs {ijbs} --faces {empty} --lists x", 5, "lists: IJB-S has no 'x'"),
    ("search tinyface {tiny} --copies else", 3, "else"),
]
"""What is no benchmark, or not one of this kind, or not all there."""

OPTIONS = [
    ("pairs bin {table} --folder {empty}", 5, "bin takes no option --folder"),
    ("pairs table {table} --aligned", 5, "table takes no option --aligned"),
    ("pairs table {table} --pairs {table}", 5, "table takes no option --pairs"),
    ("pairs table {table} --copies x", 5, "table takes no option --copies"),
    ("pairs scface {scface} --distance 1 --enrolled dev", 5, "scface takes no option --enrolled"),
    ("pairs ijb {empty} --lists x", 5, "ijb takes no option --lists"),
    ("search tinyface {tiny} --distance 1", 5, "tinyface takes no option --distance"),
    ("search tinyface {tiny} --lists x", 5, "tinyface takes no option --lists"),
    ("search survface {surv} --faces {empty}", 5, "survface takes no option --faces"),
    ("search scface {scface}", 5, "scface needs --distance"),
    ("search ijbs {ijbs}", 5, "ijbs needs --faces"),
    ("search tinyface {tiny} --aligned x", 2, "unexpected extra argument"),  # the former form of --copies
]
"""What a benchmark's reader does not know, or needs."""

TREATMENTS = [
    ("pairs table {table} --protocol hr", 5, "unknown protocol 'hr'"),
    ("pairs table {table} --protocol hr-lr,hr-lr", 5, "names something twice"),
    ("pairs table {table} --size 8", 5, "native compares pictures as they are"),
    ("pairs table {table} --protocol native,lr-lr --size 8", 5, "native compares pictures as they are"),
    ("pairs table {table} --protocol lr-lr", 5, "lr-lr needs a size"),
    ("pairs table {table} --protocol lr-lr --size 4", 5, "size: 4 px is out of range"),
    ("pairs table {table} --protocol lr-lr --size 8,113", 5, "size: 113 px is out of range"),
    ("pairs table {table} --protocol lr-lr --size big", 5, "size: 'big' is not a whole number"),
    ("pairs table {table} --protocol lr-lr --size 8,8", 5, "names something twice"),
    ("pairs table {table} --small first", 5, "--small chooses a side of hr-lr"),
    ("pairs table {table} --protocol hr-lr --small left", 5, "a pair has no side 'left'"),
    ("pairs table {table} --fit cut", 5, "fit: there is no way 'cut'"),
    ("pairs table {table} --family fog", 5, "unknown degradation family 'fog'"),
    ("pairs table {table} --fuse max", 5, "fuse: there is no way 'max'"),
    ("search tinyface {tiny} --size 7", 5, "size: 7 px is out of range"),
    ("search tinyface {tiny} --gallery-size 4", 5, "size: 4 px is out of range"),
    ("search tinyface {tiny} --fit crop", 5, "fit: there is no way 'crop'"),
    ("search tinyface {tiny} --family fog", 5, "unknown degradation family 'fog'"),
    ("search tinyface {tiny} --fuse max", 5, "fuse: there is no way 'max'"),
]
"""How pictures are to be treated."""

FIGURES = [
    ("pairs table {table} --fars 0", 5, "fars: 0 is out of range"),
    ("pairs table {table} --fars 2", 5, "fars: 2 is out of range"),
    ("pairs table {table} --fars few", 5, "fars: 'few' is no list of numbers"),
    ("pairs table {table} --fars 1e-1,0.1", 5, "fars: '1e-1,0.1' names a number twice"),
    ("search tinyface {tiny} --ranks 1,1", 5, "ranks: '1,1' is empty or names something twice"),
    ("search survface {surv} --fpirs 0.1,1e-1", 5, "fpirs: '0.1,1e-1' names a number twice"),
    ("search tinyface {tiny} --ranks 1,b", 5, "ranks: '1,b' is no list of numbers"),
    ("search tinyface {tiny} --ranks 0", 5, "rank: 0 is out of range"),
    ("search survface {surv} --rank 0", 5, "rank: 0 is out of range"),
    ("search survface {surv} --fpirs 0", 5, "fpirs: 0 is out of range"),
    ("search tinyface {tiny} --rank 2", 5, "--rank and --fpirs are for probes of strangers"),
    ("search tinyface {tiny} --fpirs 0.1", 5, "--rank and --fpirs are for probes of strangers"),
]
"""What is to be reported."""

MODELS = [
    ("pairs table {table} --model nobody", 3, "no model 'nobody'"),
    ("pairs table {table} --model ,", 5, "model: ',' is empty"),
    ("pairs table {table} --model {one},{folder}/x/pixels.onnx", 5, "two of pixels.onnx, pixels.onnx have"),
    ("pairs table {table} --model {one},{other} --state x", 5, "--state belongs to one model"),
    ("search tinyface {tiny} --model {one},{other} --state x", 5, "--state belongs to one model"),
    ("pairs table {table} --model {one} --state x", 3, "x"),
    ("pairs table {table} --runtime abacus", 5, "unknown runtime 'abacus'"),
    (
        "pairs table {table} --baseline nobody",
        5,
        "the baseline nobody is none of the models (use one of pixels.onnx",
    ),
    ("search tinyface {tiny} --baseline {other}", 5, "the baseline flat.onnx is none of the models"),
    ("pairs table {table} --protocol hr-lr --teacher same,same", 5, "teacher: 2 for 1 models"),
    ("search tinyface {tiny} --gallery-model same,same", 5, "gallery-model: 2 for 1 models"),
    ("pairs table {table} --protocol hr-lr --size 8 --teacher {other}", 7, "pixels.onnx writes into space"),
    ("search tinyface {tiny} --gallery-model {other}", 7, "flat.onnx of the other side into"),
    ("search tinyface {tiny} --gallery-model teacher", 7, "(--teacher, --gallery-model), or same"),
]
"""Who is measured, against whom, and with whom."""

OUTPUTS = [
    ("pairs table {table} --out x.txt", 3, "a result is a .json file"),
    ("search tinyface {tiny} --out x.txt", 3, "a result is a .json file"),
    ("pairs table {table} --out {file}/below/x.json", 10, "a_file"),
    ("pairs table {table} --embeddings {file}", 10, "a_file is a file"),
    ("search tinyface {tiny} --embeddings {file}/below", 10, "a_file"),
    pytest.param(
        "pairs table {table} --report {file}", 10, "a_file is a file", marks=pytest.mark.needs("report")
    ),
    pytest.param(
        "search tinyface {tiny} --report {file}/below", 10, "a_file", marks=pytest.mark.needs("report")
    ),
]
"""Places that cannot be written."""


@pytest.mark.parametrize(
    ("words", "code", "match"), [*BENCHMARKS, *OPTIONS, *TREATMENTS, *FIGURES, *MODELS, *OUTPUTS]
)
def test_what_is_wrong_is_one_line(
    words: str, code: int, match: str, places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    given = [word.format(**places) for word in words.split()]
    if "--model" not in given:
        given += ["--model", places["one"]]
    if given[0] == "search" and "--gallery-model" not in given:
        given += ["--gallery-model", "same"]
    assert match in refused(capsys, code, "evaluate", *given, "--json")

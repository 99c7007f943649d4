"""No verb writes over what it did not make: every output of every verb, found in the program itself."""

from __future__ import annotations

import inspect
import os
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import pytest
from typer import Option

from all_verbs import ALL
from fewpix.cli import main
from fewpix.cli.kinds import DRAWING, EMBEDDINGS, EXPORT, LINES, MODEL, RESULT, Kind
from fewpix.cli.targets import (
    READS,
    Writes,
    check_free,
    check_targets,
    guarded,
    parameters_of,
    roles_of,
)
from fewpix.cli.verbs import command
from fewpix.errors import ConfigError, FewpixError, InputError
from fewpix.image.codec import encode_image, read_image
from fewpix.image.mark import is_marked, marked

FOREIGN = b"what nobody wants to lose\n"

OUTPUTS = {
    "quickstart --out",
    "distil --out",
    "train-aligner --out",
    "adapt --out",
    "reference --out",
    *(
        f"evaluate {verb} {option}"
        for verb in ("lfw", "pairs", "search", "uccs")
        for option in ("--out", "--report")
    ),
    *(f"evaluate {verb} --embeddings" for verb in ("pairs", "search")),
    *(f"evaluate uccs-scores {option}" for option in ("SCORES", "--embeddings", "--out", "--report")),
    "compare --out",
    "compare --report",
    "report --out",
    "crop --out",
    "embed --out",
    "export --out",
    *(f"identify {option}" for option in ("--draw", "--out", "--sheet", "--adapt", "--report")),
    "calibrate --out",
    "gallery export FILE",
}
"""Everything that a verb writes, as it is named on the command line; the gallery has a check of its own."""


WRITTEN = [
    (words, name, role)
    for words, function in ALL.items()
    for name, role in roles_of(function).items()
    if isinstance(role, Writes)
]


EVERY_OUTPUT = pytest.mark.parametrize(
    ("words", "name", "role"), WRITTEN, ids=[f"{words} {name}" for words, name, _ in WRITTEN]
)


@cache
def parser_of(words: str) -> Any:
    """The parser of a verb, or of a verb in a group."""
    verb, *rest = words.split()
    parser = command(verb)
    for word in rest:
        parser = parser.commands[word]
    return parser


def shown(words: str, name: str) -> str:
    """An output as the command line has it."""
    (found,) = [item for item in parser_of(words).params if item.name == name]
    return str(found.opts[-1] if found.param_type_name == "option" else name.upper())


def test_every_path_of_every_verb_says_whether_it_is_read_or_written() -> None:
    for words, function in ALL.items():
        for name, role in roles_of(function).items():  # an unmarked path is a TypeError
            assert role == READS or isinstance(role, Writes), (words, name)
        for name in {"out", "output", "target", "draw", "sheet", "report"} & set(
            inspect.signature(function).parameters
        ):
            assert isinstance(roles_of(function)[name], Writes), f"{words}: {name} is no path"


def test_what_is_written_is_written_down() -> None:
    assert {f"{words} {shown(words, name)}" for words, name, _ in WRITTEN} == OUTPUTS


def test_a_verb_that_does_not_say_what_it_does_with_a_path_cannot_be_called() -> None:
    def verb(out: Annotated[Path | None, Option()] = None) -> None:
        raise AssertionError

    with pytest.raises(TypeError, match="mark 'out'"):
        guarded(verb)


def test_every_verb_that_writes_has_replace() -> None:
    for words, _, role in WRITTEN:
        assert not role.replaceable or any("--replace" in item.opts for item in parser_of(words).params), (
            words
        )


def path_for(kind: Kind, folder: Path) -> Path:
    """A name of this kind, of which nothing is there."""
    return folder / (f"x{kind.endings[0]}" if kind.endings else "x.json" if kind is EXPORT else "x")


def foreign(kind: Kind, path: Path) -> list[Path]:
    """Lay somebody's files where an output of this kind goes; which these are."""
    if kind.folder:
        files = [path / pattern.replace("*", "x") for pattern, _ in kind.files]
    else:
        files = [file for file, _ in kind.all_of(path)]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(FOREIGN)
    return files


def line(words: str, name: str, value: Path, any_file: Path) -> list[str]:
    """A command line with this output, and some file for all else that must be there."""
    given: list[str] = []
    for item in parser_of(words).params:
        if item.name == name or item.required:
            new = item.name != name and isinstance(roles_of(ALL[words]).get(item.name), Writes)
            content = str(value if item.name == name else any_file.parent / "new.csv" if new else any_file)
            given += [content] if item.param_type_name == "argument" else [item.opts[0], content]
    return [*words.split(), *given]


@EVERY_OUTPUT
def test_no_verb_writes_over_what_it_did_not_make(
    words: str,
    name: str,
    role: Writes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    any_file = tmp_path / "some.csv"
    any_file.write_bytes(FOREIGN)
    path = path_for(role.kind, tmp_path / "out")
    for n, file in enumerate(foreign(role.kind, path)):
        for other in foreign(role.kind, path):
            if other != file:
                other.unlink()  # each of them alone is enough
        if n == 0:
            assert main(line(words, name, path, any_file)) == InputError.exit_code
            assert f"{file} exists" in capsys.readouterr().err
        with pytest.raises(InputError, match=re.escape(f"{file} exists")):
            check_targets(ALL[words], {name: path}, replace=False)
        check_targets(ALL[words], {name: path}, replace=True) if role.replaceable else None
        assert file.read_bytes() == FOREIGN
        assert any_file.read_bytes() == FOREIGN


@EVERY_OUTPUT
def test_no_output_is_an_input(
    words: str, name: str, role: Writes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every verb: each output on each input, by the same name, another name, a link and a hard link."""
    monkeypatch.chdir(tmp_path)
    function, kind = ALL[words], role.kind
    path = path_for(kind, tmp_path / "out")
    for file in foreign(kind, path):
        names = [
            file,
            file.parent / ".." / file.parent.name / file.name,
            tmp_path / "link",
            tmp_path / "hard",
        ]
        names[2].symlink_to(file)
        os.link(file, names[3])
        for other, parameter in parameters_of(function).items():
            read = roles_of(function).get(other) == READS
            if other == name or not (read or "str" in str(parameter.annotation).partition(",")[0]):
                continue
            for given in names:
                value: object = given if read else str(given)
                value = [value] if "list[" in str(parameter.annotation) else value
                with pytest.raises(ConfigError, match="which this command reads"):
                    check_targets(function, {other: value, name: path}, replace=True)
        for link in names[2:]:
            link.unlink()


@EVERY_OUTPUT
def test_names_end_as_such_files_do(
    words: str, name: str, role: Writes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not role.kind.endings:
        return
    for path in (tmp_path / "x.zip", tmp_path / f"folder{role.kind.endings[0]}"):
        if path.suffix != ".zip":
            path.mkdir()
        assert main(line(words, name, path, tmp_path / "some.csv")) == role.kind.refusal.exit_code
        assert str(path) in capsys.readouterr().err
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_empty_files_and_files_of_its_own_are_written_over(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.touch()
    check_free(path, EMBEDDINGS)
    np.savez(path, names=np.array(["a"]), embeddings=np.zeros((1, 2), np.float32), failed=np.array([], "U1"))
    check_free(path, EMBEDDINGS)
    np.savez(path, names=np.array(["a"]))
    with pytest.raises(InputError, match="is not a file of embeddings"):
        check_free(path, EMBEDDINGS)
    check_free(path, EMBEDDINGS, replace=True)
    lines = tmp_path / "x.jsonl"
    lines.write_text('{"path": "a.png", "faces": []}\n')
    check_free(lines, LINES)
    lines.write_text('{"step": 1}\n')
    with pytest.raises(InputError, match="is not a file of lines"):
        check_free(lines, LINES)
    result = tmp_path / "x.json"
    for schema in ("evaluation-2", "uccs-scores-1", "pairs-1", "lfw-table-1"):  # former ones, too
        result.write_text(f'{{"schema": "{schema}"}}')
        check_free(result, RESULT)
    result.write_text('{"schema": "calibration-1"}')
    with pytest.raises(InputError, match="is not a result"):
        check_free(result, RESULT)
    (tmp_path / "x.run.json").write_text("{}")
    result.unlink()
    with pytest.raises(InputError, match=r"x\.run\.json exists and is not part of a result"):
        check_free(result, RESULT)


def test_files_beside_an_input_belong_to_it(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = tmp_path / "m.onnx"
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["b", 4])
    weights = numpy_helper.from_array(np.ones((3, 4), np.float32), "W")
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "W"], ["y"])], "g", [x], [y], [weights])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
        model,
        save_as_external_data=True,
        location="w.npz",
        size_threshold=1,
    )
    before = (tmp_path / "w.npz").read_bytes()
    function = ALL["embed"]
    given = {"folder": tmp_path / "none", "model": str(model), "out": tmp_path / "w.npz"}
    with pytest.raises(ConfigError, match=r"w\.npz, which this command reads"):
        check_targets(function, given, replace=True)
    assert (tmp_path / "w.npz").read_bytes() == before
    student = tmp_path / "s.safetensors"
    student.write_bytes(FOREIGN)
    for beside in ("s.reference.safetensors", "s.safetensors"):
        with pytest.raises(ConfigError, match="which this command reads"):
            check_targets(
                ALL["adapt"],
                {"footage": "none", "model": str(student), "out": tmp_path / beside},
                replace=True,
            )


def test_shipped_weights_are_inputs_by_their_names(tmp_path: Path) -> None:
    from fewpix.models.shipped import WEIGHTS

    for name in ("fewpix-s", f"teacher,{WEIGHTS / 'fewpix-s.safetensors'}"):
        with pytest.raises(ConfigError, match="which this command reads"):
            check_targets(
                ALL["adapt"],
                {"footage": "none", "model": name, "out": WEIGHTS / "fewpix-s.safetensors"},
                replace=True,
            )


def test_the_gallery_is_an_input_whether_it_is_named_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "people.json"
    place.write_bytes(FOREIGN)
    monkeypatch.setenv("FEWPIX_GALLERY", str(place))
    for given in ({}, {"gallery": str(place)}, {"gallery": None}):
        with pytest.raises(ConfigError, match="which this command reads"):
            check_targets(ALL["gallery export"], {"file": place, **given}, replace=True)


def test_below_a_folder_that_is_read_nothing_of_others_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "cam"
    (folder / "deep").mkdir(parents=True)
    picture = folder / "deep" / "a.npz"  # content decides whether it is a picture, not its ending
    picture.write_bytes(encode_image(np.zeros((9, 9, 3), np.uint8)))
    function = ALL["embed"]
    with pytest.raises(ConfigError, match="in the folder"):
        check_targets(function, {"folder": folder, "out": picture}, replace=True)
    check_targets(function, {"folder": folder, "out": folder / "new.npz"}, replace=False)
    for out in (folder, folder / "drawn", folder / "deep" / "x.png"):
        with pytest.raises(ConfigError, match="lies in the folder"):
            check_targets(ALL["identify"], {"source": str(folder), "draw": out}, replace=True)
    for report in ("report", "evaluate lfw"):
        name = "out" if report == "report" else "report"
        place = "pictures" if report == "report" else "folder"
        with pytest.raises(ConfigError, match="lies in the folder"):
            check_targets(ALL[report], {place: folder, name: folder / "report"}, replace=True)


def test_two_outputs_are_two_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--draw and --sheet both name"):
        check_targets(
            ALL["identify"],
            {"source": "x.mp4", "draw": tmp_path / "x.mp4", "sheet": tmp_path / "y" / ".." / "x.mp4"},
            replace=True,
        )


def test_no_device_is_replaced(tmp_path: Path) -> None:
    if not Path("/dev/null").exists():
        pytest.skip("there is no such device here")
    (tmp_path / "x.onnx").symlink_to("/dev/null")
    with pytest.raises(InputError, match="is not an ordinary file"):
        check_free(tmp_path / "x.onnx", MODEL, replace=True)


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".bmp", ".tif", ".ppm"])
def test_a_mark_tells_drawn_pictures_from_photographs(ending: str, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    data = encode_image(image, ending)
    plain, drawn = tmp_path / f"plain{ending}", tmp_path / f"drawn{ending}"
    plain.write_bytes(data)
    drawn.write_bytes(marked(data))
    assert (is_marked(plain), is_marked(drawn), is_marked(tmp_path / "none")) == (False, True, False)
    np.testing.assert_array_equal(read_image(plain), read_image(drawn))
    decoded = cv2.imdecode(np.frombuffer(drawn.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(decoded, read_image(plain))
    check_free(drawn, DRAWING)
    with pytest.raises(InputError, match="is not an annotated picture"):
        check_free(plain, DRAWING)


def test_every_refusal_is_one_of_two_classes() -> None:
    for _, _, role in WRITTEN:
        assert issubclass(role.kind.refusal, FewpixError)

"""Results on disk: the same inputs give the same bytes, and nothing of the machine leaks into them."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path

import pytest

from fewpix.errors import InputError
from fewpix.evaluate.result.file import Run, canonical, model_label, read_result, write_result

PAYLOAD = {"b": 2, "a": {"accuracy": 0.123456789, "ci": (0.1, 0.2)}, "none": None, "flip": False}


def test_equal_payloads_give_equal_bytes() -> None:
    text = canonical(PAYLOAD)
    assert text == canonical(dict(reversed(PAYLOAD.items())))
    assert json.loads(text) == {
        "a": {"accuracy": 0.123457, "ci": [0.1, 0.2]},
        "b": 2,
        "none": None,
        "flip": False,
    }
    assert text.index('"a"') < text.index('"b"')
    assert text.endswith("}\n")
    assert canonical({"x": -1e-12}) == '{\n  "x": 0.0\n}\n'


@pytest.mark.parametrize(
    ("payload", "match"),
    [
        ({"a": {"b": float("nan")}}, "'a.b' is nan"),
        ({"a": [1.0, float("inf")]}, r"'a\[1\]' is inf"),
        ({"model": "/home/someone/student.onnx"}, "'model' is a path of this machine"),
        ({"model": "C:\\models\\student.onnx"}, "'model' is a path of this machine"),
        ({"a": object()}, "'a' holds a object"),
    ],
)
def test_what_may_not_stand_in_a_result_is_named(
    payload: dict[str, object], match: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=match):
        write_result(tmp_path / "x.json", payload, Run.since(time.monotonic()))
    assert list(tmp_path.iterdir()) == []


def test_a_result_and_its_run_lie_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "results" / "lfw.json"
    start = time.monotonic()
    write_result(path, PAYLOAD, Run.since(start))
    first = path.read_bytes()
    write_result(path, PAYLOAD, Run.since(start - 60))
    assert path.read_bytes() == first
    assert read_result(path)["b"] == 2
    run = read_result(path.with_name("lfw.run.json"))
    assert set(run) == {"commit", "dirty", "date", "machine", "versions", "duration_s"}
    assert 60 <= run["duration_s"] < 120
    assert {"python", "fewpix", "numpy", "onnxruntime"} <= set(run["versions"])
    assert sorted(item.name for item in path.parent.iterdir()) == ["lfw.json", "lfw.run.json"]


def test_a_run_names_no_host_user_or_path() -> None:
    text = canonical(Run.since(time.monotonic()).to_json())
    assert socket.gethostname() not in text
    assert str(Path.home()) not in text
    assert os.getcwd() not in text  # noqa: PTH109 - as a text


def test_only_json_files_are_results(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a \.json file, not .*lfw\.txt"):
        write_result(tmp_path / "lfw.txt", {}, Run.since(0))
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(InputError, match=r"a \.json file, not .*folder\.json"):
        write_result(tmp_path / "folder.json", {}, Run.since(0))
    with pytest.raises(InputError, match="no result"):
        read_result(tmp_path / "lfw.json")
    (tmp_path / "lfw.json").write_text("{")
    with pytest.raises(InputError, match="not JSON"):
        read_result(tmp_path / "lfw.json")
    (tmp_path / "lfw.json").write_text("[]")
    with pytest.raises(InputError, match="not a JSON object"):
        read_result(tmp_path / "lfw.json")


@pytest.mark.parametrize(
    ("model", "label"),
    [
        ("fewpix-s", "fewpix-s"),
        ("/data/models/student.onnx", "student.onnx"),
        ("runs/7/best.safetensors", "best.safetensors"),
        ("C:\\models\\student.onnx", "student.onnx"),
    ],
)
def test_a_model_is_named_without_its_folders(model: str, label: str) -> None:
    assert model_label(model) == label

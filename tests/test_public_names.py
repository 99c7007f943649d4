"""The public surface, written down: a name that goes missing here breaks somebody's program."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import fewpix
import fewpix.errors
from public_names import MODULES, PACKAGES

ERRORS = {
    "FewpixError": (1, 500),
    "InputError": (3, 422),
    "ImageError": (3, 422),
    "NoFaceError": (4, 422),
    "ConfigError": (5, 422),
    "WeightsError": (6, 500),
    "SpaceError": (7, 409),
    "GuardError": (8, 409),
    "UnavailableError": (9, 503),
    "StorageError": (10, 507),
}
"""Every error with its exit code and its HTTP status: scripts test for them."""


def load(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == "torch":
            pytest.skip(f"{name} needs torch")
        raise


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_a_package_exports_what_is_written_down(package: str) -> None:
    module = load(package)
    assert sorted(module.__all__) == sorted(PACKAGES[package])
    found = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not inspect.ismodule(value) and name != "annotations"
    }
    hidden = {name for name in found - set(module.__all__) if _is_own(module, name)}
    assert not hidden, f"public in {package}, but not in __all__"


def _is_own(module: ModuleType, name: str) -> bool:
    """Whether a name of a package is fewpix's, and not of the standard library or of typing."""
    return str(getattr(getattr(module, name), "__module__", "")).startswith("fewpix") and module.__name__ != (
        "fewpix.cli"  # its functions are the program's, not a library's
    )


def test_every_package_that_exports_is_written_down() -> None:
    packages = [item.name for item in pkgutil.iter_modules(fewpix.__path__, "fewpix.") if item.ispkg]
    exporting = {name for name in packages if hasattr(load(name), "__all__")}
    assert exporting == set(PACKAGES) - {"fewpix"}


@pytest.mark.parametrize("module", sorted(PACKAGES | MODULES))
def test_public_names_exist_and_are_explained(module: str) -> None:
    found = load(module)
    for name in (PACKAGES | MODULES)[module]:
        value = getattr(found, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, f"{module}.{name} has no docstring"


NO_PATHS: list[Any] = [None, 3, b"a.png", ["a.png"], "a\0b"]
"""What is neither text nor a path; bytes could be one, but what fewpix says of a file is text."""

TAKES_PATHS = {"Path", "PathLike", "str | Path", "Sequence[PathLike]"}
"""Annotations of parameters that name files."""


def functions_of_paths() -> Iterator[tuple[str, Callable[..., Any], list[str]]]:
    """Every public function with the parameters that name files."""
    for module, names in (PACKAGES | MODULES).items():
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name == "torch":
                continue
            raise
        for name in names:
            function = getattr(found, name)
            if inspect.isfunction(function):
                parameters = inspect.signature(function).parameters.items()
                paths = [key for key, value in parameters if value.annotation in TAKES_PATHS]
                if paths:
                    yield f"{module}.{name}", function, paths


def test_what_takes_a_path_takes_text() -> None:
    for name, function, paths in functions_of_paths():
        for key in paths:
            assert inspect.signature(function).parameters[key].annotation != "Path", f"{name}: {key}"


@pytest.mark.parametrize("value", NO_PATHS, ids=repr)
def test_what_is_no_path_is_refused(value: Any) -> None:
    def enter(result: Any) -> None:
        with result:  # a context manager does nothing before it is entered
            pass

    for name, function, paths in functions_of_paths():
        if value == ["a.png"] and name.endswith("load_faces"):
            continue  # that is what it takes
        arguments = {
            key: value if key in paths else SimpleNamespace()
            for key, parameter in inspect.signature(function).parameters.items()
            if parameter.default is parameter.empty or key in paths
        }
        with pytest.raises(fewpix.errors.FewpixError):
            enter(function(**arguments))


def test_every_module_says_what_it_is_for() -> None:
    for item in pkgutil.walk_packages(fewpix.__path__, "fewpix."):
        assert (load(item.name).__doc__ or "").strip(), item.name


def test_errors_keep_their_codes() -> None:
    found = {
        name: (value.exit_code, value.http_status)
        for name, value in vars(fewpix.errors).items()
        if inspect.isclass(value) and issubclass(value, fewpix.errors.FewpixError)
    }
    assert found == ERRORS


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert fewpix.__version__ == version("fewpix")

"""Results on disk: `X.json` with what the inputs determine, and beside it `X.run.json` with how it was made.

A result that two models can be compared by has its single scores in `X.scores.npz` (see `scores`).

The first is byte-identical whenever the same command runs on the same data and weights, so that a changed
figure shows in a diff. All that varies between two runs (time, machine, commit, versions) is in the second.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from fewpix import __version__
from fewpix.errors import InputError
from fewpix.evaluate.result.scores import write_scores
from fewpix.files import PathLike, path_of, write_text
from fewpix.foreign import json_file

if TYPE_CHECKING:
    from fewpix.embed.protocol import Encoder

DECIMALS = 6
"""Digits after the point of every number."""

PACKAGES = ("numpy", "opencv-python-headless", "onnxruntime", "openvino", "torch")


@dataclass(frozen=True)
class Run:
    """How a result was made. No host name, user name or path is in it.

    Args:
        commit: of the source checkout; None when fewpix does not run from one.
        dirty: whether the package had changes that are not in the commit.
        date: when the run ended, UTC, ISO 8601.
        machine: system, processor and number of cores.
        versions: of Python, fewpix and the packages that compute.
        duration_s: wall-clock seconds.
    """

    commit: str | None
    dirty: bool | None
    date: str
    machine: Mapping[str, str | int]
    versions: Mapping[str, str]
    duration_s: float

    @classmethod
    def since(cls, start: float) -> Run:
        """Describe the run that began at `start` (`time.monotonic()`) and ends now."""
        commit, dirty = _checkout()
        versions = {"python": platform.python_version(), "fewpix": __version__}
        for package in PACKAGES:
            try:
                versions[package] = version(package)
            except PackageNotFoundError:
                continue
        return cls(
            commit=commit,
            dirty=dirty,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            machine={
                "system": platform.system(),
                "architecture": platform.machine(),
                "processor": _processor(),
                "cores": os.cpu_count() or 0,
            },
            versions=versions,
            duration_s=round(time.monotonic() - start, 1),
        )

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)


def canonical(payload: Mapping[str, Any]) -> str:
    """JSON text with sorted keys and rounded numbers: equal payloads give equal bytes.

    Raises:
        InputError: a number is not finite, a text is a path of this machine, or a value is not JSON; the key
            is named.
    """
    return (
        json.dumps(_plain(payload, ""), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    )


def write_result(path: PathLike, payload: Mapping[str, Any], run: Run, scores: bytes | None = None) -> None:
    """Write `path` (`results/X.json`), `results/X.run.json` and `results/X.scores.npz`, each atomically.

    Args:
        path: of the result.
        payload: the result.
        run: how it was made.
        scores: the content of the file of scores, whose hash is in `payload`; None for a result without.

    Raises:
        InputError: see `canonical`; nothing is written.
        StorageError: they cannot be written.
    """
    path = path_of(path)
    check_target(path)
    result, description = canonical(payload), canonical(run.to_json())
    if scores is not None:
        write_scores(path, scores)
    write_text(path, result)
    write_text(path.with_suffix(".run.json"), description)


def check_target(path: Path) -> None:
    """Refuse what `write_result` could not write to, before a measurement takes its minutes.

    Raises:
        InputError: not a `.json` file, or a folder.
    """
    if path.suffix != ".json" or path.is_dir():
        raise InputError(f"a result is a .json file, not {path}", fix="name one, such as results/lfw.json")


def read_result(path: PathLike) -> dict[str, Any]:
    """Read what `write_result` wrote.

    Raises:
        InputError: missing, or not a JSON object.
    """
    path = path_of(path)
    try:
        data = json_file(path)
    except OSError as error:
        raise InputError(f"there is no result {path}", fix="run the command that measures it") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}", fix="measure it again") from error
    if not isinstance(data, dict):
        raise InputError(f"{path} is not a JSON object", fix="measure it again")
    return data


def model_label(model: str) -> str:
    """A model as results name it: a name as it is, a path without its folders."""
    return PureWindowsPath(PurePosixPath(model).name).name or model


def model_facts(encoder: Encoder) -> dict[str, Any]:
    """What results say of a model: which weights, where it ran, under which NormState, its input's side."""
    return {
        "sha256": encoder.card.sha256,
        "runtime": encoder.runtime,
        "state_id": encoder.state_id,
        "side": encoder.card.preprocess.side,
    }


def _plain(value: object, key: str) -> object:
    """JSON values only, numbers rounded."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v, f"{key}.{k}".lstrip(".")) for k, v in value.items()}
    if isinstance(value, str):
        if PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute():
            raise InputError(f"result: '{key}' is a path of this machine", fix="record a name instead")
        return value
    if isinstance(value, Sequence):
        return [_plain(v, f"{key}[{n}]") for n, v in enumerate(value)]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        rounded = round(value, DECIMALS)
        if rounded - rounded != 0:
            raise InputError(f"result: '{key}' is {value}, not a finite number")
        return rounded + 0.0  # -0.0 becomes 0.0
    raise InputError(f"result: '{key}' holds a {type(value).__name__}, which is not JSON")


def _checkout() -> tuple[str | None, bool | None]:
    """Commit and cleanness of the checkout that this very package lies in."""
    package = Path(__file__).resolve().parent.parent

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", *words], cwd=package, capture_output=True, text=True, timeout=20, check=False
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    # installed into another project's tree, the commit found would be that project's
    if git("ls-files", "--error-unmatch", "__init__.py") is None:
        return None, None
    commit, changes = git("rev-parse", "HEAD"), git("status", "--porcelain", "--", ".")
    return commit, None if changes is None else bool(changes)


def _processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()

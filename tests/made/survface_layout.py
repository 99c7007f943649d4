"""A small QMUL-SurvFace, laid out as it was given out. Ids in the lists are not the numbers in the names."""

from __future__ import annotations

from pathlib import Path

from matlab_layout import cells, write, write_lists
from orl_files import put

IDS = {10002: 7, 31: 1, 500: 2}
"""Number in the names → id in the lists."""
GALLERY = ["10002_cam1_1.jpg", "10002_cam2_4.jpg", "31_cam1_2.jpg", "500_cam3_1.jpg", "500_cam3_2.jpg"]
MATED = ["500_cam1_9.jpg", "31_cam2_1.jpg", "10002_cam1_7.jpg", "31_cam2_3.jpg"]
UNMATED = ["77_cam1_1.jpg", "77_cam1_2.jpg", "900_cam4_1.jpg", "distractors_1.jpg", "distractors_12.jpg"]

POSITIVE = [
    ("10002_cam1_1.jpg", "10002_cam2_4.jpg"),
    ("500_cam3_1.jpg", "500_cam3_2.jpg"),
    ("77_cam1_1.jpg", "77_cam1_2.jpg"),
]
NEGATIVE = [
    ("10002_cam1_1.jpg", "500_cam3_1.jpg"),
    ("31_cam1_2.jpg", "77_cam1_1.jpg"),
    ("900_cam4_1.jpg", "31_cam1_2.jpg"),
]


def person(name: str) -> int:
    """The number in a name, 0 for none."""
    first = name.partition("_")[0]
    return int(first) if first.isdecimal() else 0


def lists(folder: Path, gallery: list[str] = GALLERY, mated: list[str] = MATED) -> None:
    """The two lists of identification."""
    folder.mkdir(parents=True, exist_ok=True)
    for key, file, names in (("gallery", "gallery", gallery), ("mated_probe", "mated_probe", mated)):
        ids = [IDS[person(name)] for name in names]
        write_lists(folder / f"{file}_img_ID_pairs.mat", f"{key}_set", names, f"{key}_ids", ids)


def identification(folder: Path) -> Path:
    """The identification set."""
    at = folder / "Face_Identification_Test_Set"
    for inside, names in (("gallery", GALLERY), ("mated_probe", MATED), ("unmated_probe", UNMATED)):
        for n, name in enumerate(names):
            put(at / inside / name, person(name), n)
    lists(at)
    return folder


def pairs(path: Path, key: str, rows: list[tuple[str, str]]) -> None:
    """A list of pairs."""
    write(path, {key: cells(*zip(*rows, strict=True))})


def verification(folder: Path) -> Path:
    """The verification set."""
    at = folder / "Face_Verification_Test_Set"
    for n, name in enumerate(sorted({name for row in POSITIVE + NEGATIVE for name in row})):
        put(at / "verification_images" / name, person(name), n)
    pairs(at / "positive_pairs_names.mat", "positive_pairs_names", POSITIVE)
    pairs(at / "negative_pairs_names.mat", "negative_pairs_names", NEGATIVE)
    return folder

"""The benchmarks of long runs, of where galleries are kept, and of what both are reckoned up to."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.tables import capacity, service
from fewpix.errors import FewpixError
from fewpix.evaluate.result.file import read_result
from fewpix.gallery import Gallery
from fewpix.serve.database import ServiceDatabase
from gallery_stores import PROVENANCE, SPACE, unit

STORE = {
    "bytes_per_face": 6000.0,
    "bytes_in_memory_per_face": 664.0,
    "seconds_to_read_a_million": 60.0,
    "cpu_seconds_to_read_a_million": 30.0,
    "ms_per_enrolment": 12.0,
    "enrolments_per_second_in_one_transaction": 1500,
}
SERVER = {
    **STORE,
    "hnsw_bytes_per_face": 900.0,
    "ms_until_told": {"median": 20.4, "most": 50.0},
    "ms_until_seen": {"median": 20.6, "most": 50.0},
    "seconds_to_remove_people": 2.5,
    "seconds_to_drop_the_collection": 0.125,
    "hnsw_ms_per_query": 80.0,
    "hnsw_same_first_of_mates": 0.79,
    "hnsw_seconds_to_build_a_million": 1171.7,
}
STORES: dict[str, Any] = {
    "settings": {"people": 1000, "rows": 5000, "shrunk": 7, "dim": 128, "gone": 20},
    "figures": {"file": STORE, "server": SERVER},
}
SEARCH: dict[str, Any] = {
    "settings": {"dim": 128},
    "figures": [{"at_a_time": 1, "ms_per_query": 12.0}, {"at_a_time": 16, "ms_per_query": 3.0}],
}


def rows(table: str) -> dict[str, list[str]]:
    """First cell → the others."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {row[0]: row[1:] for row in cells if len(row) > 1}


def test_a_hundred_million_faces_are_products_of_what_was_measured() -> None:
    rates = {"teacher": 200.0, "fewpix-s": 500.0, "fewpix-l": 250.0}
    embed = {"figures": {"openvino": {name: {"faces_per_second": rate} for name, rate in rates.items()}}}
    found = rows(capacity.faces(STORES, SEARCH, embed))
    assert found["on the disk, files"] == ["6,000 bytes a face", "600.0 GB", "6.0 GB"]
    assert found["in memory, exact search"] == ["664 bytes a face", "66.4 GB", "664 MB"]
    assert found["a query over all, exact"] == ["12.0 ms a million", "1.2 s", "12.0 ms"]
    assert found["the same, 16 at a time"] == ["3.0 ms a million", "0.30 s", "3.0 ms"]
    assert found["reading, from PostgreSQL"] == ["30.0 s of CPU a million", "50 min", "30.0 s"]
    # 1 / 200 + 5 / 500 + 2 / 250 = 0.023 s
    assert found["embedding"] == ["23.0 ms a photo", "27 days", "6.4 h"]


def test_ten_thousand_cameras_are_products_of_what_was_measured() -> None:
    figures = [
        {"runtime": "openvino", "way": "attention", "people": 16, "ms": {"cpu_mean": 1.0}},
        {"runtime": "onnxruntime", "way": "attention", "people": 16, "ms": {"cpu_mean": 250.0}},
    ]
    found = rows(capacity.cameras({"figures": figures}, SEARCH))
    assert found["1 frame a second"] == ["250 ms a frame", "0.25", "2,500"]
    assert found["5 frames a second"] == ["250 ms a frame", "1.25", "12,500"]
    # a sixtieth of a query a second, 100 times 3 ms, of two cores
    key = "1 track a minute, each looked for in 100 million"
    assert found[key] == ["3.0 ms a million, two cores", "0.01", "100"]


def test_the_stores_stand_beside_one_another() -> None:
    found = rows(capacity.kept(STORES))
    assert found["bytes a face"] == ["6,000", "6,000"]
    assert found["the collection is dropped"] == ["–", "0.12 s"]
    assert found["mates whom it finds first, as exact search does"] == ["–", "79%"]


def test_a_soak_is_shown_with_what_was_refused() -> None:
    figures = {
        "resident_mb_by_tenth": [500.2, 510.7],
        "resident_mb_per_hour": {"value": 1.2, "ci95": [-3.0, 5.0]},
        "open_files": {"least": 15, "most": 20, "last": 19},
        "threads": {"least": 22, "most": 26, "last": 26},
        "answers": {"frame": 800, "frame: busy": 3, "enrolled": 20, "identified": 12, "deleted": 8},
        "frames_looked_at": 411,
        "events": 84,
        "compared": ["the gallery is sound"],
    }
    text = service.soak({"settings": {"minutes": 4.0, "cameras": 2, "fps": 2.0}, "figures": figures})
    found = rows(text)
    assert found["memory by tenths of the time, MB"] == ["500, 511"]
    assert found["growth in the second half, MB an hour"] == ["1 (-3 to 5)"]
    assert "Refused: frame: busy 3." in text


def test_growth_is_told_from_noise() -> None:
    soak = importlib.import_module("benchmarks.serve.soak")
    noise = np.random.default_rng(0).normal(0, 0.5, 600)
    flat = soak._flat(500 + noise, 1.0)["resident_mb_per_hour"]
    assert flat["ci95"][0] < 0 < flat["ci95"][1]
    rises = soak._flat(500 + noise + np.arange(600) / 36, 1.0)["resident_mb_per_hour"]
    assert rises["ci95"][0] < 100 < rises["ci95"][1]
    assert rises["ci95"][0] > 50


def test_a_soak_fails_where_the_files_are_not_what_was_told(tmp_path: Path) -> None:
    soak = importlib.import_module("benchmarks.serve.soak")
    ServiceDatabase(tmp_path).close()
    (tmp_path / "collections").mkdir()
    with Gallery.open(tmp_path / "collections" / "staff.db", SPACE) as gallery:
        gallery.add("Ana", unit(0), **PROVENANCE)
    told = soak.Told()
    told.ended.add("7")
    with pytest.raises(
        FewpixError, match="told of every event; the gallery holds who was not deleted"
    ) as error:
        soak._written(tmp_path, told)
    assert "sound" not in str(error.value)


@pytest.mark.slow
@pytest.mark.needs("serve", "samples", "weights")
def test_a_short_soak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soak = importlib.import_module("benchmarks.serve.soak")
    out = tmp_path / "soak.json"
    words = ["x", "--minutes", "0.3", "--cameras", "1", "--model", "fewpix-xs", "--out", str(out)]
    monkeypatch.setattr("sys.argv", words)
    assert soak.main() == 0
    figures = read_result(out)["figures"]
    assert figures["open_files"]["most"] < 100
    assert figures["answers"]["enrolled"] >= soak.STAYS
    assert len(figures["compared"]) == 7


@pytest.mark.slow
@pytest.mark.needs("postgres")
def test_a_few_people_in_both_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = importlib.import_module("benchmarks.gallery.stores")
    out = tmp_path / "stores.json"
    for name, count in {"SINGLE": 20, "CHANGES": 4, "GONE": 2, "QUERIES": 6}.items():
        monkeypatch.setattr(stores, name, count)
    monkeypatch.setattr(
        "sys.argv", ["x", "--people", "60", "--dim", "16", "--shrunk", "1", "--out", str(out)]
    )
    assert stores.main() == 0
    figures = read_result(out)["figures"]
    assert figures["server"]["ms_until_told"]["most"] < 1000
    assert figures["file"]["bytes_in_memory_per_face"] == 16 * 5 + 3 * 8

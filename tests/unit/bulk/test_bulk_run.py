"""Bulk work in this process: parts that are whole or absent, the same however often they are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fewpix.bulk.embedding import EmbedJob
from fewpix.bulk.parts import Parts
from fewpix.bulk.run import BulkResult, run_bulk
from fewpix.embed.open import open_encoder
from fewpix.errors import ConfigError, InputError, StorageError
from fewpix.image.codec import decode_image
from pixels_model import write_pixels_model
from shards_made import picture, write_shards

pytestmark = pytest.mark.needs("parquet")


@pytest.fixture
def job(tmp_path: Path) -> EmbedJob:
    (tmp_path / "models").mkdir()
    return EmbedJob(str(write_pixels_model(tmp_path / "models")), threads=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eleven crops, one of which is none, and one of which is cut off."""
    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(11):
        (folder / f"{n:02d}.png").write_bytes(picture(n))
    (folder / "03.png").write_bytes(b"P5 4 2 255\n" + bytes(8))
    (folder / "07.png").write_bytes(picture(7)[:40])
    return folder


def rows(out: Path) -> list[dict[str, Any]]:
    from pyarrow import parquet

    return [
        row for part in sorted(out.glob("part-*.parquet")) for row in parquet.read_table(part).to_pylist()
    ]


def content(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


def test_every_picture_has_its_row_and_broken_ones_say_why(
    folder: Path, job: EmbedJob, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    done = run_bulk(folder, job, tmp_path / "out", part=4, advance=lambda *now: told.append(now))
    assert (done.pictures, done.parts, done.before) == (11, 3, 0)
    assert told == [(4, 11), (8, 11), (11, 11)]
    assert [name for name, _ in done.failed] == ["03.png", "07.png"]
    assert "4x2 px, not square" in done.failed[0][1]
    found = rows(tmp_path / "out")
    assert [row["picture"] for row in found] == [f"{n:02d}.png" for n in range(11)]
    good = [n for n in range(11) if n not in (3, 7)]
    crops = [decode_image(picture(n), "x") for n in good]
    np.testing.assert_array_equal(
        np.array([found[n]["embedding"] for n in good], dtype=np.float32),
        open_encoder(job.model, threads=1).embed(crops),
    )
    assert [found[n]["embedding"] for n in (3, 7)] == [None, None]
    assert [bool(row["error"]) for row in found] == [n in (3, 7) for n in range(11)]
    error = done.error()
    assert error is not None
    assert "2 of 11 pictures were refused, the first, 03.png" in str(error)
    assert "left out 07.png: " in str(done)
    assert done.to_json()["failed"] == ["03.png", "07.png"]


def test_shards_give_what_their_pictures_give_in_a_folder(job: EmbedJob, tmp_path: Path) -> None:
    write_shards(tmp_path / "tars", (5, 2))
    for n in range(7):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{n}.png").write_bytes(picture(n))
    for source, out in (("tars", "a"), ("in", "b")):
        run_bulk(tmp_path / source, job, tmp_path / out, part=3)
    first, second = (rows(tmp_path / name) for name in ("a", "b"))
    assert [row["embedding"] for row in first] == [row["embedding"] for row in second]
    assert first[6]["picture"] == "faces-000001.tar/in/000006.jpg"


def test_a_run_goes_on_where_parts_are_missing_torn_or_foreign(
    folder: Path, job: EmbedJob, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run_bulk(folder, job, out, part=4)
    before = content(out)
    first, second, third = (out / f"part-{n:06d}.parquet" for n in range(3))
    stamp = first.stat().st_mtime_ns
    second.write_bytes(second.read_bytes()[:-9])
    third.write_bytes(first.read_bytes())
    done = run_bulk(folder, job, out, part=4)
    assert done.before == 1
    assert [name for name, _ in done.failed] == ["03.png", "07.png"], "of the parts before, too"
    assert content(out) == before, "the same bytes, and nothing else lies there"
    assert first.stat().st_mtime_ns == stamp


def test_a_run_that_ends_in_the_middle_leaves_whole_parts(
    folder: Path, job: EmbedJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, write = tmp_path / "out", Parts.write

    def full(parts: Parts, number: int, table: Any) -> None:
        if number == room:
            raise StorageError("cannot write it: no space left")
        write(parts, number, table)

    with monkeypatch.context() as patch:
        patch.setattr(Parts, "write", full)
        room = 0
        with pytest.raises(StorageError):
            run_bulk(folder, job, out, part=5)
        assert sorted(content(out)) == ["_made.json"]
        room = 1  # where no part is there yet, none was made in another way
        with pytest.raises(StorageError):
            run_bulk(folder, job, out, part=4)
    assert sorted(content(out)) == ["_made.json", "part-000000.parquet"]
    assert run_bulk(folder, job, out, part=4).before == 1
    run_bulk(folder, job, tmp_path / "whole", part=4)
    assert content(out) == content(tmp_path / "whole")


def test_another_way_is_refused_or_begun_anew(folder: Path, job: EmbedJob, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_bulk(folder, job, out, part=4)
    with pytest.raises(ConfigError, match="made in another way: part was 4, now 5"):
        run_bulk(folder, job, out, part=5)
    (folder / "new.png").write_bytes(picture(99))
    with pytest.raises(ConfigError, match="pictures was 11, now 12"):
        run_bulk(folder, job, out, part=4)
    done = run_bulk(folder, job, out, part=5, replace=True)
    assert (done.parts, done.before, len(rows(out))) == (3, 0, 12)
    (out / "_made.json").write_text("{")
    with pytest.raises(InputError, match=r"_made\.json is damaged"):
        run_bulk(folder, job, out, part=5)
    (out / "_made.json").unlink()
    with pytest.raises(InputError, match=r"_made\.json is missing"):
        run_bulk(folder, job, out, part=5)
    with pytest.raises(ConfigError, match="at least 1 picture"):
        run_bulk(folder, job, out, part=0)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="is a file"):
        run_bulk(folder, job, tmp_path / "file", part=5)


def test_a_dry_run_does_nothing(folder: Path, job: EmbedJob, tmp_path: Path) -> None:
    planned = run_bulk(folder, job, tmp_path / "out", part=4, dry_run=True)
    assert not (tmp_path / "out").exists()
    assert (planned.pictures, planned.parts, planned.before) == (11, 3, 0)
    assert "11 pictures in 3 parts would be written, 0 of them are whole; nothing was done" in str(planned)
    run_bulk(folder, job, tmp_path / "out", part=4)
    (tmp_path / "out" / "part-000001.parquet").unlink()
    planned = run_bulk(folder, job, tmp_path / "out", part=4, dry_run=True)
    assert (planned.before, planned.planned) == (2, True)
    assert not (tmp_path / "out" / "part-000001.parquet").exists()


def test_what_was_made_is_written_down(folder: Path, job: EmbedJob, tmp_path: Path) -> None:
    done: BulkResult = run_bulk(folder, job, tmp_path / "out", part=4)
    manifest = json.loads((tmp_path / "out" / "_made.json").read_text())
    assert manifest == done.made
    assert manifest["model_sha256"] == open_encoder(job.model).card.sha256
    assert (manifest["verb"], manifest["part"], manifest["pictures"], manifest["dim"]) == (
        "embed",
        4,
        11,
        192,
    )

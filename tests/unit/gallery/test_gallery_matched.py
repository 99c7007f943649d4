"""Photos kept at small sizes: mixing, searching exactly, and all that happens to a photo happens to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fewpix.check.gallery import check_gallery
from fewpix.embed.fusion import by_quality, fuse
from fewpix.errors import ConfigError, InputError, WeightsError
from fewpix.gallery import Gallery
from fewpix.gallery.census import census
from fewpix.gallery.edit import merge, remove, remove_faces, rename
from fewpix.gallery.exchange import export_gallery, import_document, read_document
from fewpix.gallery.matched import Match, Matching, mixed, shipped_matching
from fewpix.gallery.rows import Shrunk
from gallery_stores import PROVENANCE, SPACE, new_database, unit
from project import ROOT

STUDENT = "5" * 64
AT_12 = Match(STUDENT, 12, 0.3)


def small(seed: int, pixels: int = 12, student: str = STUDENT) -> Shrunk:
    return Shrunk(pixels, unit(seed), student)


def fill(gallery: Gallery) -> None:
    """Ana with two photos, Bo and Cy with one; Cy was enrolled without small rows."""
    gallery.add("Ana", unit(0), **PROVENANCE, quality=0.9, shrunk=[small(10), small(20, 8)])
    gallery.add("Ana", unit(1), **PROVENANCE, quality=0.3, shrunk=[small(11), small(21, 8)])
    gallery.add("Bo", unit(2), **PROVENANCE, shrunk=[small(12), small(22, 8), small(32, 12, "6" * 64)])
    gallery.add("Cy", unit(3), **PROVENANCE)


def rows(gallery: Gallery) -> list[tuple[int, int, str, bytes]]:
    return [(face, row.pixels, row.encoder_sha256, row.embedding.tobytes()) for face, row in gallery.shrunk()]


def unit_length(row: np.ndarray) -> np.ndarray:
    return row / np.linalg.norm(row)


def test_a_score_is_that_of_the_mix_and_those_without_a_row_stay(location: str):
    with Gallery.open(location, SPACE) as gallery:
        fill(gallery)
        probe = unit(50)
        expected = {
            "Ana": max(
                unit_length(0.7 * unit(n).astype(float) + 0.3 * unit(10 + n)) @ probe for n in range(2)
            ),
            "Bo": unit_length(0.7 * unit(2).astype(float) + 0.3 * unit(12)) @ probe,
            "Cy": unit(3).astype(float) @ probe,
        }
        for exact in (False, True):
            (found,) = gallery.search(probe[None], 3, exact=exact, match=AT_12)
            assert {c.name: c.score for c in found} == pytest.approx(expected, abs=1e-6)
        plain = {c.name: c.score for c in gallery.search(probe[None], 3)[0]}
        assert plain["Bo"] == pytest.approx(unit(2) @ probe, abs=1e-6)  # as if there were no small rows
        assert plain["Cy"] == pytest.approx(expected["Cy"], abs=1e-6)
        only = {c.name: c.score for c in gallery.search(probe[None], 3, match=Match("7" * 64, 12, 0.5))[0]}
        assert only == plain  # rows of another student


def test_a_template_is_the_mean_of_the_mixed_photos(location: str):
    with Gallery.open(location, SPACE) as gallery:
        fill(gallery)
        photos = np.stack([unit_length(0.7 * unit(n).astype(float) + 0.3 * unit(10 + n)) for n in range(2)])
        weights = np.array([by_quality(0.9), by_quality(0.3)])
        template = fuse(photos.astype(np.float32), np.array([0]), weights).embeddings[0]
        found = gallery.search(unit(50)[None], 3, templates=True, match=AT_12)[0]
        scores = {c.name: c.score for c in found}
        assert scores["Ana"] == pytest.approx(float(template @ unit(50)), abs=1e-6)


def test_rows_of_one_size_are_read_once_and_again_after_a_change(tmp_path: Path, monkeypatch):
    with Gallery.open(tmp_path / "g.db", SPACE) as gallery:
        fill(gallery)
        asked: list[tuple[str, tuple[object, ...]]] = []
        select = gallery.database.select

        def watched(statement: str, *values: object):
            if "matched" in statement:
                asked.append((statement, values))
            return select(statement, *values)

        monkeypatch.setattr(gallery.database, "select", watched)
        for _ in range(3):
            gallery.search(unit(50)[None], 1, match=AT_12)
        assert len(asked) == 2  # how many, and the rows
        assert {values for _, values in asked} == {(STUDENT, 12)}
        gallery.search(unit(50)[None], 1)
        assert len(asked) == 2
        gallery.add("Di", unit(60), **PROVENANCE, shrunk=[small(50)])
        assert gallery.search(unit(50)[None], 1, match=Match(STUDENT, 12, 1.0))[0][0].name == "Di"


def test_few_sizes_of_a_large_gallery_are_held_at_once(tmp_path: Path, monkeypatch):
    from fewpix.gallery import store

    with Gallery.open(tmp_path / "g.db", SPACE) as gallery:
        fill(gallery)
        monkeypatch.setattr(store, "_MIXED_BYTES", 2 * 4 * 8 * 4)  # two sizes of four rows
        sizes = [AT_12, Match(STUDENT, 8, 0.3), Match("6" * 64, 12, 0.3)]
        for match in (*sizes, AT_12):
            alone = Gallery.open(tmp_path / "g.db", SPACE, write=False)
            assert gallery.search(unit(5)[None], 3, match=match) == alone.search(
                unit(5)[None], 3, match=match
            )
            alone.close()
            assert len(gallery._mixed) <= 2


def test_a_large_gallery_is_searched_exactly_through_eight_bits(tmp_path: Path):
    """The rows that stand for photos are of unit length, so that all bounds hold as for sharp rows."""
    from fewpix.gallery.memory import InMemory
    from fewpix.gallery.search import ExactIndex

    rng = np.random.default_rng(0)
    with Gallery.open(tmp_path / "g.db", SPACE) as gallery:
        with gallery.database.transaction():
            for n in range(300):
                row, shrunk = (unit_length(rng.standard_normal(8)).astype(np.float32) for _ in range(2))
                gallery.write(f"p{n:03d}", row, **PROVENANCE, shrunk=[Shrunk(12, shrunk, STUDENT)])
        held = InMemory.read(gallery.database, 8).mixed(gallery.database, AT_12)
        assert np.abs(np.linalg.norm(held.embeddings, axis=1) - 1).max() < 1e-6
        queries = np.stack([unit(n) for n in range(20)])
        coarse = ExactIndex(held.embeddings, held.starts, held.names, coarse_from=1)
        assert coarse.search(queries, 5) == gallery.search(queries, 5, match=AT_12)


def test_a_row_is_kept_once_per_photo_student_and_size(location: str):
    with Gallery.open(location, SPACE) as gallery:
        fill(gallery)
        before = rows(gallery)
        assert len(before) == 7
        again = gallery.add("Ana", unit(0), **PROVENANCE, shrunk=[small(99), small(40, 16)])
        assert not again.new
        assert rows(gallery) == [*before[:2], (1, 16, STUDENT, unit(40).tobytes()), *before[2:]]
        assert gallery.shrunk_sizes() == (
            (STUDENT, 8, 3),
            (STUDENT, 12, 3),
            ("6" * 64, 12, 1),
            (STUDENT, 16, 1),
        )
        for wrong, error in ((Shrunk(0, unit(0), STUDENT), ConfigError), (small(0), InputError)):
            if error is InputError:
                wrong = Shrunk(14, 2 * unit(0), STUDENT)
            with pytest.raises(error):
                gallery.add("Di", unit(70), **PROVENANCE, shrunk=[wrong])
        assert [person.name for person in gallery.people()] == ["Ana", "Bo", "Cy"]


def test_what_counts_photos_and_embeddings_counts_no_small_rows(location: str):
    with Gallery.open(location, SPACE) as gallery:
        fill(gallery)
        assert [(p.name, p.faces, p.rows) for p in gallery.people()] == [
            ("Ana", 2, 2),
            ("Bo", 1, 1),
            ("Cy", 1, 1),
        ]
        assert len(list(gallery.rows())) == 4
        found = check_gallery(gallery)
        assert (found.rows, found.faults, found.encoders) == (4, (), (("e" * 64, 4),))
        assert (STUDENT, 12, 3) in found.shrunk
        told = f"kept shrunk, too, by the encoder {STUDENT[:12]}: 3 photos at 8 px, 3 photos at 12 px"
        assert told in str(found)
        plain = census(gallery, "e" * 64, "", templates=True)
        assert (plain.people, plain.rows, plain.others, plain.unmatched) == (3, 4, frozenset(), frozenset())
        assert census(gallery, "e" * 64, "", templates=True, match=AT_12).unmatched == {"Cy"}
        assert census(gallery, "e" * 64, "", templates=False, match=Match("6" * 64, 12, 1)).unmatched == {
            "Ana",
            "Cy",
        }


def test_small_rows_go_and_move_with_their_photo(location: str):
    with Gallery.open(location, SPACE) as gallery:
        fill(gallery)
        rename(gallery, "Bo", "Bob")
        assert len(rows(gallery)) == 7
        remove_faces(gallery, "Ana", [1])
        assert [row[:2] for row in rows(gallery)] == [(2, 12), (2, 8), (3, 12), (3, 8), (3, 12)]
        merge(gallery, ["Bob"], "Ana")
        assert gallery.search(unit(12)[None], 1, match=Match(STUDENT, 12, 1.0))[0][0].name == "Ana"
        assert check_gallery(gallery).faults == ()
        remove(gallery, ["Ana"])
        assert rows(gallery) == []


def test_a_photo_that_is_merged_into_its_twin_leaves_its_small_rows_there(location: str):
    with Gallery.open(location, SPACE) as gallery:
        gallery.add("Ana", unit(0), **PROVENANCE, shrunk=[small(20, 8)])
        gallery.add("Bo", unit(0), **PROVENANCE, shrunk=[small(10), small(21, 8)])
        assert merge(gallery, ["Bo"], "Ana").same == 1
        assert rows(gallery) == [
            (1, 8, STUDENT, unit(20).tobytes()),
            (1, 12, STUDENT, unit(10).tobytes()),
        ]
        assert check_gallery(gallery).faults == ()


def test_a_small_row_that_was_changed_without_fewpix_is_found(location: str):
    with Gallery.open(location, SPACE) as gallery:
        fill(gallery)
        with gallery.database.transaction():
            gallery.database.execute("UPDATE matched SET pixels = 13 WHERE face = 3 AND pixels = 8")
        (fault,) = check_gallery(gallery).faults
        assert fault == "the row of 13 px of photo 3 of Bo is not as fewpix wrote it"


@pytest.mark.parametrize(
    "ending", [".npz", ".json", pytest.param(".parquet", marks=pytest.mark.needs("parquet"))]
)
def test_exported_and_imported_they_are_the_same_bit_for_bit(tmp_path: Path, ending: str):
    file = tmp_path / f"out{ending}"
    with Gallery.open(tmp_path / "a.db", SPACE) as gallery:
        fill(gallery)
        before, people = rows(gallery), gallery.people()
        created = [row.created for _, row in gallery.shrunk()]
        assert export_gallery(gallery, file).shrunk == 7
    document = read_document(file)
    with Gallery.open(tmp_path / "b.db", SPACE) as gallery:
        gallery.add("Ana", unit(0), **PROVENANCE)  # there already, without small rows: it gets them
        import_document(gallery, document, "out")
        assert rows(gallery) == before
        assert [row.created for _, row in gallery.shrunk()] == created
        assert [(p.name, p.faces, p.rows) for p in gallery.people()] == [
            (p.name, p.faces, p.rows) for p in people
        ]
        assert check_gallery(gallery).faults == ()


def test_a_file_that_lies_about_small_rows_is_refused(tmp_path: Path):
    import json

    file = tmp_path / "out.json"
    with Gallery.open(tmp_path / "a.db", SPACE) as gallery:
        fill(gallery)
        export_gallery(gallery, file)
    whole = json.loads(file.read_text())
    assert whole["version"] == 2
    for change, why in (
        ({"shrunk_px": -1}, "shrunk to -1 px"),
        ({"shrunk_px": 1.5}, "shrunk to 1.5 px"),
        ({"shrunk_px": 9}, "a row of 9 px says 12.0 px"),
        ({"face": 77}, "photo 77 has rows of small sizes only"),
    ):
        lie = json.loads(file.read_text())
        lie["rows"][4] |= change
        file.with_name("lie.json").write_text(json.dumps(lie))
        with pytest.raises(InputError, match=why):
            read_document(file.with_name("lie.json"))
    before = {**whole, "version": 1, "rows": [row for row in whole["rows"] if not row.pop("shrunk_px")]}
    file.write_text(json.dumps(before))  # as files of before are
    assert (len(read_document(file).rows), read_document(file).shrunk) == (4, ())


def test_the_nearest_size_by_ratio_counts_until_a_weight_of_0_ends_it():
    table = Matching(((8, 0.5), (12, 0.4), (16, 0.3), (24, 0.0)))
    assert table.kept == (8, 12, 16)
    sizes = {pixels: table.match(STUDENT, pixels) for pixels in (3, 9.7, 9.9, 16, 19.5)}
    assert [None if m is None else (m.pixels, m.weight) for m in sizes.values()] == [
        (8, 0.5),
        (8, 0.5),
        (12, 0.4),
        (16, 0.3),
        (16, 0.3),
    ]
    assert table.match(STUDENT, 19.7) is None
    assert Matching(()).match(STUDENT, 9) is None
    for wrong in (((12, 0.5), (8, 0.5)), ((8, 1.5),), ((0, 0.5),)):
        with pytest.raises(ConfigError):
            Matching(wrong)


def test_mixing_two_rows_that_cancel_out_leaves_the_sharp_one():
    sharp = np.stack([unit(0), unit(1)])
    assert mixed(sharp, np.stack([-unit(0), unit(2)]), 0.5)[0].tobytes() == pytest.approx(unit(0).tobytes())
    assert np.allclose(mixed(sharp, sharp[::-1], 0.0), sharp, atol=1e-7)
    assert mixed(sharp[:0], sharp[:0], 0.5).shape == (0, 8)


def test_a_damaged_table_is_named(tmp_path: Path):
    for text in ("{", '{"sizes": [{"pixels": 8}]}', '{"sizes": [{"pixels": 8, "weight": 7}]}'):
        (tmp_path / "t.json").write_text(text)
        shipped_matching.cache_clear()
        with pytest.raises(WeightsError, match="install fewpix again"):
            shipped_matching(tmp_path / "t.json")
    shipped_matching.cache_clear()
    assert shipped_matching().kept


@pytest.mark.slow
@pytest.mark.needs("postgres")
def test_a_gallery_on_a_server_from_before_is_read_and_brought_up_to_date(server: str):
    from fewpix.gallery.storage import postgres_schema

    address = new_database(server)
    with Gallery.open(address, SPACE) as gallery:
        gallery.add("Ana", unit(0), **PROVENANCE)
        gallery.database.execute("DROP TABLE matched")
        gallery.database.execute(
            "ALTER TABLE gallery DROP COLUMN edits, DROP COLUMN editor, DROP COLUMN streak"
        )
        gallery.database.execute("UPDATE gallery SET version = 2")
        gallery.database.execute("UPDATE embeddings SET pixels = 61")
    with Gallery.open(address, SPACE, write=False) as gallery:
        assert gallery.search(unit(0)[None], 1, match=AT_12)[0][0].name == "Ana"
        assert (list(gallery.shrunk()), gallery.shrunk_sizes()) == ([], ())
        assert check_gallery(gallery).faults == ("the embedding of photo 1 of Ana is not as fewpix wrote it",)
    with Gallery.open(address, SPACE) as gallery:
        assert list(gallery.database.select("SELECT version FROM gallery")) == [
            (postgres_schema.SCHEMA_VERSION,)
        ]
        gallery.add("Ana", unit(0), **PROVENANCE, shrunk=[small(10)])
        assert gallery.shrunk_sizes() == ((STUDENT, 12, 1),)
        assert len(check_gallery(gallery).faults) == 1  # nothing was sealed anew


@pytest.mark.slow
@pytest.mark.needs("postgres")
def test_an_index_of_the_database_is_passed_over_for_mixed_rows(server: str):
    with Gallery.open(new_database(server), SPACE) as gallery:
        fill(gallery)
        gallery.database.set_index(True)
        gallery.database.neighbours = None  # type: ignore[assignment, method-assign]
        assert len(gallery.search(unit(50)[None], 3, match=AT_12)[0]) == 3


def test_the_shipped_table_is_what_was_measured():
    import json

    result = json.loads((ROOT / "results" / "gallery" / "matched.json").read_text())
    measured = {row["size"]: row["weight"] for row in result["figures"]}
    table = dict(shipped_matching().sizes)
    assert table[max(table)] == 0.0  # it ends where a row is not worth it, or where nothing was measured
    assert {**table, **measured} == table
    assert len([weight for weight in table.values() if not weight]) == 1

"""The quickstart's table, plots and page, made from figures whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from fewpix.evaluate.result.file import canonical
from fewpix.gallery.search import Candidate
from fewpix.identify.pipeline import IdentifiedFace
from fewpix.identify.verdict import decide
from fewpix.quality.assess import Quality
from fewpix.quickstart import plots
from fewpix.quickstart.evaluating import cell
from fewpix.quickstart.faces import SampleFaces, Split
from fewpix.quickstart.identifying import Identified
from fewpix.quickstart.learning import Learnt, recipe
from fewpix.quickstart.outcome import Quickstart
from fewpix.quickstart.report import page
from fewpix.quickstart.results import CONTENDERS, Table
from fewpix.quickstart.scene import Placed, Verdict

pytestmark = pytest.mark.needs("report")

SIZES = (24, 12, 8)
PEOPLE, EACH = 8, 3


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="module")
def table() -> Table:
    """The teacher finds everybody at 24 px and nobody else does; at 8 px it is the other way round."""
    rng = np.random.default_rng(0)
    gallery = unit(rng.normal(size=(PEOPLE, 32)))
    people = np.repeat(np.arange(PEOPLE), EACH)
    cells = []
    for size in SIZES:
        for contender in CONTENDERS:
            good = (contender.key == "teacher") == (size == 24)
            probes = gallery[people] if good else np.roll(gallery, 1, axis=0)[people]
            noisy = unit(probes + 0.02 * rng.normal(size=probes.shape))
            cells.append(cell(contender.key, size, noisy, people, gallery, np.arange(PEOPLE)))
    return Table(tuple(cells), SIZES)


@pytest.fixture(scope="module")
def done(table: Table) -> Quickstart:
    rng = np.random.default_rng(1)
    count = PEOPLE * (EACH + 1) + 4
    crops = tuple(rng.integers(0, 256, (112, 112, 3), dtype=np.uint8) for _ in range(count))
    people = np.concatenate([np.repeat(np.arange(PEOPLE), EACH + 1), np.full(4, PEOPLE)])
    gallery = np.arange(0, PEOPLE * (EACH + 1), EACH + 1)
    rest = np.setdiff1d(np.arange(PEOPLE * (EACH + 1)), gallery)
    parts = Split(np.arange(PEOPLE * (EACH + 1), count), gallery, rest[:0], rest)
    faces = SampleFaces(
        crops,
        crops,
        people,
        tuple(f"s{n}/<1>" for n in people),
        np.full(count, 90.0),
        np.zeros((count, 5, 2)),
        (),
    )
    best = (Candidate("s1", 0.5),)
    found = IdentifiedFace((0, 0, 9, 9), 12.0, Quality(12.0, 0.5), best, decide(best, 0.3))
    scene = Identified(
        scene=crops[0],
        annotated=crops[0],
        verdicts=(Verdict(Placed("s1", "s1/1", 12, (4, 4), True), found),),
        false=1,
        threshold=0.4,
        basis=100,
        gallery=Path("gallery.db"),
    )
    learnt = Learnt(Path("w.safetensors"), recipe(0), 4, 5.0, 4.0, 24)
    return Quickstart(Path("report.html"), table, faces, parts, learnt, scene, 12.0)


def test_cells_know_who_was_found(table: Table) -> None:
    for contender in CONTENDERS:
        for size in SIZES:
            expected = 1.0 if (contender.key == "teacher") == (size == 24) else 0.0
            found = table.cell(contender.key, size)
            assert found.rank1[0] == found.tar[0] == expected
            assert found.scores.shape == found.same.shape == (PEOPLE * EACH, PEOPLE)
            assert (found.same.sum(axis=1) == 1).all()


def test_the_text_has_a_row_per_contender_and_a_column_per_size(table: Table) -> None:
    rank1, tar = str(table).split("\n\n")
    for block in (rank1, tar):
        lines = block.splitlines()
        assert len(lines) == 1 + len(CONTENDERS)
        assert [word for word in lines[0].split() if word.isdigit()][-3:] == ["24", "12", "8"]
        assert "100.0" in lines[1]
    assert max(map(len, rank1.splitlines())) <= 100


def test_plots_are_the_same_bytes_twice_and_take_the_pages_colours(table: Table) -> None:
    first, second = plots.accuracy(table), plots.distributions(table, SIZES)
    assert (first, second) == (plots.accuracy(table), plots.distributions(table, SIZES))
    for svg in (first, second):
        assert svg.startswith("<svg")
        assert "currentColor" in svg
        assert "#010203" not in svg
        assert "<text" in svg
    for contender in CONTENDERS:
        assert contender.title in first


class Reader(HTMLParser):
    """What a page holds, as a browser would see it."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href"):
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in ("meta", "img", "br"):
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(done: Quickstart) -> None:
    found = read(page(done))
    assert found.links
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in found.links)
    assert "script" not in found.tags
    assert len(set(found.ids)) == len(found.ids)
    assert found.tags.count("svg") == 2


def test_the_page_says_what_it_must(done: Quickstart) -> None:
    text = " ".join(" ".join(read(page(done)).text).split())
    for words in (
        "ORL is an easy set",
        "results/lfw/table.json",
        "unlabelled pictures of the people tested",
        "research",
        "named rightly",
        "1 more were found where nobody is",
        *(contender.title for contender in CONTENDERS),
    ):
        assert words in text
    assert "s0/<1>" in text  # names are escaped, and read as they are


def test_the_payload_is_a_result_without_paths(done: Quickstart) -> None:
    text = canonical(done.payload())
    assert '"figures"' in text
    assert done.to_json()["report"] == "report.html"
    assert str(replace(done, seconds=99.0)).endswith("report: report.html (99 s)")


def test_the_recipe_has_instance_and_relation_terms_and_starts_from_the_shipped_student() -> None:
    made = recipe(7, steps=3)
    assert (made.run.seed, made.run.steps) == (7, 3)
    assert made.model.init == "fewpix-s"
    assert {"infonce", "cosine"} & set(made.objective)
    assert {"row-kl", "crrcd"} & set(made.objective)
    assert recipe(0).run.seed == 0

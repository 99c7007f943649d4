"""Reports: nothing is fetched, every figure is in a table, faces are those that the encoders saw."""

from __future__ import annotations

import base64
import logging
import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import lfw_layout
import numpy as np
import pytest
import table_layout
from fewpix.evaluate.pair_benchmark import evaluate_pairs
from fewpix.evaluate.pair_result import PairResult, Treatment
from grey_encoder import Grey

from fewpix.errors import InputError, StorageError
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.pictures import by_name, in_folder, nowhere
from fewpix.evaluate.readers.registry import open_pairs
from fewpix.evaluate.report.blocks import Report, Section, Table, Text
from fewpix.evaluate.report.faces import Faces
from fewpix.evaluate.report.folder import check_report, made, write_report
from fewpix.evaluate.report.html import page
from fewpix.evaluate.report.markdown import document
from fewpix.evaluate.result.file import canonical
from fewpix.image.codec import decode_image

pytestmark = pytest.mark.needs("samples", "report")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lfw_layout.lay_out(tmp_path_factory.mktemp("lfw"))


@pytest.fixture(scope="module")
def result(folder: Path) -> PairResult:
    """Two models at two sizes on four pairs of a kind."""
    how = Treatment("hr-lr", "first", Degradation("noise", 3))
    models = {"grey": Grey(), "other <b>": Grey()}
    data = open_pairs("lfw", folder)
    return evaluate_pairs(data, models, Grey(), sizes=(8, 12), treatment=how, fars=(0.3, 0.01), replicates=40)


class Reader(HTMLParser):
    """Collects the tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "path", "use"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "use"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def written(folder: Path, result: PairResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    assert not write_report(out, result.to_json(), by_name(result.data.pictures)).gone
    return out


def test_the_page_is_whole_and_fetches_nothing(written: Path) -> None:
    found = Reader((written / "report.html").read_text(encoding="utf-8"))
    assert not found.open
    names = {tag for tag, _ in found.tags}
    assert not names & {"script", "link", "iframe", "object", "image"}
    for _, attributes in found.tags:
        for key in ("src", "href", "xlink:href"):
            assert re.match(r"data:image/(png|jpeg);base64,|#", attributes.get(key) or "#")
    assert "@import" not in "".join(found.text)
    assert not re.search(r"url\((?!#)", "".join(found.text))
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_everything_that_is_seen_is_said(written: Path) -> None:
    found = Reader((written / "report.html").read_text(encoding="utf-8"))
    assert all(attributes.get("alt") for tag, attributes in found.tags if tag == "img")
    drawn = [attributes for tag, attributes in found.tags if tag == "svg"]
    assert len(drawn) == 2 + 2 * 2 + 4 + 1  # by size, ROC and DET by size, scores, differences
    assert all(attributes.get("role") == "img" and attributes.get("aria-label") for attributes in drawn)
    assert sum(tag == "caption" for tag, _ in found.tags) == sum(tag == "table" for tag, _ in found.tags)


def test_figures_stand_in_tables_with_their_intervals(written: Path, result: PairResult) -> None:
    text = (written / "report.md").read_text(encoding="utf-8")
    for cell in result.to_json()["figures"]:
        for key in ("accuracy", "eer", "auc"):
            low, high = cell[f"{key}_ci95"]
            assert f"{100 * cell[key]:.2f} ({100 * low:.1f} to {100 * high:.1f})" in text
        for far, tar in zip(cell["curve"]["far"], cell["curve"]["tar"], strict=True):
            assert f"| {far:.3g} | {100 * tar:.2f} (" in text
    assert "TAR at FAR 1e-2 is not resolvable: 4 impostor pairs cannot show" in text
    for fact in (result.data_sha256, result.data.inventory.sha256, "0" * 64, "noise@8: "):
        assert fact in text
    assert "other \\<b\\>" in text
    assert "<b>" not in text.replace("</b>", "")
    assert "<td>" not in text


def test_markdown_shows_files_that_are_there_and_none_is_left_over(written: Path) -> None:
    text = (written / "report.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\]\((pictures/[^)]+)\)", text))
    assert shown == {f"pictures/{path.name}" for path in (written / "pictures").iterdir()}
    for name in shown:
        data = (written / name).read_bytes()
        assert data.startswith(b"<svg") or decode_image(data, name).shape == (112, 112, 3)


def test_a_face_is_what_the_encoder_saw_enlarged_by_its_nearest_pixels(
    folder: Path, result: PairResult
) -> None:
    report = made(result.to_json(), Faces(in_folder(folder)))
    (section,) = (one for one in report.sections if one.title == "Worst failures")
    block = section.blocks[1]
    worst = result.cells[0].worst.nonmated[0]
    pair = block.pairs[0]  # type: ignore[union-attr]
    assert pair.names == (worst.first, worst.second)
    face = decode_image((folder / worst.first).read_bytes(), "")
    small = Degradation("noise", 3).apply(face, worst.first, 8)
    seen = decode_image(pair.seen[0].data, "")
    assert np.array_equal(seen, np.repeat(np.repeat(small, 14, axis=0), 14, axis=1))
    other = decode_image((folder / worst.second).read_bytes(), "")  # 24 px, as it is
    nearest = cv2.resize(other, (112, 112), interpolation=cv2.INTER_NEAREST_EXACT)
    assert np.array_equal(decode_image(pair.seen[1].data, ""), nearest)
    assert pair.caption.startswith(f"{worst.score:.3f}, {'at or above' if worst.wrong else 'below'} ")
    assert pair.verdict == ("wrong" if worst.wrong else "right")


def test_a_result_and_its_file_give_the_same_bytes(written: Path, result: PairResult, tmp_path: Path) -> None:
    import json

    write_report(tmp_path, json.loads(canonical(result.to_json())), by_name(result.data.pictures))
    for path in written.rglob("*.*"):
        assert path.read_bytes() == (tmp_path / path.relative_to(written)).read_bytes(), path.name


def test_pictures_that_are_gone_are_counted(
    folder: Path, result: PairResult, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "fewpix"):
        found = write_report(tmp_path, result.to_json(), in_folder(tmp_path / "elsewhere"))
    assert len(found.gone) == len(found.wanted) == 6
    assert "6 of 6 pictures are not in the report; the first, " in caplog.text
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "6 of 6 pictures cannot be shown; the first, " in text
    page_text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'class="gone"' in page_text
    assert "<img" not in page_text
    damaged = write_report(tmp_path, result.to_json(), lambda name: b"\xff\xd8\xff")
    assert "is cut off" in next(iter(damaged.gone.values()))
    with pytest.raises(InputError, match="nothing was said of where the pictures are"):
        nowhere("x")
    for name in ("../face.png", "/etc/face.png", "a/../../b.png"):
        with pytest.raises(InputError, match="is no picture of a benchmark"):
            in_folder(folder)(name)


def test_an_earlier_reports_pictures_are_removed_and_nothing_else(result: PairResult, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for name in ("face-0123456789ab.png", "plot-roc-77.svg", "mine.png", "face-of-mine.png"):
        (tmp_path / "pictures" / name).touch()
    write_report(tmp_path, result.to_json(), by_name(result.data.pictures))
    left = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert {"mine.png", "face-of-mine.png"} <= left
    assert not {"face-0123456789ab.png", "plot-roc-77.svg"} & left


def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file is a file"):
        check_report(tmp_path / "file")
    with pytest.raises(StorageError, match="cannot write"):
        check_report(tmp_path / "file" / "below")
    check_report(tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


def test_pairs_in_one_fold_as_they_are(tmp_path: Path) -> None:
    text = table_layout.PAIRS.replace('"cams, west/7.png"', "ann/2.jpg").replace(",1\n", ",0\n")
    table = table_layout.lay_out(tmp_path, text)
    found = evaluate_pairs(open_pairs("table", table), {"grey": Grey()}, fars=(0.5,), replicates=20)
    write_report(tmp_path / "report", found.to_json(), in_folder(tmp_path))
    text = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert "There is no accuracy: " in text
    assert "equal error rate" in text.splitlines()[2]
    assert "Against pixels" not in text
    assert "Compared with" not in text


def test_text_means_nothing_to_either_format() -> None:
    rows = (("a|b", "<script>", "5 (4 to 6)"),)
    report = Report("t & u", "_lead_", (Section("s", (Text("x < y"), Table("c", ("", "h", "i"), rows))),))
    text = document(report)
    assert "| a\\|b | \\<script\\> | 5 (4 to 6) |" in text
    assert "\\_lead\\_" in text
    html = page(report)
    assert "<title>t &amp; u</title>" in html
    assert "<td>&lt;script&gt;</td><td>5<small>4 to 6</small></td>" in html
    assert "<script" not in html


def test_pictures_inside_the_page_are_the_files(written: Path) -> None:
    html = (written / "report.html").read_text(encoding="utf-8")
    inside = {base64.b64decode(data) for data in re.findall(r"base64,([^\"]+)", html)}
    faces = {path.read_bytes() for path in (written / "pictures").glob("face-*")}
    assert inside == faces

"""Reports: nothing is fetched, every figure is in a table, faces are those that the encoders saw."""

from __future__ import annotations

import base64
import logging
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import lfw_layout
import result_made
from fewpix.degrade.degradation import Degradation
from fewpix.errors import InputError, StorageError
from fewpix.evaluate.report.blocks import FacePairs, Report, Table
from fewpix.evaluate.report.faces import Faces, in_folder, nowhere
from fewpix.evaluate.report.folder import document, made, write_report
from fewpix.evaluate.report.html import page
from fewpix.evaluate.result.file import canonical
from fewpix.evaluate.result.model import Curve, Figure, Model, Result, UccsScores
from fewpix.evaluate.result.read import parsed
from fewpix.files import check_folder
from fewpix.foreign import json_of
from fewpix.image.codec import decode_image
from result_made import cell, figure, missing

pytestmark = pytest.mark.needs("samples", "report")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lfw_layout.lay_out(tmp_path_factory.mktemp("lfw"))


@pytest.fixture(scope="module")
def result() -> Result:
    """Two models at two sizes."""
    return result_made.pairs()


def payload(found: Result | UccsScores) -> dict[str, Any]:
    """As it is written."""
    return found.model_dump(mode="json", by_alias=True)


def text_of(found: Result | UccsScores) -> str:
    """The report of its file in Markdown, without pictures."""
    return document(made(parsed(json_of(canonical(payload(found)))), Faces(nowhere)))


def small(*figures: Figure) -> Result:
    """One model, whose worst pairs are all that is drawn."""
    return result_made.result("pairs", [cell("grey", None, [*figures], worst=result_made.failures())])


@pytest.fixture(scope="module")
def text(result: Result) -> str:
    return text_of(result)


def tables(text: str, caption: str) -> list[list[list[str]]]:
    """The cells of all tables of that caption, their heads first."""
    found = re.findall(rf"\*\*{re.escape(caption)}\*\*\n\n((?:\|.*\n?)+)", text)
    lines = [[line.strip("| ").split(" | ") for line in table.splitlines()] for table in found]
    return [[table[0], *table[2:]] for table in lines]


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
def written(folder: Path, result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    assert not write_report(out, payload(result), in_folder(folder)).gone
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
    assert len(drawn) == 3 + 2 * 2 + 4 + 1  # by size, ROC and DET by size, scores, differences
    assert all(attributes.get("role") == "img" and attributes.get("aria-label") for attributes in drawn)
    assert sum(tag == "caption" for tag, _ in found.tags) == sum(tag == "table" for tag, _ in found.tags)


def test_figures_stand_in_tables_with_their_intervals(written: Path, result: Result) -> None:
    text = (written / "report.md").read_text(encoding="utf-8")
    assert "| 0.5 | 100.00 (50.0 to 100.0) | 0.1000 |" in text
    assert "| 0 | 50.00 | 0.3000 |" in text  # of no interval, and on no logarithmic axis
    ((head, first, *_),) = tables(text, "Verification, with 95 % intervals")
    assert head == ["model", "size", "accuracy, %", "TAR at FAR 3e-1, %", "EER, %", "AUC, %"]
    span = "(25.0 to 93.8)"
    assert first == ["grey", "8 px", f"59.00 {span}", f"75.00 {span}", "12.50 (0.0 to 40.0)", f"75.00 {span}"]
    why = "4 impostor pairs cannot show a false accept rate below 0.25."
    assert text.count(why) == 1
    assert f"TAR at FAR 1e-2, TAR at FAR 1e-3 cannot be shown: {why}" in text
    for fact in (
        "1" * 64,
        "2" * 64,
        "3" * 64,
        "0" * 64,
        "5" * 64,
        "noise@8: all",
        "2,000 replicates, seed 0",
    ):
        assert fact in text
    assert text.index("noise@8: all") < text.index("noise@12: all")
    assert "other \\<b\\>" in text
    assert "<b>" not in text.replace("</b>", "")
    assert "<td>" not in text


def test_the_best_figure_is_said_first(text: str) -> None:
    lead = text.splitlines()[2]
    assert lead == (
        "Highest of all, grey, 12 px: accuracy 63.00 (25.0 to 93.8) %, "
        "on 1,234 pairs of one person and 4 of two."
    )
    lowest = [
        cell(name, None, [missing("accuracy", "", "one fold"), figure("eer", value=value)])
        for name, value in (("a", 0.25), ("b", 0.125))
    ]
    lead = text_of(result_made.result("pairs", lowest)).splitlines()[2]
    assert lead.startswith("Lowest of all, b: EER 12.50 (25.0 to 93.8) %, on ")
    lead = text_of(result_made.result("pairs", lowest[:1])).splitlines()[2]
    assert lead.startswith("a: EER 25.00 ")
    nothing = result_made.result("pairs", [cell("a", None, [missing("eer", "", "none")])])
    assert text_of(nothing).splitlines()[2].startswith("No figure can be shown, on 1,234 pairs")


def test_thirds_by_quality(text: str) -> None:
    ((head, *rows),) = tables(text, "Accuracy by the quality of a pair's worse picture")
    assert head == ["model", "third", "quality", "pairs", "of one person", "accuracy, %"]
    assert rows[:2] == [
        ["grey, 8 px", "worst", "0.1 to 0.25", "3", "1", "100.00 (25.0 to 93.8)"],
        ["grey, 8 px", "best", "0.25 to 0.9", "1,300", "650", "50.00"],
    ]
    assert len(rows) == 8


def test_differences_and_their_test(text: str) -> None:
    assert "## Compared with grey" in text
    assert "![Differences in accuracy with 95 % intervals](pictures/plot-differences.svg)" in text
    ((head, first, _),) = tables(text, "Differences in points")
    assert head == ["models", "size", "accuracy", "EER"]
    assert first == ["other \\<b\\> − grey", "8 px", *["-12.50 (-37.5 to +12.5)"] * 2]
    ((head, first, _),) = tables(text, "McNemar's exact test")
    assert first == ["other \\<b\\> − grey", "8 px", "accuracy", "1", "2", "below 0.001"]


def test_what_went_to_the_models(text: str) -> None:
    ((head, *rows),) = tables(text, "What went to the models")
    sizes = "pictures of 20 to 30, median 24, quarters 22 and 25"
    assert rows[0] == [
        "small faces",
        "grey, 8 px; other \\<b\\>, 8 px",
        "6",
        "6",
        "3",
        sizes,
        "2",
        "0",
        "0",
        "–",
    ]
    assert rows[1][head.index("smaller already, left so")] == "1"
    assert rows[2][:3] == ["other side", "teacher for grey; teacher for other \\<b\\>", "4"]
    ((_, *known),) = tables(text, "Models")
    assert known[2][:3] == ["teacher", "the other side of grey", "5" * 64]
    assert "| people | 3 | 4,000 |" in text
    assert "| pictures in the lists | 7, 1 of them missing; the first: Ann/gone.jpg |" in text
    assert "| made small | the first side of a pair, by noise, seed 3 |" in text
    assert "| folds | 2 |" in text
    assert "| compared | 4 pairs of two people, 1,234 pairs of one person |" in text


def test_markdown_shows_files_that_are_there_and_none_is_left_over(written: Path) -> None:
    text = (written / "report.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\]\((pictures/[^)]+)\)", text))
    assert shown == {f"pictures/{path.name}" for path in (written / "pictures").iterdir()}
    for name in shown:
        data = (written / name).read_bytes()
        assert data.startswith(b"<svg") or decode_image(data, name).shape == (112, 112, 3)


def test_a_face_is_what_the_encoder_saw_enlarged_by_its_nearest_pixels(folder: Path, result: Result) -> None:
    report = made(result, Faces(in_folder(folder)))
    (section,) = (blocks for title, blocks in report.sections if title == "Worst failures")
    blocks = [block for block in section if isinstance(block, FacePairs)]
    assert blocks[0].caption == "grey, 8 px: two people, the highest scores"
    assert blocks[1].caption == "grey, 8 px: one person, the lowest scores"
    pair, second = blocks[0].pairs
    assert pair.names == ("Ann/Ann_0001.jpg", "Bob_B/Bob_B_0012.jpg")
    face = decode_image((folder / pair.names[0]).read_bytes(), "")
    small = Degradation("noise", 3).apply(face, pair.names[0], 8)
    seen = decode_image(pair.seen[0].data, "")
    assert np.array_equal(seen, np.repeat(np.repeat(small, 14, axis=0), 14, axis=1))
    other = decode_image((folder / pair.names[1]).read_bytes(), "")  # 24 px, as it is
    nearest = cv2.resize(other, (112, 112), interpolation=cv2.INTER_NEAREST_EXACT)
    assert np.array_equal(decode_image(pair.seen[1].data, ""), nearest)
    assert (pair.caption, pair.verdict) == ("0.912, at or above 0.500: wrong", "wrong")
    assert (second.caption, second.verdict) == ("0.000, below 0.500: right", "right")  # no minus before zeros
    assert blocks[1].pairs[0].caption == "0.400, wrong"


@pytest.mark.parametrize(
    ("treatment", "part", "sides"),
    [
        ({"small": "second", "protocols": ["hr-lr"]}, {}, (24, 8)),
        ({"small": "both", "protocols": ["lr-lr"]}, {}, (8, 8)),
        ({"small": "first", "protocols": ["hr-lr", "lr-lr"]}, {"protocol": "lr-lr"}, (8, 8)),
        ({"small": "first", "protocols": ["hr-lr", "lr-lr"]}, {"protocol": "hr-lr"}, (8, 24)),
        ({"small": "probes", "other_size": 12}, {}, (8, 12)),
    ],
)
def test_each_side_is_seen_as_it_was(
    treatment: dict[str, Any], part: dict[str, str], sides: tuple[int, int], folder: Path
) -> None:
    one = cell("grey", 8, [figure("eer")], worst=result_made.failures(), part=part)
    task = "search" if treatment["small"] == "probes" else "pairs"
    report = made(result_made.result(task, [one], treatment=treatment), Faces(in_folder(folder)))
    (section,) = (blocks for title, blocks in report.sections if title == "Worst failures")
    (block, _) = (block for block in section if isinstance(block, FacePairs))
    for tile, side in zip(block.pairs[0].seen, sides, strict=True):
        assert tile.alt.endswith(f" as the encoder saw it, {side}×{side} pixels")


def test_a_result_and_its_file_give_the_same_bytes(
    folder: Path, written: Path, result: Result, tmp_path: Path
) -> None:
    write_report(tmp_path / "file", json_of(canonical(payload(result))), in_folder(folder))
    for path in written.rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "file" / path.relative_to(written)).read_bytes(), path.name
    exact = payload(small(figure("accuracy", value=1 / 3, ci95=(1 / 7, 2 / 3))))
    write_report(tmp_path / "exact", exact, nowhere)
    write_report(tmp_path / "rounded", json_of(canonical(exact)), nowhere)
    for name in ("report.html", "report.md"):
        assert (tmp_path / "exact" / name).read_bytes() == (tmp_path / "rounded" / name).read_bytes()


def test_pictures_that_are_gone_are_counted(
    folder: Path, result: Result, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "fewpix"):
        found = write_report(tmp_path, payload(result), in_folder(tmp_path / "elsewhere"))
    assert len(found.gone) == len(found.wanted) == 4
    assert "4 of 4 pictures are not in the report; the first, " in caplog.text
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "4 of 4 pictures cannot be shown; the first, " in text
    page_text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'class="gone"' in page_text
    assert "<img" not in page_text
    damaged = write_report(tmp_path, payload(small(figure("eer"))), lambda name: b"\xff\xd8\xff")
    assert "is cut off" in next(iter(damaged.gone.values()))
    with pytest.raises(InputError, match="nothing was said of where the pictures are"):
        nowhere("x")
    for name in ("../face.png", "/etc/face.png", "a/../../b.png"):
        with pytest.raises(InputError, match="is no picture of a benchmark"):
            in_folder(folder)(name)


def test_an_earlier_reports_pictures_are_removed_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for name in ("face-0123456789ab.png", "plot-roc-77.svg", "mine.png", "face-of-mine.png"):
        (tmp_path / "pictures" / name).touch()
    write_report(tmp_path, payload(small(figure("eer"))), in_folder(folder))
    left = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert {"mine.png", "face-of-mine.png"} <= left
    assert not {"face-0123456789ab.png", "plot-roc-77.svg"} & left


def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file is a file"):
        check_folder(tmp_path / "file", "the report")
    with pytest.raises(StorageError, match="cannot write"):
        check_folder(tmp_path / "file" / "below", "the report")
    check_folder(tmp_path / "new", "the report")
    assert not (tmp_path / "new").exists()


def test_pairs_in_one_fold_as_they_are() -> None:
    why = "the pairs are in one fold, and accuracy takes each fold's threshold from the others"
    one = cell("grey", None, [missing("accuracy", "", why), figure("eer", threshold=0.5), figure("auc")])
    text = text_of(result_made.result("pairs", [one]))
    assert text.startswith("# own: pairs, native\n")
    assert f"accuracy cannot be shown: {why}." in text
    assert "EER" in text.splitlines()[2]
    for section in ("Against pixels", "Compared with", "Worst failures", "CMC"):
        assert section not in text
    assert "| accuracy" not in text


def test_protocols_of_pairs_are_parts() -> None:
    cells = [
        cell(name, size, [figure("accuracy")], part={"protocol": part}, curve=result_made.curve())
        for part in ("hr-lr", "lr-lr")
        for size in (8, 12)
        for name in ("grey", "other")
    ]
    text = text_of(result_made.result("pairs", cells, treatment={"protocols": ["hr-lr", "lr-lr"]}))
    assert (
        "accuracy 75.00 (25.0 to 93.8) % (hr-lr), 75.00 (25.0 to 93.8) % (lr-lr), on " in text.splitlines()[2]
    )
    assert "hr-lr: one side of a pair is small" in text
    assert "lr-lr: both pictures of a pair are small" in text
    ((head, *rows),) = tables(text, "Verification, with 95 % intervals")
    assert (head, len(rows)) == (["model", "size", "protocol", "accuracy, %"], 8)
    assert "![accuracy against the size of the small faces, lr-lr, by model]" in text
    assert "![ROC, 8 px, hr-lr: true accept rate over false accept rate]" in text


def test_searches_in_galleries() -> None:
    text = text_of(result_made.searches())
    assert text.startswith("# own: search of templates\n")
    lead = text.splitlines()[2]
    assert lead == "grey, 8 px: TPIR at FPIR 1e-1 75.00 (25.0 to 93.8) % (G1), on 9 probes."
    assert "TPIR at FPIR 1e-1 cannot be shown in G2: 4 non-mated probes cannot show it." in text
    assert "rank-1 has no interval in joined: galleries as one." in text
    assert "That is no false positive identification rate" in text
    ((head, *_),) = tables(text, "Search")
    assert head == ["model", "size", "gallery", "rank-1, %", "found at 1e-1 wrong comparisons a probe, %"]
    ((_, first, second),) = tables(text, "Search, with 95 % intervals")
    assert [row[2] for row in (first, second)] == ["G1", "G2"]
    assert second[3] == "–"
    assert "| 50 | 100.00 (60.0 to 100.0) |" in text
    assert "![CMC, grey, 8 px: right person found by rank]" in text
    assert "![DET, grey, 8 px: FNIR over FPIR]" in text
    for fact in (
        "| searches, G2 | 4 mated, 5 non-mated, 3 rows searched in, 2 people in the gallery |",
        "| searches, joined | 9 mated, 4 people in the gallery |",
        "| compared | 2 in gallery G1, 3 in gallery G2, 9 probes |",
        "| gallery made small | 12 px |",
        "| right person in TPIR | up to rank 20 |",
        "| one row a person | the mean of their items |",
    ):
        assert fact in text
    ((_, probes, gallery),) = tables(text, "What went to the models")
    assert probes[1:4] == ["grey, 8 px", "6", "12"]
    assert probes[-2:] == ["1 whole items, 2 pictures", "a/1.jpg is cut off"]
    assert gallery[:2] == ["gallery", "teacher for grey"]
    assert gallery[5] == "–"


def test_detections() -> None:
    text = text_of(result_made.detections())
    assert text.splitlines()[2] == (
        "own.csv: found at 1e-1 false alarms a picture 50.00 (25.0 to 93.8) % (detection), "
        "60.00 (25.0 to 93.8) % (rank 1), 70.00 (25.0 to 93.8) % (rank 10), on 4 pictures."
    )
    ((head, first, *_),) = tables(text, "Share of the faces found, with 95 % intervals")
    assert head[:5] == ["score file", "faces", "wanted", "found at any threshold", "with false alarms"]
    assert first == ["own.csv", "detection", "1,500", "4", "2", "50.00 (25.0 to 93.8)"]
    assert "![Found over false alarms, own.csv: share found over false alarms a picture]" in text
    assert "| a box is a face | from an overlap (IoU) of 0.5 on |" in text
    for absent in ("DET", "mirrored", "made square", "What went to the models", "**Models"):
        assert absent not in text


def test_a_search_is_drawn_against_pixels_at_its_first_rank_too() -> None:
    figures = [figure("rank", "1"), figure("rank", "5"), figure("map"), missing("rank", "50", "too few")]
    cells = [cell("grey", size, figures, ranks=result_made.cmc()) for size in (8, 12, None)]
    text = text_of(result_made.result("search", cells))
    drawn = re.findall(r"!\[(.*) against the size of the probes, by model\]", text)
    assert drawn == ["mAP", "rank-1"]
    ((_, *rows),) = tables(text, "mAP by size")
    assert [row[1] for row in rows] == ["8 px", "12 px", "as they are"]
    assert "![CMC, grey: right person found by rank]" in text


def test_a_curve_that_no_logarithmic_axis_shows_is_a_table() -> None:
    curve = Curve(x=[0.0], y=[0.5], ci95=[None], threshold=[0.25])
    text = text_of(result_made.result("pairs", [cell("grey", None, [figure("eer")], curve=curve)]))
    assert "![ROC" not in text
    assert tables(text, "ROC, grey")[0][1] == ["0", "50.00", "0.2500"]


def test_a_comparison() -> None:
    text = text_of(result_made.comparison())
    assert text.startswith("# own: two results compared\n")
    assert text.splitlines()[2] == (
        "one − other, 8 px, G1: TPIR at FPIR 1e-1 -12.50 (-37.5 to +12.5) points."
    )
    assert "## Compared with the second result" in text
    ((head, first, second),) = tables(text, "Differences in points")
    assert head == ["models", "gallery", "size", "rank-1", "TPIR at FPIR 1e-1"]
    assert first[:3] == ["one − other", "G1", "8 px"]
    assert second[3:] == ["+50.00 (+25.0 to +75.0)", "–"]
    assert tables(text, "McNemar's exact test")[0][1][3:] == ["rank-1", "3", "4", "0.750"]
    for fact in ("first: sizes not compared | 20 px", "first: mirrored pictures added | yes", "4" * 64):
        assert fact in text
    assert "## Figures" not in text
    empty = result_made.comparison().model_copy(
        update={"differences": [result_made.difference("one", "other", None)]}
    )
    text = text_of(empty)
    assert text.splitlines()[2] == "No figure can be shown by both."
    assert "Compared with" not in text


def test_how_a_score_file_was_made() -> None:
    words = dict.fromkeys(("benchmark", "model", "gallery_model", "family", "interpolation"), "x")
    counts = dict.fromkeys(("pictures", "detections", "not_embedded", "people", "failed_people", "seed"), 3)
    made_of = UccsScores(
        schema_name="uccs-scores-1",
        unreadable=1,
        first_fault="it is cut off",
        models={"x": Model(sha256="0" * 64, runtime="numpy", state_id="", side=8)},
        size=None,
        gallery_size=8,
        shrink=0.5,
        flip=True,
        coverage=1.0,
        lists_sha256="1" * 64,
        **words,
        **counts,
    )
    text = text_of(made_of)
    for fact in ("1; the first: it is cut off", "0.5", "8 px", "0" * 64, "1" * 64, "3 in 3 pictures"):
        assert f" {fact} |" in text


def test_text_means_nothing_to_either_format() -> None:
    rows = (("a|b", "<script>", "5 (4 to 6)"),)
    report = Report("t & u", "_lead_", (("s", ("x < y", Table("c", ("", "h", "i"), rows))),))
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


def test_pictures_of_many_cells_are_those_of_the_first(folder: Path, tmp_path: Path) -> None:
    drawn = {"histogram": result_made.histogram(), "worst": result_made.failures()}
    cells = [cell(f"model {n:02d}", None, [figure("eer")], **drawn) for n in range(26)]
    write_report(tmp_path, payload(result_made.result("pairs", cells)), in_folder(folder))
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    said = (
        "Drawn are the first 24 of 26 cells, in the order of the figures above; the result's file holds all."
    )
    assert text.count(said) == 2  # of histograms and of faces
    assert len(list((tmp_path / "pictures").glob("plot-scores-*.svg"))) == 24
    assert "**Scores, model 23**" in text
    assert "**Scores, model 24**" not in text
    assert "model 23: one person, the lowest scores" in text
    assert "model 24: one person, the lowest scores" not in text
    assert "| model 25 |" in text  # its figures are there
    few = text_of(result_made.result("pairs", cells[:24]))
    assert "Drawn are" not in few
    assert "**Scores, model 23**" in few

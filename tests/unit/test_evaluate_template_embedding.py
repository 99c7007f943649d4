"""Templates made chunk by chunk equal those made of all pictures at once; failures are counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import ijb_layout
import numpy as np
import pytest
from fewpix.evaluate.native import Eye, Look
from fewpix.evaluate.template_embedding import embed_templates
from fewpix.evaluate.templates import FUSIONS, fuse, fusing
from grey_encoder import Grey

from fewpix.embed.router import Router
from fewpix.errors import ConfigError, InputError
from fewpix.evaluate import picture_embedding
from fewpix.evaluate.benchmark import TemplatePictures
from fewpix.evaluate.degraded import Degradation
from fewpix.evaluate.readers import ijb
from fewpix.image.align import align, pixels
from fewpix.image.resize import Crop

pytestmark = pytest.mark.needs("samples", "torch")


class Crops(Grey):
    """Keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.crops: list[np.ndarray] = []

    def embed(self, crops: Sequence[Crop]) -> np.ndarray:
        self.crops += crops
        return super().embed(crops)


@pytest.fixture
def layout(tmp_path: Path) -> ijb_layout.Layout:
    return ijb_layout.lay_out(tmp_path / "ijb")


def pictures(layout: ijb_layout.Layout) -> TemplatePictures:
    found = ijb.read(layout.folder)
    return TemplatePictures(
        layout.folder, found.pictures, found.templates, found.media, found.points, found.quality
    )


def eye(size: int | None = None, encoder: object = None) -> Eye:
    return Eye("m", encoder or Grey(), Look(size))  # type: ignore[arg-type]


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("name", FUSIONS)
def test_chunks_make_the_templates_of_all_pictures(
    layout: ijb_layout.Layout, name: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_embedding, "CHUNK", chunk)
    all_ = pictures(layout)
    fusion, side = fusing(name), Grey().card.preprocess.side
    rows = np.concatenate(
        [
            Grey().embed([align(layout.picture(file), points, side)])
            for (file, _, _), points in zip(layout.rows, all_.points, strict=True)
        ]
    )
    expected = fuse(
        rows,
        all_.templates,
        all_.media,
        how=fusion.how,
        quality=all_.quality if fusion.weighted else None,
    )
    wanted = np.array([207, 7, 101, 104, 7])
    made = embed_templates(all_, wanted, eye(), fusion)
    assert made.ids.tolist() == [7, 101, 104, 207]
    np.testing.assert_allclose(made.rows, expected.embeddings[expected.rows_of(made.ids)], rtol=0, atol=1e-6)
    assert (made.pictures, made.failed_pictures, made.failed, made.first_fault) == (10, 0, 0, "")
    assert made.places(np.array([101, 207])).tolist() == [1, 3]
    sizes = sorted(
        pixels(p) for p, t in zip(all_.points, all_.templates, strict=True) if t in (7, 101, 104, 207)
    )
    assert made.face_px == (
        pytest.approx(sizes[0], abs=0.06),
        pytest.approx(np.quantile(sizes, 0.25), abs=0.06),
        pytest.approx(np.quantile(sizes, 0.5), abs=0.06),
        pytest.approx(np.quantile(sizes, 0.75), abs=0.06),
        pytest.approx(sizes[-1], abs=0.06),
    )


def test_a_size_goes_through_112_px_and_a_smaller_face_stays(layout: ijb_layout.Layout) -> None:
    all_ = pictures(layout)
    seen = Crops()
    made = embed_templates(all_, np.array([8]), eye(12, seen), FUSIONS["mean"])
    row = all_.templates.tolist().index(8)
    file = layout.rows[row][0]
    sharp = align(layout.picture(file), all_.points[row], 112)
    np.testing.assert_array_equal(seen.crops[0], Degradation().apply(sharp, f"loose_crop/{file}", 12))
    assert made.kept == 0
    seen = Crops()
    made = embed_templates(all_, np.array([8]), eye(60, seen), FUSIONS["mean"])
    assert made.kept == 1
    side = Grey().card.preprocess.side
    np.testing.assert_array_equal(seen.crops[0], align(layout.picture(file), all_.points[row], side))


def test_a_router_chooses_by_the_pixels_of_the_face(layout: ijb_layout.Layout) -> None:
    """Not by the side of the crop, which is that of the chosen model's input."""
    low, high = Grey(), Grey()
    all_ = pictures(layout)
    ids = np.array([101, 102, 103, 104])
    embed_templates(all_, ids, eye(None, Router([(0, low), (33.5, high)])), FUSIONS["mean"])
    faces = [
        pixels(points) for points, t in zip(all_.points, all_.templates, strict=True) if t in ids.tolist()
    ]
    assert len(low.seen) == sum(side < 33.5 for side in faces) > 0
    assert len(high.seen) == sum(side >= 33.5 for side in faces) > 0


def test_failures_are_left_out_of_their_template_and_counted(layout: ijb_layout.Layout) -> None:
    all_ = pictures(layout)
    by_template = {t: [f for f, of, _ in layout.rows if of == t] for t in (101, 8)}
    (layout.folder / "loose_crop" / by_template[101][0]).write_bytes(b"")
    (layout.folder / "loose_crop" / by_template[8][0]).write_bytes(b"\xff\xd8\xff")  # its only picture
    points = all_.points.copy()
    row = all_.names.index(f"loose_crop/{by_template[101][1]}")
    points[row] = points[row][[1, 0, 2, 4, 3]]  # left and right the wrong way round
    broken = TemplatePictures(all_.folder, all_.names, all_.templates, all_.media, points, all_.quality)
    made = embed_templates(broken, np.array([8, 101, 102, 999]), eye(), FUSIONS["media"])
    assert made.ids.tolist() == [8, 101, 102, 999]
    assert made.enrolled.tolist() == [False, True, True, False]
    assert (made.failed, made.failed_pictures, made.pictures) == (2, 3, 7)
    assert by_template[8][0] in made.first_fault
    assert (made.rows[[0, 3]] == 0).all()
    last = all_.names.index(f"loose_crop/{by_template[101][2]}")
    alone = Grey().embed(
        [align(layout.picture(by_template[101][2]), all_.points[last], Grey().card.preprocess.side)]
    )
    np.testing.assert_allclose(made.rows[1], alone[0], atol=1e-6)
    with pytest.raises(InputError, match="none of 2 templates can be embedded; the first of their 1"):
        embed_templates(broken, np.array([8, 999]), eye(), FUSIONS["media"])


def test_what_is_not_there_cannot_weigh(layout: ijb_layout.Layout) -> None:
    with pytest.raises(ConfigError, match="fuse: there is no way 'max'"):
        fusing("max")
    all_ = pictures(layout)
    plain = TemplatePictures(all_.folder, all_.names, all_.templates, all_.media, all_.points)
    with pytest.raises(ConfigError, match="gives its pictures no quality"):
        embed_templates(plain, np.array([7]), eye(), FUSIONS["quality"])

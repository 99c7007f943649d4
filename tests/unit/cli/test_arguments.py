"""What a caller gives by mistake: every public function answers with an error of fewpix's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from fewpix.adapt.stats import load_state
from fewpix.calibration.measure import measure
from fewpix.data.faces import load_faces
from fewpix.data.folders import list_images
from fewpix.degrade import family
from fewpix.degrade.ops import side_of
from fewpix.detect import default_detector
from fewpix.embed.open import open_encoder
from fewpix.embed.protocol import in_batches
from fewpix.embed.router import Router
from fewpix.errors import ConfigError, FewpixError, ImageError, InputError
from fewpix.files import path_of
from fewpix.gallery import Gallery
from fewpix.identify import IdentifiedPicture, Identifier, Photo, draw, enrol_photo, enrol_photos
from fewpix.identify.verify import verify
from fewpix.image.align import TEMPLATE, align, pixels
from fewpix.image.array import square, squares
from fewpix.image.codec import decode_image, encode_image, read_image, write_image
from fewpix.image.preprocess import Preprocess
from fewpix.image.resize import resize_square
from fewpix.models.shipped import shipped
from fewpix.quality.assess import assess_crop, assess_face
from fewpix.quality.pose import pose
from fewpix.quality.resolution import effective_pixels
from fewpix.quality.sharpness import sharpness
from fewpix.video import is_video, source_of
from gallery_stores import PROVENANCE, SPACE, STORES, unit
from grey_encoder import Grey

NO_PICTURES: list[Any] = [
    None,
    cv2.imread("there is no such file.png"),  # None, too
    "a.png",
    Path("a.png"),
    b"",
    3,
    [[1, 2], [3, 4]],
    np.zeros((9, 9), np.uint8),
    np.zeros((9, 9, 3), np.float32),
    np.zeros((9, 9, 4), np.uint8),
    np.zeros((0, 9, 3), np.uint8),
]
PREPROCESS = Preprocess(16, "rgb", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
BOX = (0.0, 0.0, 9.0, 9.0)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    with Gallery.open(tmp_path_factory.mktemp("arguments") / "g.db", Grey().card.space) as store:
        yield store


def of_pictures(gallery: Gallery) -> dict[str, Callable[[Any], object]]:
    """Every public function that takes a picture or a crop."""
    encoder, detector = Grey(), default_detector()
    common: dict[str, Any] = {"detector": None, "encoder": encoder, "gallery": gallery}
    both: dict[str, Any] = {"encoder": encoder, "calibrated": None, "fmr": 0.1}
    good = np.zeros((16, 16, 3), np.uint8)
    return {
        "align": lambda image: align(image, TEMPLATE, 16),
        "encode_image": encode_image,
        "write_image": lambda image: write_image("never.png", image),
        "resize_square": lambda image: resize_square(image, 5),
        "Preprocess.apply": lambda image: PREPROCESS.apply([image]),
        "Preprocess.pixels": lambda image: PREPROCESS.pixels([image]),
        "in_batches": lambda image: in_batches([image], lambda x: x, batch=1, card=encoder.card),
        "Router.embed": lambda image: Router([(0, encoder)]).embed([image]),
        "Detector.detect": detector.detect,
        "Detector.search": detector.search,
        "Chain.apply": lambda image: family("area", 8).apply(image, np.random.default_rng(0)),
        "side_of": side_of,
        "assess_crop": assess_crop,
        "assess_face": lambda image: assess_face(image, BOX, TEMPLATE, pixels=9, score=1),
        "effective_pixels": effective_pixels,
        "sharpness": lambda image: sharpness(image, BOX),
        "draw": lambda image: draw(image, IdentifiedPicture("x", (), None)),
        "Identifier.identify, crops": Identifier(None, encoder, gallery).identify,
        "Identifier.identify": Identifier(detector, encoder, gallery).identify,
        "Identifier.identify_picture": lambda image: Identifier(None, encoder, gallery).identify_picture(
            image, "x"
        ),
        "enrol_photo": lambda image: enrol_photo(image, "a", "x", **common),
        "verify": lambda image: verify(("x", good), ("y", image), detector=None, **both),
        "verify, photos": lambda image: verify(("y", image), ("x", good), detector=detector, **both),
    }


def test_no_picture_is_said_to_be_none(gallery: Gallery) -> None:
    for name, function in of_pictures(gallery).items():
        for value in NO_PICTURES:
            with pytest.raises(InputError) as caught:
                function(value)
            if value is None:
                assert isinstance(caught.value, ImageError), name
                assert "cv2.imread gives it" in str(caught.value), name
                assert "read_image" in caught.value.fix, name
            elif not isinstance(value, np.ndarray):
                assert f"not {type(value).__name__}" in str(caught.value), name


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino", "torch"])
def test_every_runtime_refuses_what_is_no_crop(runtime: str) -> None:
    pytest.importorskip(runtime)
    encoder = open_encoder("fewpix-xs", runtime=runtime)
    for value in NO_PICTURES:
        with pytest.raises(InputError):
            encoder.embed([value])
    for crops in (None, "a.png", 3, np.zeros((9, 9, 3), np.uint8), {1: 2}):
        with pytest.raises(InputError):
            encoder.embed(crops)  # type: ignore[arg-type]
    assert encoder.embed(np.zeros((2, 9, 9, 3), np.uint8)).shape == (2, 128)  # type: ignore[arg-type]


def test_one_crop_in_place_of_many_is_said_to_be_one() -> None:
    with pytest.raises(InputError, match="put it into a list"):
        squares(np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(InputError, match="crop 1 must be square"):
        squares([np.zeros((9, 9, 3), np.uint8), np.zeros((9, 8, 3), np.uint8)])
    crop = np.zeros((9, 9, 3), np.uint8)
    assert square(crop) is crop


@pytest.mark.parametrize("points", [None, "x", [1, 2], [[0, 0]] * 4, [[np.nan, 0]] * 5, [[1, 2], [3]]])
def test_what_is_not_five_points_is_refused(points: Any) -> None:
    image = np.zeros((9, 9, 3), np.uint8)
    for function in (pixels, pose, lambda given: align(image, given, 8)):
        with pytest.raises(InputError, match="five finite points"):
            function(points)


def test_text_names_a_file(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    place = str(tmp_path / "a.png")
    write_image(place, image)
    np.testing.assert_array_equal(read_image(place), image)
    assert Photo(place, "anna").path == Path(place)  # type: ignore[arg-type]
    assert list_images(str(tmp_path)).names == ("a.png",)
    assert load_faces([str(tmp_path)]).keys == load_faces(str(tmp_path)).keys == ("a.png",)
    assert path_of("a") == path_of(Path("a")) == Path("a")
    with pytest.raises(InputError, match="no state at"):
        load_state(str(tmp_path / "none"))
    with pytest.raises(InputError):
        decode_image(None, "it")  # type: ignore[arg-type]
    encoder = Grey()
    with Gallery.open(str(tmp_path / "g.db"), encoder.card.space) as store:
        report = enrol_photos(
            [Photo(place, "anna")],  # type: ignore[arg-type]
            detector=None,
            encoder=encoder,
            gallery=store,
            accept_poor=True,
        )
        assert [item.name for item in report.enrolled] == ["anna"]


@pytest.mark.parametrize("value", [None, 3, b"x"])
def test_words_that_are_no_text_are_refused(value: Any) -> None:
    for function in (is_video, source_of, shipped, lambda word: Photo(word, "a"), Gallery.open, measure):
        with pytest.raises(FewpixError):
            function(*((value,) if function is not measure else (SimpleNamespace(), value)))
    with pytest.raises(ConfigError):
        enrol_photos([Photo(Path("a"), value)], detector=None, encoder=Grey(), gallery=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("location", STORES, indirect=True)
def test_a_closed_gallery_says_so(location: str) -> None:
    with Gallery.open(location, SPACE) as gallery:
        gallery.add("a", unit(0), **PROVENANCE)  # type: ignore[arg-type]
        gallery.search(unit(0)[None], 1)
    gallery.close()
    uses: list[Callable[[], object]] = [
        lambda: gallery.search(unit(0)[None], 1),
        lambda: gallery.add("b", unit(1), **PROVENANCE),  # type: ignore[arg-type]
        gallery.people,
        gallery.faces,
        gallery.is_empty,
        lambda: list(gallery.rows()),
        lambda: gallery.person("a"),
        lambda: gallery.original(1),
        gallery.database.faults,
        gallery.database.space,
    ]
    for use in uses:
        with pytest.raises(InputError, match="is closed"):
            use()


def test_a_gallery_of_another_thread_says_so(tmp_path: Path) -> None:
    with (
        Gallery.open(tmp_path / "g.db", SPACE) as here,
        ThreadPoolExecutor(1) as elsewhere,
        pytest.raises(InputError, match="open one in each thread"),
    ):
        elsewhere.submit(here.people).result()


def test_what_is_no_embedding_is_refused(tmp_path: Path) -> None:
    with Gallery.open(tmp_path / "g.db", SPACE) as gallery:
        for value in (None, "x", [1.0], np.zeros((2, 3, 4), np.float32)):
            with pytest.raises(InputError):
                gallery.search(value, 1)  # type: ignore[arg-type]
            with pytest.raises(InputError):
                gallery.add("a", value, **PROVENANCE)  # type: ignore[arg-type]

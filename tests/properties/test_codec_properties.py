"""Whatever the bytes, decoding ends with a picture or with an ImageError: no other exception, no crash."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fewpix.data.orl import load_orl
from fewpix.errors import ImageError
from fewpix.image import codec
from fewpix.image.codec import decode_image, encode_image
from fewpix.image.header import read_header

FACE = cv2.resize(load_orl().images[0], (23, 28), interpolation=cv2.INTER_AREA)
FILES = {suffix: encode_image(FACE, suffix) for suffix in (".jpg", ".png", ".webp", ".bmp", ".tiff", ".ppm")}
STARTS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF\x00\x00\x00\x00WEBP",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
    b"P5",
    b"P6 ",
)


def outcome(data: bytes) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "MAX_PIXELS", 1_000_000)  # a changed size is either refused or cheap
        try:
            image = decode_image(data, "fuzzed")
        except ImageError:
            return "refused"
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert image.size
    return "read"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_changed_files(suffix: str, data: st.DataObject) -> None:
    content = bytearray(FILES[suffix])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(len(content), 400) - 1))
        content[at] = data.draw(st.integers(0, 255))
    outcome(bytes(content[: data.draw(st.integers(1, len(content)))]))
    outcome(bytes(content))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(STARTS), st.binary(max_size=300))
def test_noise_behind_a_magic_number(start: bytes, noise: bytes) -> None:
    header = read_header(start + noise)
    assert header is not None
    assert header.width >= 0
    assert header.height >= 0
    outcome(start + noise)


@given(st.sampled_from(sorted(FILES)), st.integers(0, 2**31))
def test_every_cut_is_refused_and_the_whole_is_read(suffix: str, seed: int) -> None:
    content = FILES[suffix]
    assert outcome(content) == "read"
    end = content.index(b"IEND") + 8 if suffix == ".png" else len(content)
    assert outcome(content[: seed % (end - 1) + 1]) == "refused"

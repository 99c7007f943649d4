"""Real files, whole and cut, in every format that is read; what is refused, and what the message says."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from fewpix.data.orl import load_orl
from fewpix.errors import ImageError, InputError
from fewpix.image import codec
from fewpix.image.codec import Image, decode_image, encode_image, read_image, write_image

JPEG_KINDS = {
    "baseline": [],
    "progressive": [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
    "restarts": [cv2.IMWRITE_JPEG_RST_INTERVAL, 4],
}


@pytest.fixture(scope="module")
def face() -> Image:
    return load_orl().images[0]


@pytest.fixture(scope="module")
def colour(face: Image) -> Image:
    """A face in three different channels, sides 92 and 112."""
    return np.ascontiguousarray(np.stack([face[:, :, 0], face[::-1, :, 0], 255 - face[:, :, 0]], axis=2))


def encoded(image: Image, suffix: str, options: list[int] | None = None) -> bytes:
    done, data = cv2.imencode(suffix, image, options or [])
    assert done
    return data.tobytes()


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".ppm", ".tiff"])
def test_lossless_formats_keep_every_pixel(suffix: str, colour: Image) -> None:
    np.testing.assert_array_equal(decode_image(encode_image(colour, suffix), "x"), colour)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_lossy_formats_come_close_and_quality_counts(suffix: str, face: Image) -> None:
    fine, coarse = encode_image(face, suffix, quality=95), encode_image(face, suffix, quality=20)
    assert len(coarse) < len(fine) / 2
    assert np.abs(decode_image(fine, "x").astype(int) - face).mean() < 3


def test_lossless_webp_is_read(colour: Image) -> None:
    np.testing.assert_array_equal(
        decode_image(encoded(colour, ".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]), "x"), colour
    )


def test_webp_with_alpha_is_read(face: Image) -> None:
    with_alpha = np.dstack([face, np.full(face.shape[:2], 128, np.uint8)])
    data = encoded(with_alpha, ".webp", [cv2.IMWRITE_WEBP_QUALITY, 101])
    assert data[12:16] in (b"VP8X", b"VP8L")
    assert decode_image(data, "x").shape == face.shape


def test_grey_is_repeated_and_16_bits_become_8(face: Image) -> None:
    grey = face[:, :, 0]
    np.testing.assert_array_equal(decode_image(encoded(grey, ".png"), "x"), face)
    np.testing.assert_array_equal(decode_image(encoded(grey, ".pgm"), "x"), face)
    deep = face.astype(np.uint16) * 257
    np.testing.assert_array_equal(decode_image(encoded(deep, ".png"), "x"), face)


@pytest.mark.parametrize("kind", JPEG_KINDS)
def test_a_jpeg_cut_anywhere_is_refused(kind: str, colour: Image) -> None:
    data = encoded(colour, ".jpg", JPEG_KINDS[kind])
    assert decode_image(data, "x").shape == colour.shape
    cuts = {*range(3, len(data), 37), *range(len(data) - 40, len(data))}
    for cut in sorted(cuts):
        with pytest.raises(ImageError, match=r"cut\.jpg is (cut off|damaged)"):
            decode_image(data[:cut], "cut.jpg")


def test_opencv_itself_accepts_some_cut_jpegs(tmp_path: Path, colour: Image) -> None:
    """Why the end is looked for: OpenCV reads a file without its last bytes, and fills what is missing."""
    path = tmp_path / "cut.jpg"
    path.write_bytes(encoded(colour, ".jpg")[:-2])
    assert cv2.imread(str(path)) is not None
    with pytest.raises(ImageError, match="cut off"):
        read_image(path)


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture(colour: Image) -> None:
    data = encoded(colour, ".jpg")
    thumbnail = encoded(cv2.resize(colour, (16, 16)), ".jpg")
    segment = b"\xff\xe2" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail
    with_thumbnail = data[:2] + segment + data[2:]
    assert decode_image(with_thumbnail, "x").shape == colour.shape
    with pytest.raises(ImageError, match="cut off"):
        decode_image(with_thumbnail[: 2 + len(segment) + 100], "x")


def test_what_follows_the_end_of_a_jpeg_is_ignored(colour: Image) -> None:
    data = encoded(colour, ".jpg")
    np.testing.assert_array_equal(decode_image(data + b"appended", "x"), decode_image(data, "x"))


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".ppm", ".pgm", ".tiff", ".webp"])
def test_other_formats_cut_anywhere_are_refused(suffix: str, colour: Image) -> None:
    data = encoded(colour[:, :, 0] if suffix == ".pgm" else colour, suffix)
    if suffix == ".png":
        data = data[: data.index(b"IEND") + 8]
    for cut in sorted({*range(8, len(data), max(1, len(data) // 60)), len(data) - 2, len(data) - 1}):
        with pytest.raises(ImageError) as caught:
            decode_image(data[:cut], "half.file")
        assert "half.file" in str(caught.value)


def bare_png(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


def bare_jpeg(width: int, height: int) -> bytes:
    frame = struct.pack(">HBHHB", 17, 8, height, width, 3) + b"\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xc0" + frame


def bare_bmp(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


def bare_webp(width: int, height: int) -> bytes:
    body = (
        b"VP8X"
        + struct.pack("<II", 10, 0)
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def bare_tiff(width: int, height: int) -> bytes:
    entries = [(256, width), (257, height), (273, 8), (279, 4)]
    return (
        b"II*\x00"
        + struct.pack("<IH", 8, len(entries))
        + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
        + bytes(8)
    )


def bare_ppm(width: int, height: int) -> bytes:
    return b"P6 %d %d 255\n" % (width, height)


HUGE = {
    "png": bare_png, "jpeg": bare_jpeg, "bmp": bare_bmp, "webp": bare_webp, "tiff": bare_tiff, "ppm": bare_ppm
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_a_header_that_claims_60000_pixels_square_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"huge.{name}"
    path.write_bytes(HUGE[name](60_000, 60_000))
    monkeypatch.delattr(codec.cv2, "imdecode")  # nothing may be decoded, so nothing is allocated
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert "60000 x 60000 px" in str(caught.value)
    assert "100 million" in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", HUGE)
def test_the_limit_is_a_limit_not_a_trap(name: str) -> None:
    """Just below the limit the same header is judged as what it is: a file without its end."""
    with pytest.raises(ImageError) as caught:
        decode_image(HUGE[name](10_000, 10_000), "x")
    assert "limit" not in str(caught.value)


def test_a_tall_bitmap_with_negative_height_is_measured(colour: Image) -> None:
    with pytest.raises(ImageError, match="60000 x 60000"):
        decode_image(bare_bmp(60_000, -60_000), "x")
    data = bytearray(encode_image(colour, ".bmp"))
    struct.pack_into("<i", data, 22, -colour.shape[0])
    np.testing.assert_array_equal(decode_image(bytes(data), "x"), colour[::-1])


@pytest.mark.parametrize(
    "data",
    [
        b"hello, this is no picture",
        b"\x00" * 100,
        b"\x89PNG",
    ],
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"note\.txt is not a JPEG, PNG.*convert it"):
        decode_image(data, "note.txt")


def test_a_wrong_checksum_is_refused(face: Image) -> None:
    data = bytearray(encode_image(face, ".png"))
    data[len(data) // 2] ^= 1
    with pytest.raises(ImageError, match="checksum"):
        decode_image(bytes(data), "x")


def test_a_header_without_a_size_is_refused() -> None:
    for data in (
        bare_png(0, 5),
        bare_bmp(0, 5),
        bare_jpeg(0, 5),
        b"P5 0 5 255\n" + bytes(9),
        bare_tiff(0, 5),
    ):
        with pytest.raises(ImageError, match=r"gives no size|cut off"):
            decode_image(data, "x")


def test_pixels_that_opencv_cannot_decode_are_an_image_error() -> None:
    body = bytearray(encode_image(np.full((40, 40, 3), 90, np.uint8), ".jpg"))
    at = body.index(b"\xff\xc4")
    body[at + 5 : at + 21] = b"\xff" * 16  # a Huffman table that no code fits in
    with pytest.raises(ImageError, match=r"x\.jpg is a damaged or unusual JPEG"):
        decode_image(bytes(body), "x.jpg")


def test_missing_folder_and_empty_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file") as missing:
        read_image(tmp_path / "none.jpg")
    assert not isinstance(missing.value, ImageError)
    with pytest.raises(InputError, match="is a folder"):
        read_image(tmp_path)
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(ImageError, match="is empty"):
        read_image(tmp_path / "empty.jpg")


def test_a_file_below_a_file_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot read"):
        read_image(tmp_path / "file" / "face.jpg")


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(InputError, match="not an ordinary file"):
        read_image(tmp_path / "pipe.jpg")


def test_a_file_larger_than_any_picture_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "MAX_BYTES", 1000)
    (tmp_path / "big.bmp").write_bytes(b"BM" + bytes(2000))
    with pytest.raises(ImageError, match="limit"):
        read_image(tmp_path / "big.bmp")


def with_orientation(jpeg: bytes, value: int) -> bytes:
    """The JPEG with an EXIF segment that holds nothing but the orientation (tag 0x0112)."""
    exif = (
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01"
        + struct.pack(">HHIHH", 0x0112, 3, 1, value, 0)
        + bytes(4)
    )
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif + jpeg[2:]


TURNS = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.transpose(1, 0, 2),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: np.rot90(x, 2).transpose(1, 0, 2),
    8: lambda x: np.rot90(x, 1),
}


@pytest.mark.parametrize("value", TURNS)
def test_exif_orientation_is_applied(value: int, colour: Image) -> None:
    jpeg = encoded(colour, ".jpg")
    upright = decode_image(jpeg, "x")
    np.testing.assert_array_equal(decode_image(with_orientation(jpeg, value), "x"), TURNS[value](upright))


def test_writing_and_reading_again(tmp_path: Path, colour: Image) -> None:
    path = tmp_path / "new" / "ä 人.png"
    write_image(path, colour)
    np.testing.assert_array_equal(read_image(path), colour)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_what_cannot_be_written_is_an_input_error(tmp_path: Path, colour: Image) -> None:
    for suffix in (".gif", ".txt", "", ".pgm"):
        with pytest.raises(InputError):
            encode_image(colour, suffix)
    for quality in (0, 101):
        with pytest.raises(InputError, match="quality"):
            encode_image(colour, ".jpg", quality)
    for bad in (colour[:, :, 0], colour.astype(np.float32), colour[:0]):
        with pytest.raises(InputError, match="uint8 BGR"):
            encode_image(bad, ".png")
    with pytest.raises(InputError):
        write_image(tmp_path / "face.gif", colour)
    assert list(tmp_path.iterdir()) == []


def test_a_jpeg_too_wide_for_the_format_is_an_input_error() -> None:
    with pytest.raises(InputError, match="70000 x 1 px as"):
        encode_image(np.zeros((1, 70_000, 3), np.uint8), ".jpg")

"""Pictures as telephones and editors write them: transparent, in ink colours, HEIC, damaged, or none."""

from __future__ import annotations

import io
import logging
import os
import struct
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fewpix.errors import ImageError
from fewpix.image import heif, messages
from fewpix.image.codec import Image, decode_image, encode_image, read_image
from fewpix.image.exif import orientation, upright
from fewpix.image.signature import kind_of

PIL = pytest.importorskip("PIL.Image")

GREY = 128


@pytest.fixture(autouse=True)
def _plain_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what a command line has set up before: its handler writes to a stream that is closed by now."""
    monkeypatch.setattr(logging.getLogger("fewpix"), "handlers", [])
    monkeypatch.setattr(logging.getLogger("fewpix"), "propagate", True)


@pytest.fixture(scope="module")
def colours() -> Image:
    """(48, 40, 3), smooth, no two channels and no two corners alike; BGR."""
    y, x = np.mgrid[0:48, 0:40]
    return np.stack([40 + 4 * y, 30 + 5 * x, 250 - 2 * x - 2 * y], axis=2).astype(np.uint8)


@pytest.fixture(scope="module")
def alpha() -> Any:
    """(48, 40): opaque, half, and quite transparent columns."""
    found = np.full((48, 40), 255, np.uint8)
    found[:, 10:20] = 128
    found[:, 20:] = 0
    return found


def expected(colours: Image, alpha: Any) -> Any:
    a = alpha[:, :, None] / 255
    return colours * a + GREY * (1 - a)


def saved(picture: Any, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparent_pixels_are_laid_over_grey(kind: str, colours: Image, alpha: Any) -> None:
    picture = PIL.fromarray(np.dstack([colours[:, :, ::-1], alpha]))
    found = decode_image(saved(picture, kind, **({"lossless": True} if kind == "WEBP" else {})), "x")
    assert np.abs(found - expected(colours, alpha)).max() <= 1
    np.testing.assert_array_equal(found[:, :10], colours[:, :10])
    assert (found[:, 20:] == GREY).all()


@pytest.mark.parametrize("suffix", [".png"])
def test_16_bits_with_alpha(suffix: str, colours: Image, alpha: Any) -> None:
    deep = np.dstack([colours, alpha]).astype(np.uint16) * 257
    found = decode_image(cv2.imencode(suffix, deep)[1].tobytes(), "x")
    assert np.abs(found - expected(colours, alpha)).max() <= 1


def test_grey_with_alpha_and_palettes(colours: Image, alpha: Any) -> None:
    grey = PIL.fromarray(colours[:, :, 0])
    grey.putalpha(PIL.fromarray(alpha))
    found = decode_image(saved(grey, "PNG"), "x")
    assert np.abs(found - expected(np.repeat(colours[:, :, :1], 3, 2), alpha)).max() <= 1

    flat = np.zeros((48, 40, 3), np.uint8)
    flat[:, :20], flat[:, 20:] = (255, 0, 0), (0, 255, 0)
    palette = PIL.fromarray(flat).quantize(2)
    first = palette.getpixel((0, 0))
    found = decode_image(
        saved(palette, "PNG", transparency=bytes(0 if n == first else 255 for n in (0, 1))), "x"
    )
    assert (found[:, :20] == GREY).all()
    assert (found[:, 20:] == (0, 255, 0)).all()


@pytest.mark.parametrize("mode", ["RGB", "L", "1"])
def test_one_transparent_colour(mode: str) -> None:
    values = np.zeros((48, 40, 3), np.uint8)
    values[:, 20:] = 255
    picture = PIL.fromarray(values).convert(mode)
    key = {"RGB": (255, 255, 255), "L": 255, "1": 1}[mode]
    found = decode_image(saved(picture, "PNG", transparency=key), "x")
    assert (found[:, :20] == 0).all()
    assert (found[:, 20:] == GREY).all()


def test_32_bit_bitmaps_have_no_alpha_unless_they_say_so(colours: Image) -> None:
    picture = PIL.fromarray(np.dstack([colours[:, :, ::-1], np.zeros((48, 40), np.uint8)]))
    np.testing.assert_array_equal(decode_image(saved(picture, "BMP"), "x"), colours)


TURNED = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.transpose(1, 0, 2),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: np.rot90(x, 2).transpose(1, 0, 2),
    8: lambda x: np.rot90(x, 1),
}


@pytest.mark.parametrize("value", TURNED)
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_transparent_picture_is_turned_too(kind: str, value: int, colours: Image, alpha: Any) -> None:
    exif = PIL.Exif()
    exif[0x0112] = value
    picture = PIL.fromarray(np.dstack([colours[:, :, ::-1], alpha]))
    found = decode_image(
        saved(picture, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {})), "x"
    )
    wanted = TURNED[value](expected(colours, alpha))
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1
    np.testing.assert_array_equal(upright(colours, value), TURNED[value](colours))


def test_exif_that_ends_early_or_is_none_leaves_a_picture_as_it_is() -> None:
    assert orientation(b"") == orientation(b"MM\0*") == orientation(b"II*\0\xff\xff\xff\x7f") == 1
    assert orientation(b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x112, 3, 1, 6, 0)) == 6


@pytest.mark.needs("samples")
def test_a_hidden_face_is_not_found() -> None:
    from fewpix.data.orl import load_orl
    from fewpix.detect import default_detector

    a, b = load_orl().images[0], load_orl().images[10]
    both = np.concatenate([a, b], axis=1)
    seen = np.full(both.shape[:2], 255, np.uint8)
    seen[:, 92:] = 0
    detector = default_detector()
    assert len(detector.detect(both)) == 2
    shown = decode_image(encode_image_with_alpha(both, seen), "hidden.png")
    assert len(detector.detect(shown)) == 1
    assert (shown[:, 92:] == GREY).all()


def encode_image_with_alpha(image: Image, alpha: Any) -> bytes:
    return cv2.imencode(".png", np.dstack([image, alpha]))[1].tobytes()


def test_ink_colours_are_read_as_an_editor_shows_them(colours: Image) -> None:
    rgb = PIL.fromarray(colours[:, :, ::-1].copy())
    cmyk = saved(rgb.convert("CMYK"), "JPEG", quality=98)
    assert b"Adobe" in cmyk
    assert np.abs(decode_image(cmyk, "x").astype(int) - colours).mean() < 4
    # YCCK is YCbCr of the inks; Pillow writes none, but stores four channels as they are, and Adobe's mark
    # says what they mean
    inks = np.array(PIL.fromarray(255 - colours[:, :, ::-1]).convert("YCbCr"))
    four = np.dstack([inks, np.full(inks.shape[:2], 255, np.uint8)])
    data = saved(PIL.fromarray(255 - four, mode="CMYK"), "JPEG", quality=98)
    at = data.index(b"Adobe") + 11
    ycck = data[:at] + b"\x02" + data[at + 1 :]
    assert PIL.open(io.BytesIO(ycck)).info["adobe_transform"] == 2
    assert np.abs(decode_image(ycck, "x").astype(int) - colours).mean() < 6


@pytest.mark.needs("heic")
@pytest.mark.parametrize("format_", ["HEIC", "AVIF"])
def test_what_telephones_write_is_read_upright(format_: str, colours: Image, tmp_path: Path) -> None:
    from pillow_heif import from_pillow

    large = cv2.resize(colours, (160, 192))
    picture, exif = PIL.fromarray(large[:, :, ::-1].copy()), PIL.Exif()
    path = tmp_path / "IMG_1"
    for value in TURNED:
        exif[0x0112] = value
        if format_ == "HEIC":
            from_pillow(picture).save(path, quality=95, exif=exif.tobytes())
        else:
            picture.save(path, "AVIF", quality=95, exif=exif)
        data = path.read_bytes()
        assert str(kind_of(data)) == {"HEIC": "a HEIC picture", "AVIF": "an AVIF picture"}[format_]
        found = read_image(path)
        wanted = TURNED[value](large)
        assert found.shape == wanted.shape, value
        assert np.abs(found.astype(int) - wanted).mean() < 4, value
    for cut in (40, len(data) // 2, len(data) - 1):
        with pytest.raises(ImageError, match=f"x.heic is (cut off|a damaged or unusual {format_})"):
            decode_image(data[:cut], "x.heic")
    broken = bytearray(data)
    at = broken.index(b"ispe") + 8
    struct.pack_into(">II", broken, at, 60_000, 60_000)
    with pytest.raises(ImageError, match="60000 x 60000 px"):
        decode_image(bytes(broken), "x")


@pytest.mark.needs("heic")
def test_transparent_heic_is_laid_over_grey(colours: Image, alpha: Any) -> None:
    from pillow_heif import from_pillow

    file = io.BytesIO()
    from_pillow(PIL.fromarray(np.dstack([colours[:, :, ::-1], alpha]))).save(file, quality=-1)
    found = decode_image(file.getvalue(), "x")
    assert np.abs(found[:, :8].astype(int) - colours[:, :8]).mean() < 4
    assert np.abs(found[:, 24:].astype(int) - GREY).max() <= 2


def test_without_the_extra_the_format_is_named_and_the_way_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heif, "heif_installed", lambda: False)
    data = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + struct.pack(">I4sIII", 20, b"ispe", 0, 64, 64)
    with pytest.raises(ImageError) as caught:
        decode_image(data, "IMG_1.HEIC")
    assert str(caught.value) == (
        "IMG_1.HEIC is a HEIC picture (HEIC: pip install 'fewpix[heic]', or convert it)"
    )


KINDS = {
    "GIF": (b"GIF89a" + bytes(50), "a GIF picture, which fewpix does not read (convert it to JPEG or PNG)"),
    "JXL": (b"\xff\x0a" + bytes(50), "a JPEG XL picture"),
    "JXL in boxes": (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    "SVG": (b'<?xml version="1.0"?>\n<svg xmlns="..."/>', "an SVG picture"),
    "bare SVG": (b"<svg/>", "an SVG picture"),
    "PDF": (b"%PDF-1.7\n", "a PDF file, no picture"),
    "CR2": (b"II*\0\x10\0\0\0CR\x02\0" + bytes(40), "a RAW picture"),
    "CR3": (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "a RAW picture"),
    "DNG": (b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 50706, 1, 4, 1), "a RAW picture"),
    "thumbnail first": (b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHII", 254, 4, 1, 1), "a RAW picture"),
    "RAF": (b"FUJIFILMCCD-RAW 0201", "a RAW picture"),
    "MP4": (b"\0\0\0\x18ftypisom" + bytes(40), "an MP4 video, no picture (`fewpix identify VIDEO`"),
    "MOV": (b"\0\0\0\x14ftypqt  " + bytes(40), "a QuickTime video"),
    "AVI": (b"RIFF\0\0\0\0AVI LIST" + bytes(40), "an AVI video"),
    "MKV": (b"\x1a\x45\xdf\xa3" + bytes(40), "a Matroska video"),
    "WAV": (b"RIFF\0\0\0\0WAVEfmt " + bytes(40), "a WAV sound, no picture (name a picture)"),
    "MP3": (b"ID3\x04" + bytes(40), "an MP3 sound"),
    "text PNM": (b"P3 1 1 255 0 0 0", "a PBM, PAM or text PNM picture"),
    "PSD": (b"8BPS\0\x01" + bytes(40), "a Photoshop picture"),
    "ZIP": (b"PK\x03\x04" + bytes(40), "a ZIP file, no picture"),
}


@pytest.mark.parametrize("name", KINDS)
def test_formats_that_are_not_read_are_named(name: str) -> None:
    data, says = KINDS[name]
    with pytest.raises(ImageError) as caught:
        decode_image(data, "x.jpg")
    assert f"x.jpg is {says}" in str(caught.value)


@pytest.mark.parametrize(
    "text", [b"BMW and Benz, a text", b"P5 Paris", b"hello", b"<html><body>", b"\0" * 600]
)
def test_a_text_is_no_picture(text: bytes) -> None:
    kind = kind_of(text)
    assert kind is None or not kind.readable


@pytest.mark.parametrize("name", ["a.NEF", "b.dng", "c.arw"])
def test_a_raw_file_that_differs_from_a_tiff_by_its_name_only(name: str, colours: Image) -> None:
    tiff = encode_image(colours, ".tiff")
    np.testing.assert_array_equal(decode_image(tiff, "a.tif"), colours)
    with pytest.raises(ImageError, match="RAW picture"):
        decode_image(tiff, name)


def damaged_jpeg() -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    data = bytearray(encode_image(noise, ".jpg"))
    middle = len(data) // 2
    data[middle : middle + 40] = b"\x55" * 40
    return bytes(data[: len(data) * 3 // 4]) + b"\xff\xd9"


def test_a_jpeg_damaged_in_the_middle_is_read_with_a_warning_that_names_it(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "fewpix"):
        assert decode_image(damaged_jpeg(), "holiday.jpg").shape == (200, 200, 3)
    assert any(
        text.startswith("holiday.jpg is damaged, a part of it could not be decoded: Corrupt JPEG data")
        for text in caplog.messages
    )
    assert capfd.readouterr().err == ""  # nothing of libjpeg's own


def test_what_opencv_says_of_a_harmless_tiff_names_the_file_with_v(
    colours: Image, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    four = cv2.imencode(".tiff", np.dstack([colours, colours[:, :, :1]]))[1].tobytes()
    with caplog.at_level(logging.INFO, "fewpix"):
        decode_image(four, "four.tif")
    assert [record.levelname for record in caplog.records] == ["INFO"] * len(caplog.records)
    assert all(text.startswith("four.tif: ") for text in caplog.messages)
    assert capfd.readouterr().err == ""


def test_what_others_write_meanwhile_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with messages.caught() as lines:
        os.write(2, b"Corrupt JPEG data: premature end of data segment\n")
        os.write(2, b"a word of another thread\n")
    assert lines == ["Corrupt JPEG data: premature end of data segment"]
    assert capfd.readouterr().err == "a word of another thread\n"


def test_each_of_many_threads_hears_of_its_own_picture(caplog: pytest.LogCaptureFixture) -> None:
    good, bad = encode_image(np.full((64, 64, 3), 90, np.uint8), ".jpg"), damaged_jpeg()
    threads = [
        threading.Thread(target=decode_image, args=(bad if n % 3 == 0 else good, f"{n:02d}.jpg"))
        for n in range(24)
    ]
    with caplog.at_level(logging.WARNING, "fewpix"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {text[:2] for text in caplog.messages} == {f"{n:02d}" for n in range(0, 24, 3)}

"""Bodies that somebody made to do harm: each ends with a problem of its own, and the service goes on."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fewpix.image.codec import encode_image
from fewpix.image.mark import marked
from fewpix.serve.settings import Limits
from tiny_service import Caller, face, files, png, service

pytestmark = pytest.mark.needs("serve")
PHOTOS = "/v1/collections/staff/photos"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, pixels: bytes = b"\0" * 100) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


ONE = png(face(1))
JPEG = encode_image(face(1), ".jpg")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\x21\xf9\x04\x00\x00\x00\x00\x00;"

HOSTILE = {
    "empty": (b"", "picture"),
    "text": (b"hello", "picture"),
    "zeros": (b"\0" * 1000, "picture"),
    "svg": (SVG, "picture"),
    "animated": (GIF, "picture"),
    "archive": (b"PK\x03\x04" + b"\0" * 100, "picture"),
    "script": (b"<html><script>alert(1)</script>", "picture"),
    "cut off": (ONE[: len(ONE) // 2], "picture"),
    "cut off jpeg": (JPEG[: len(JPEG) // 2], "picture"),
    "bomb": (png_of(60_000, 60_000), "too-many-pixels"),
    "largest size": (png_of(2**31 - 1, 2**31 - 1), "too-many-pixels"),
    "no size": (png_of(0, 0), "picture"),
    "too little inside": (png_of(500, 500), "picture"),
    "wrong checksum": (ONE[:-20] + b"xxxx" + ONE[-16:], "picture"),
    "drawn by fewpix": (marked(ONE), "input"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_picture_is_a_problem(caller: Caller, kind: str) -> None:
    data, code = HOSTILE[kind]
    status = 413 if code == "too-many-pixels" else 422
    caller.problem(status, code, "POST", PHOTOS, params={"name": "Ada"}, files=files(data))
    if code != "input":  # a picture with names drawn on it may be looked at, as by the command line
        caller.problem(status, code, "POST", "/v1/detect", files=files(data))
    assert caller.enrol("staff", "Ada", data, ONE)["refused"][0]["code"] == code
    assert caller.get("/v1/collections/staff").json()["photos"] == 1


def test_much_inside_little_is_bounded_by_the_header(caller: Caller) -> None:
    """A small size with gigabytes behind it: only what the size asks for is unpacked."""
    data = png_of(50, 50, b"\0" * 50_000_000)
    assert len(data) < 100_000
    done = caller.post("/v1/detect", files=files(data))
    assert done.status_code in (200, 422)


def test_a_picture_that_is_also_a_page_is_a_picture_and_is_never_given_back(caller: Caller) -> None:
    data = JPEG + b"<html><script>alert(1)</script></html>"
    told = caller.post("/v1/detect", files=files(data))
    assert told.status_code == 200
    assert len(told.json()["pictures"][0]["faces"]) == 1
    caller.enrol("staff", "Ada", data, keep=True)
    (person,) = caller.get("/v1/collections/staff/people").json()["people"]
    place = f"/v1/collections/staff/people/{person['id']}/photos"
    (photo,) = caller.get(place).json()["photos"]
    shown = caller.get(f"{place}/{photo['id']}/picture")
    assert b"script" not in shown.content
    assert (shown.headers["content-type"], shown.headers["x-content-type-options"]) == (
        "image/png",
        "nosniff",
    )


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\windows\\x.png", "x.png"),
        ("/abs/olute.png", "olute.png"),
        ("..", "picture 1"),
        ("a\x1b[31m.png", "a\\x1b[31m.png"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("x" * 1000 + ".png", "x" * 200),
    ],
)
def test_names_of_files_are_names_only(caller: Caller, tmp_path: Path, sent: str, kept: str) -> None:
    done = caller.post(PHOTOS, params={"name": "Ada"}, files=files(ONE, name=sent))
    assert done.json()["enrolled"][0]["file"] == kept
    inside = {file.relative_to(tmp_path / "data").parts[0] for file in (tmp_path / "data").rglob("*")}
    assert inside <= {"collections", "service.db", "service.db-journal"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_a_turned_photo_is_set_upright(caller: Caller) -> None:
    wide = np.concatenate([face(1), face(2)], axis=1)
    told = caller.post("/v1/detect", files=files(encode_image(wide, ".jpg"))).json()["pictures"][0]
    assert (told["width"], told["height"]) == (200, 100)
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    data = encode_image(wide, ".jpg")
    turned = data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
    told = caller.post("/v1/detect", files=files(turned)).json()["pictures"][0]
    assert (told["width"], told["height"], len(told["faces"])) == (100, 200, 2)


def test_other_formats_are_read(caller: Caller) -> None:
    for suffix in (".jpg", ".webp", ".bmp", ".tif", ".ppm"):
        data = encode_image(face(1), suffix)
        assert len(caller.post("/v1/detect", files=files(data)).json()["pictures"][0]["faces"]) == 1
    grey = cv2.imencode(".png", face(1)[:, :, 0])[1].tobytes()
    assert len(caller.post("/v1/detect", files=files(grey)).json()["pictures"][0]["faces"]) == 1


BODIES: dict[str, tuple[str, bytes, int, str]] = {
    "no type": ("", ONE, 415, "media-type"),
    "json": ("application/json", b"{}", 415, "media-type"),
    "form": ("application/x-www-form-urlencoded", b"a=b", 415, "media-type"),
    "no boundary": ("multipart/form-data", b"--x\r\n", 400, "body"),
    "no parts": ("multipart/form-data; boundary=x", b"--x--\r\n", 400, "body"),
    "garbage": ("multipart/form-data; boundary=x", b"garbage" * 100, 400, "body"),
    "a field": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
        400,
        "body",
    ),
    "no end": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n' + ONE,
        400,
        "body",
    ),
    "the second one cut off": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
        + ONE
        + b'\r\n--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n'
        + ONE,
        400,
        "body",
    ),
    "no name": ("multipart/form-data; boundary=x", b"--x\r\nA: b\r\n\r\n1\r\n--x--\r\n", 400, "body"),
    "empty picture": ("image/png", b"", 400, "body"),
}


@pytest.mark.parametrize("kind", BODIES)
def test_bodies_that_are_none_are_a_problem(caller: Caller, kind: str) -> None:
    media, body, status, code = BODIES[kind]
    head: dict[str, Any] = {"Content-Type": media} if media else {}
    caller.problem(status, code, "POST", "/v1/detect", content=body, headers=head)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"name": 1}', b'{"name": "a", "x": 1}', b"\xff"]
)
def test_json_that_is_none_is_a_problem(caller: Caller, body: bytes) -> None:
    head = {"Content-Type": "application/json"}
    done = caller.post("/v1/collections", content=body, headers=head)
    assert (done.status_code, done.json()["code"]) in ((422, "invalid"), (400, "body"))
    large = b'{"name": "' + b"a" * 70_000 + b'"}'
    caller.problem(413, "too-many-bytes", "POST", "/v1/collections", content=large, headers=head)


def test_nothing_that_is_sent_lies_on_the_disk_even_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a body was written to the disk")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", refused)
    large = ONE + b"\0" * 3_000_000
    with service(tmp_path, limits=Limits()) as caller:
        assert caller.post("/v1/detect", files=files(large, large)).status_code == 200


def test_a_length_that_lies_does_no_harm(caller: Caller) -> None:
    for length in ("-1", "x", "9" * 30, "1e9"):
        done = caller.post(
            "/v1/detect",
            content=io.BytesIO(ONE),
            headers={"Content-Type": "image/png", "Content-Length": length},
        )
        assert done.status_code in (200, 400, 413)
    caller.problem(
        413,
        "too-many-bytes",
        "POST",
        "/v1/detect",
        content=ONE,
        headers={"Content-Type": "image/png", "Content-Length": "9999999999"},
    )

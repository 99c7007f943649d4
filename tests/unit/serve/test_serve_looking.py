"""Detect, embed, verify and identify over HTTP; whether the service is there at all."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fewpix.errors import WeightsError
from fewpix.image.codec import encode_image
from fewpix.image.resize import Crop
from fewpix.serve.models import Models
from fewpix.serve.problems import ProblemError
from fewpix.serve.schemas.pictures import DetectBody, DetectedPicture, EmbedBody, IdentifyBody, VerifyBody
from fewpix.serve.schemas.system import System
from fewpix.serve.settings import Limits, Settings
from grey_encoder import Grey
from tiny_service import Caller, Tiles, face, files, png, service

pytestmark = pytest.mark.needs("serve")
IDENTIFY = "/v1/collections/staff/identify"
THREE = png(face(1, 9), face(5), face(2, 9))


def test_health_comes_before_the_models(tmp_path: Path) -> None:
    go = threading.Event()

    def slowly(settings: Settings) -> Models:
        go.wait(30)
        return Models(Tiles(), Grey())

    from fewpix.serve.app import create_app

    with Caller(create_app(Settings(data=tmp_path), slowly)) as caller:
        assert caller.get("/v1/health").json()["status"] == "ok"
        caller.problem(503, "not-ready", "GET", "/v1/ready")
        assert caller.get("/v1/system").json()["state"] == "loading"
        found = caller.post("/v1/detect", files=files(THREE))
        assert (found.status_code, found.headers["retry-after"]) == (503, "2")
        caller.problem(503, "not-ready", "POST", "/v1/collections", json={"name": "a"})
        go.set()
        caller.app.state.service.inference._loader.join(30)  # type: ignore[attr-defined]
        assert caller.get("/v1/ready").json() == {"status": "ready"}


def test_models_that_cannot_be_loaded_are_told_of(tmp_path: Path) -> None:
    def fails(settings: Settings) -> Models:
        raise WeightsError("/secret/place/model.onnx is damaged")

    with service(tmp_path, open_them=fails) as caller:
        found = caller.problem(503, "not-ready", "GET", "/v1/ready")
        assert "a model is damaged" in found["detail"]
        assert "secret" not in str(found)
        assert caller.get("/v1/system").json()["state"] == "failed"
        assert caller.get("/v1/health").status_code == 200


def test_the_system_tells_models_terms_and_why(caller: Caller) -> None:
    told = System.model_validate(caller.get("/v1/system").json())
    assert [model.name for model in told.models] == ["grey"]
    assert told.calibration is not None
    assert "made faces" in str(told.calibration.why)
    assert "no proof" in told.use


def test_faces_are_detected(caller: Caller) -> None:
    told = DetectBody.model_validate(caller.post("/v1/detect", files=files(THREE, png(face(1)))).json())
    three, one = told.pictures
    assert isinstance(three, DetectedPicture)
    assert isinstance(one, DetectedPicture)
    assert [each.box for each in three.faces] == [[x, 0, 100, 100] for x in (0, 100, 200)]
    assert (three.width, three.height, len(one.faces)) == (300, 100, 1)
    raw = caller.post("/v1/detect", content=THREE, headers={"Content-Type": "image/png"}).json()
    assert raw["pictures"][0]["faces"] == [each.model_dump() for each in three.faces]
    assert caller.post("/v1/detect", files=files(png(face(1) // 8))).json()["pictures"][0]["faces"] == []


def test_faces_are_embedded_as_the_encoder_does(caller: Caller) -> None:
    told = caller.post("/v1/embed", files=files(THREE)).json()
    EmbedBody.model_validate(told)
    vectors = np.array([each["embedding"] for each in told["pictures"][0]["faces"]], dtype=np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    packed = caller.post("/v1/embed", params={"format": "base64"}, files=files(THREE)).json()
    texts = [each["embedding"] for each in packed["pictures"][0]["faces"]]
    np.testing.assert_array_equal([np.frombuffer(base64.b64decode(text), "<f4") for text in texts], vectors)
    crops = [face(n)[:64, :64] for n in range(5)]
    sent = files(*[png(each) for each in crops])
    found = caller.post("/v1/embed", params={"crops": True}, files=sent).json()
    np.testing.assert_array_equal(
        np.array([each["faces"][0]["embedding"] for each in found["pictures"]], np.float32),
        Grey().embed(crops),
    )


def test_all_faces_are_identified_or_not_with_the_reason(caller: Caller) -> None:
    for n, name in ((1, "Ada"), (2, "Bo")):
        caller.enrol("staff", name, png(face(n)), png(face(n, 1)))
    told = caller.post(IDENTIFY, params={"threshold": 0.95, "top": 1}, files=files(THREE)).json()
    IdentifyBody.model_validate(told)
    faces = told["pictures"][0]["faces"]
    assert [each["decision"] for each in faces] == ["Ada", None, "Bo"]
    assert (faces[1]["verdict"], "below the threshold" in faces[1]["reason"]) == ("unknown", True)
    assert all(len(each["candidates"]) == 1 for each in faces)
    people = {
        each["name"]: each["id"] for each in caller.get("/v1/collections/staff/people").json()["people"]
    }
    assert faces[0]["candidates"][0]["person_id"] == people["Ada"]
    undecided = caller.post(IDENTIFY, files=files(THREE)).json()
    assert (undecided["fpir"], undecided["threshold"]) == (None, None)
    assert "no calibration" in undecided["why"]
    assert undecided["pictures"][0]["faces"][0]["verdict"] == "undecided"
    crop = png(face(1, 4))
    named = caller.post(IDENTIFY, params={"threshold": 0.9, "crops": True}, files=files(crop, crop)).json()
    assert [each["faces"][0]["decision"] for each in named["pictures"]] == ["Ada", "Ada"]
    caller.problem(
        422, "setting", "POST", IDENTIFY, params={"fpir": 0.01, "threshold": 0.5}, files=files(crop)
    )
    caller.problem(422, "setting", "POST", IDENTIFY, params={"fpir": 0.01}, files=files(crop))
    caller.problem(404, "no-collection", "POST", "/v1/collections/none/identify", files=files(crop))


def test_nobody_is_known_in_an_empty_collection(caller: Caller) -> None:
    (picture,) = caller.post(IDENTIFY, params={"threshold": 0.5}, files=files(THREE)).json()["pictures"]
    assert {each["reason"] for each in picture["faces"]} == {"nobody is enrolled"}


def test_somebody_new_is_found_at_once_and_somebody_deleted_is_not(caller: Caller) -> None:
    def names() -> list[str | None]:
        told = caller.post(IDENTIFY, params={"threshold": 0.95}, files=files(THREE)).json()
        return [each["decision"] for each in told["pictures"][0]["faces"]]

    caller.enrol("staff", "Ada", png(face(1)))
    assert names() == ["Ada", None, None]
    caller.enrol("staff", "Bo", png(face(2)))
    assert names() == ["Ada", None, "Bo"]
    people = {
        each["name"]: each["id"] for each in caller.get("/v1/collections/staff/people").json()["people"]
    }
    assert caller.delete(f"/v1/collections/staff/people/{people['Ada']}").status_code == 200
    assert names() == [None, None, "Bo"]


def test_two_pictures_are_compared(caller: Caller) -> None:
    told = caller.post("/v1/verify", files=files(png(face(1)), png(face(1, 1)))).json()
    VerifyBody.model_validate(told)
    assert told["score"] > 0.95
    assert told["decision"] == "undecided"
    assert caller.post("/v1/verify", files=files(png(face(1)), png(face(2)))).json()["score"] < 0.9
    caller.problem(422, "input", "POST", "/v1/verify", files=files(png(face(1))))
    caller.problem(422, "input", "POST", "/v1/verify", files=files(THREE, png(face(1))))
    caller.problem(422, "no-face", "POST", "/v1/verify", files=files(png(face(1) // 8), png(face(1))))


def test_one_picture_that_cannot_be_read_does_not_stop_the_others(caller: Caller) -> None:
    told = caller.post("/v1/detect", files=files(b"x", THREE)).json()["pictures"]
    assert told[0]["problem"]["code"] == "picture"
    assert len(told[1]["faces"]) == 3


def test_limits_have_their_own_codes(tmp_path: Path) -> None:
    limits = Limits(picture_bytes=150_000, request_bytes=400_000, pictures=3, pixels=35_000, faces=2)
    with service(tmp_path, limits=limits) as caller:

        def refused(status: int, code: str, *pictures: bytes, path: str = "/v1/detect") -> None:
            caller.problem(status, code, "POST", path, files=files(*pictures))

        one = png(face(1))
        refused(413, "too-many-bytes", one + b"\0" * 150_000)
        refused(413, "too-many-bytes", *[one + b"\0" * 140_000] * 3)
        refused(413, "too-many-pictures", *[b"x"] * 4)
        refused(413, "too-many-pixels", png(*[face(1)] * 4))
        refused(422, "too-many-faces", png(*[face(1)] * 3))
        large = encode_image(np.zeros((150, 150, 3), np.uint8))
        refused(413, "too-many-pixels", large, large, path="/v1/embed?crops=true")

        def drip() -> Iterator[bytes]:
            for _ in range(60):
                yield b"\0" * 10_000

        for kind in ("image/png", "multipart/form-data; boundary=x"):
            head = {"Content-Type": kind}
            caller.problem(413, "too-many-bytes", "POST", "/v1/detect", content=drip(), headers=head)
        assert caller.post("/v1/detect", files=files(one)).status_code == 200


def test_a_full_service_says_when_to_come_again(tmp_path: Path) -> None:
    go, waiting = threading.Event(), threading.Semaphore(0)

    class Slow(Grey):
        def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
            waiting.release()
            go.wait(30)
            return super().embed(crops)

    limits = Limits(at_once=1, waiting=1, per_client=2)
    with service(tmp_path, encoder=Slow(), limits=limits) as caller, ThreadPoolExecutor(2) as threads:
        sent = [threads.submit(caller.post, "/v1/embed", files=files(THREE)) for _ in range(2)]
        waiting.acquire(timeout=30)
        inference = caller.app.state.service.inference  # type: ignore[attr-defined]
        until = time.monotonic() + 30
        while inference._inside < 2 and time.monotonic() < until:
            time.sleep(0.01)
        found = caller.post("/v1/embed", files=files(THREE))
        assert (found.status_code, found.json()["code"]) == (503, "busy")
        assert int(found.headers["retry-after"]) >= 1
        go.set()
        assert [each.result().status_code for each in sent] == [200, 200]
        assert inference._inside == inference._bytes == 0


def test_one_client_does_not_take_all_places(tmp_path: Path) -> None:
    go = threading.Event()

    class Slow(Grey):
        def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
            go.wait(30)
            return super().embed(crops)

    with (
        service(tmp_path, encoder=Slow(), limits=Limits(per_client=1)) as caller,
        ThreadPoolExecutor(1) as threads,
    ):
        sent = threads.submit(caller.post, "/v1/embed", files=files(THREE))
        inference = caller.app.state.service.inference  # type: ignore[attr-defined]
        until = time.monotonic() + 30
        while not inference._inside and time.monotonic() < until:
            time.sleep(0.01)
        found = caller.post("/v1/embed", files=files(THREE))
        assert (found.status_code, found.json()["code"]) == (429, "too-many-requests")
        go.set()
        assert sent.result().status_code == 200


def test_an_answer_that_would_come_too_late_is_not_computed(tmp_path: Path) -> None:
    go, seen = threading.Event(), []

    class Slow(Grey):
        def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
            seen.append(len(crops))
            go.wait(1.5)
            return super().embed(crops)

    limits = Limits(seconds=0.7)
    with service(tmp_path, encoder=Slow(), limits=limits) as caller, ThreadPoolExecutor(2) as threads:
        sent = [threads.submit(caller.post, "/v1/embed", files=files(THREE)) for _ in range(2)]
        codes = sorted(each.result().status_code for each in sent)
        assert codes in ([200, 503], [503, 503], [200, 200])
        for each in sent:
            if each.result().status_code == 503:
                assert each.result().json()["code"] == "too-late"
        assert codes != [200, 200] or seen == [6]


def test_faces_of_several_requests_are_embedded_together() -> None:
    from fewpix.serve.batching import Batcher, batched

    go, calls = threading.Event(), []

    class Counting(Grey):
        def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
            calls.append(len(crops))
            if len(calls) == 1:
                go.wait(30)
            if any(len(crop) == 9 for crop in crops):
                raise WeightsError("a crop of 9 px")
            return super().embed(crops)

    batcher, encoder = Batcher(), Counting()
    shared = batched(encoder, batcher)
    crops = [face(n)[: 20 + n, : 20 + n] for n in range(6)]
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(shared.embed, crops[:1])
        while not calls:
            time.sleep(0.01)
        rest = [threads.submit(shared.embed, [crop]) for crop in crops]
        bad = threads.submit(shared.embed, [np.zeros((9, 9, 3), np.uint8)])
        while len(batcher._waiting) < 7:
            time.sleep(0.01)
        go.set()
        rows = np.concatenate([each.result() for each in rest])
        np.testing.assert_array_equal(rows, Grey().embed(crops))
        np.testing.assert_array_equal(first.result(), rows[:1])
        with pytest.raises(WeightsError, match="9 px"):
            bad.result()
    assert calls == [1, 7, 1, 1, 1, 1, 1, 1, 1]
    assert shared.embed([]).shape == (0, 16)
    batcher.close()
    with pytest.raises(ProblemError, match="ends"):
        shared.embed(crops)

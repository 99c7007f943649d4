"""A service whose models cost nothing: faces are tiles of 100 px, embedded by their grey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from starlette.testclient import TestClient

from fewpix.detect import Face, Search
from fewpix.embed.protocol import Encoder
from fewpix.image.align import TEMPLATE, TEMPLATE_SIDE
from fewpix.image.codec import Image, encode_image
from fewpix.serve.app import create_app
from fewpix.serve.models import Models
from fewpix.serve.settings import Settings
from grey_encoder import Grey

TILE = 100


CROP = 96
"""Side of what a camera keeps of a tile and its surroundings."""


class Tiles:
    """Finds a face in every tile of a picture that is not dark, and in the middle of a camera's crop."""

    def detect(self, image: Image) -> Sequence[Face]:
        return self.search(image).faces

    def search(self, image: Image) -> Search:
        if image.shape[:2] == (CROP, CROP):
            side = CROP * 2 // 3
            points = TEMPLATE / TEMPLATE_SIDE * side + side // 4
            box = (side // 4, side // 4, side, side)
            return Search((Face(box, points.astype(np.float32), 0.9, float(side)),), (1.0,), None)
        faces = []
        for y in range(0, image.shape[0] - TILE + 1, TILE):
            for x in range(0, image.shape[1] - TILE + 1, TILE):
                if image[y : y + TILE, x : x + TILE].mean() > 30:
                    points = TEMPLATE / TEMPLATE_SIDE * TILE + np.array([x, y])
                    faces.append(Face((x, y, TILE, TILE), points.astype(np.float32), 0.9, float(TILE)))
        return Search(tuple(faces), (1.0,), None)


def face(person: int, photo: int = 0) -> Image:
    """A picture of one face: the same person looks alike on every photo."""
    looks = np.random.default_rng(person).integers(60, 200, (4, 4, 1))
    coarse = np.kron(looks, np.ones((TILE // 4, TILE // 4, 1)))
    cells = np.random.default_rng([person, photo, 1]).integers(-60, 61, (TILE // 4, TILE // 4, 1))
    noise = np.kron(cells, np.ones((4, 4, 1)))
    return np.repeat(np.clip(coarse + noise, 0, 255), 3, axis=2).astype(np.uint8)


def png(*faces: Image) -> bytes:
    """The faces beside one another, as a file."""
    return encode_image(np.concatenate(faces, axis=1), ".png")


def files(*pictures: bytes, name: str = "a.png") -> list[tuple[str, tuple[str, bytes, str]]]:
    """What a request sends."""
    return [("picture", (name, data, "image/png")) for data in pictures]


def opening(encoder: Encoder | None = None) -> Any:
    """Opens models that cost nothing."""

    def open_them(settings: Settings) -> Models:
        return Models(Tiles(), encoder or Grey(), None, "there is none for made faces")

    return open_them


class Caller(TestClient):
    """Calls the service from this machine, and sends a key where it has one."""

    def __init__(self, app: Any, key: str = "", client: tuple[str, int] = ("127.0.0.1", 1)) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        super().__init__(
            app, "http://127.0.0.1:8737", raise_server_exceptions=False, headers=headers, client=client
        )

    def enrol(self, collection: str, name: str, *pictures: bytes, **options: Any) -> dict[str, Any]:
        params = {"name": name, **options}
        done = self.post(f"/v1/collections/{collection}/photos", params=params, files=files(*pictures))
        assert done.status_code in (200, 201), done.text
        return dict(done.json())

    def problem(self, status: int, code: str, method: str, path: str, **more: Any) -> dict[str, Any]:
        """The answer to a request that fails so."""
        done = self.request(method, path, **more)
        found = done.json()
        assert (done.status_code, found["code"]) == (status, code), done.text
        assert done.headers["content-type"] == "application/problem+json"
        assert found["type"] == f"urn:fewpix:problem:{code}"
        assert found["request_id"] == done.headers["x-request-id"]
        return dict(found)


@contextmanager
def service(
    folder: Path, *, encoder: Encoder | None = None, open_them: Any = None, **settings: Any
) -> Iterator[Caller]:
    """A running service with its data in a folder, when its models are loaded."""
    app = create_app(Settings(data=folder, **settings), open_them or opening(encoder))
    with Caller(app) as caller:
        inference = app.state.service.inference
        inference._loader.join(30)
        yield caller

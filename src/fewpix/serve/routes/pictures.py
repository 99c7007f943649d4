"""What is in pictures, without anybody's gallery: detect, embed, verify."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from fewpix.identify.verify import Verified, verify
from fewpix.serve.access import GuardedRoute
from fewpix.serve.looking import check_crops, face_json, look, sent, vector_json
from fewpix.serve.problems import ProblemError
from fewpix.serve.rendering import answer
from fewpix.serve.routes.operation import READ, operation
from fewpix.serve.schemas.pictures import DetectBody, EmbedBody, VerifyBody
from fewpix.serve.uploads import decoded

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["pictures"])

Crops = Annotated[bool, Query(description="The pictures are aligned square crops; no face is looked for.")]


@router.post("/detect", **operation("read", gives=DetectBody, repeat=READ, uploads=True))
async def detect(request: Request) -> Response:
    """Find the faces of pictures, with five points, their size in pixels, and how good they are."""
    async with sent(request) as it:
        limits = it.service.settings.limits
        looked = await it.service.inference.run(look, it.uploads, it.sight, limits, crops=False, embed=False)
        it.service.metrics.faces.labels("detected").inc(sum(len(each.faces) for each in looked))
        pictures = [each.to_json([face_json(face) for face in each.faces]) for each in looked]
        return answer({"pictures": pictures})


@router.post("/embed", **operation("read", gives=EmbedBody, repeat=READ, uploads=True))
async def embed(
    request: Request,
    crops: Crops = False,
    form: Annotated[
        Literal["numbers", "base64"],
        Query(alias="format", description="How embeddings are told: numbers, or little-endian float32."),
    ] = "numbers",
) -> Response:
    """Find and embed the faces of pictures; embeddings are of one space and of length 1."""
    async with sent(request) as it:
        limits = it.service.settings.limits
        looked = await it.service.inference.run(look, it.uploads, it.sight, limits, crops=crops, embed=True)
        it.service.metrics.faces.labels("embedded").inc(sum(len(each.faces) for each in looked))
        pictures = [
            each.to_json(
                [
                    face_json(face)
                    | {
                        "encoder": face.encoder_sha256,
                        "embedding": vector_json(face, packed=form == "base64"),
                    }
                    for face in each.embedded
                ]
            )
            for each in looked
        ]
        return answer({"space": it.sight.encoder.card.space.fingerprint, "pictures": pictures})


@router.post("/verify", **operation("read", "no-face", gives=VerifyBody, repeat=READ, uploads=True))
async def compare(
    request: Request,
    fmr: Annotated[
        float,
        Query(gt=0, lt=1, description="Decide by this false match rate: how often two people score so."),
    ] = 0.001,
    crops: Crops = False,
) -> Response:
    """Say whether two pictures with one face each show one person, by how rarely two people score so."""
    async with sent(request) as it:
        limits, uploads, sight = it.service.settings.limits, it.uploads, it.sight
        if (n := len(uploads)) != 2:
            raise ProblemError("input", f"two pictures are compared, not {n}", fix="send two files")

        def both() -> Verified:
            if crops:
                check_crops(uploads, limits)
            first, second = ((each.name, decoded(each, limits)) for each in uploads)
            return verify(
                first,
                second,
                detector=None if crops else sight.detector,
                encoder=sight.encoder,
                calibrated=sight.calibrated,
                fmr=fmr,
            )

        found = (await it.service.inference.run(both)).to_json()
        it.service.metrics.faces.labels("verified").inc(2)
        return answer({"files": found.pop("paths"), **found})

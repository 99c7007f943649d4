"""Who is in pictures, by a collection."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from fewpix.gallery.store import Gallery
from fewpix.identify.pipeline import IdentifiedFace, Identifier
from fewpix.identify.rule import rule_by
from fewpix.serve.access import GuardedRoute
from fewpix.serve.handles import handle
from fewpix.serve.looking import look, sent
from fewpix.serve.rendering import answer
from fewpix.serve.review.corrections import corrected
from fewpix.serve.routes.operation import GALLERY, READ, operation
from fewpix.serve.routes.pictures import Crops
from fewpix.serve.schemas.pictures import IdentifyBody

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["pictures"])

Threshold = Annotated[
    float | None, Query(ge=-1, le=1, description="Name a face when its best score reaches this, instead.")
]
Photos = Annotated[
    bool, Query(description="Compare with every photo of a person instead of with their template.")
]
Matched = Annotated[
    bool | None,
    Query(description="Compare small faces with photos shrunk to their size, too; as `identify --matched`."),
]


@router.post(
    "/collections/{collection}/identify",
    **operation("read", "space", *GALLERY, gives=IdentifyBody, repeat=READ, uploads=True),
)
async def identify(
    request: Request,
    collection: str,
    top: Annotated[int, Query(ge=1, le=20, description="Candidates per face.")] = 3,
    fpir: Annotated[
        float | None,
        Query(
            gt=0,
            lt=1,
            description="Name a face when strangers would score so in a collection of this size at most this "
            "often; 0.01 where a calibration fits and no threshold is given.",
        ),
    ] = None,
    threshold: Threshold = None,
    photos: Photos = False,
    matched: Matched = None,
    crops: Crops = False,
) -> Response:
    """Find all faces of pictures and say who they are, by a rate or a threshold; or why nobody is named.

    A name is not given to a face that is more like one that was said not to be this person (`deny` of an
    event) than like the person.
    """
    async with sent(request) as it:
        service, sight, limits = it.service, it.sight, it.service.settings.limits
        desk = service.collections.desk(collection)
        rule = rule_by(sight.calibrated, sight.models.why, fpir=fpir, threshold=threshold)
        looked = await service.inference.run(look, it.uploads, sight, limits, crops=crops, embed=True)

        def make(gallery: Gallery) -> Identifier:
            return Identifier(
                sight.detector,
                sight.encoder,
                gallery,
                top=top,
                threshold=rule.threshold,
                templates=not photos,
                calibrated=rule.calibrated,
                fpir=rule.fpir,
                matched=matched,
            )

        def name(gallery: Gallery) -> list[list[dict[str, Any]]]:
            how = (top, rule.threshold, rule.fpir, photos, matched)
            identifier = desk.identifier(sight, how, make)
            faces = [face for each in looked for face in each.embedded]
            who = corrected(service.office, collection, gallery, faces, identifier.named(faces))
            told = iter(who)
            return [[_face_json(gallery, next(told)) for _ in each.embedded] for each in looked]

        named = await desk.run(name)
        service.metrics.faces.labels("identified").inc(sum(map(len, named)))
        return answer(
            {
                "threshold": rule.threshold,
                "fpir": rule.fpir,
                "why": rule.why or None,
                "pictures": [each.to_json(faces) for each, faces in zip(looked, named, strict=True)],
            }
        )


def _face_json(gallery: Gallery, face: IdentifiedFace) -> dict[str, Any]:
    """As `fewpix identify --json` tells it, with what the candidates are called in addresses."""
    found = face.to_json()
    for candidate in found["candidates"]:
        people = gallery.people(name=candidate["name"])
        candidate["person_id"] = handle(people[0].number, people[0].created) if people else None
    return found

"""Whether the service runs, what it is made of, and its figures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from fewpix import __version__
from fewpix.embed.router import Router
from fewpix.identify.rule import rule_by
from fewpix.serve import metrics
from fewpix.serve.access import GuardedRoute
from fewpix.serve.models import Models
from fewpix.serve.rendering import answer
from fewpix.serve.routes.operation import READ, operation
from fewpix.serve.schemas.system import Health, Ready, System
from fewpix.serve.service import service_of

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["service"])

USE = (
    "A match is a hint for a human who looks at the pictures, and no proof. The shipped weights are for "
    "non-commercial research and teaching. See docs/limits.md."
)


@router.get("/health", **operation("none", gives=Health, repeat=READ))
async def health() -> Response:
    """Say that the service runs, whatever the models do."""
    return answer({"status": "ok", "version": __version__})


@router.get("/ready", **operation("none", "not-ready", gives=Ready, repeat=READ))
async def ready(request: Request) -> Response:
    """Say whether pictures can be looked at, or why not yet."""
    assert service_of(request).inference.sight
    return answer({"status": "ready"})


@router.get("/system", **operation("read", gives=System, repeat=READ))
async def system(request: Request) -> Response:
    """Tell the models with the terms of their weights, the calibration, the limits, and why."""
    service = service_of(request)
    inference = service.inference
    models = inference.sight.models if inference.state == "ready" else None
    return answer(
        {
            "version": __version__,
            "state": inference.state,
            "space": None if models is None else models.encoder.card.space.fingerprint,
            "models": [] if models is None else _models(models),
            "calibration": None if models is None else _calibration(models),
            "limits": dict(vars(service.settings.limits)),
            "collections": len(service.collections.names()),
            "mqtt": None if service.mqtt is None else await service.mqtt.to_json(),
            "use": USE,
        }
    )


@router.get(
    "/metrics",
    **operation("read", gives=Health, repeat=READ) | {"response_model": None, "response_class": Response},
)
async def figures(request: Request) -> Response:
    """Counts and times, as Prometheus reads them; nothing of anybody is among them."""
    return Response(service_of(request).metrics.text(), media_type=metrics.MEDIA)


@router.get(
    "/openapi.json",
    **operation("none", gives=Health, repeat=READ) | {"response_model": None},
)
async def openapi(request: Request) -> Response:
    """This interface, as OpenAPI."""
    return answer(request.app.openapi())


def _models(models: Models) -> list[dict[str, Any]]:
    starts: tuple[float | None, ...] = (None,)
    if isinstance(models.encoder, Router):
        starts = models.encoder.starts
    return [
        {
            "name": each.card.name,
            "sha256": each.card.sha256,
            "from_pixels": start,
            "runtime": each.runtime,
            "device": each.device,
            "terms": each.card.terms,
        }
        for start, each in zip(starts, models.encoders, strict=True)
    ]


def _calibration(models: Models) -> dict[str, Any]:
    rule = rule_by(models.calibrated, models.why)
    return {
        "in_use": models.calibrated is not None,
        "why": rule.why or None,
        "people": None if models.calibrated is None else models.calibrated.largest,
        "default_fpir": rule.fpir,
    }

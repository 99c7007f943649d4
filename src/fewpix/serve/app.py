"""`create_app`: the service as one ASGI application, which tests call without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import Response

from fewpix import __version__
from fewpix.errors import FewpixError
from fewpix.serve.envelope import Envelope, log
from fewpix.serve.models import Opening, open_models
from fewpix.serve.problems import ProblemError, problem_of
from fewpix.serve.rendering import refusal
from fewpix.serve.routes import (
    calibrations,
    cameras,
    collections,
    corrections,
    events,
    exchange,
    groups,
    identify,
    jobs,
    keys,
    names,
    page,
    people,
    photos,
    pictures,
    states,
    stream,
    system,
    webhooks,
)
from fewpix.serve.schemas.body import ProblemBody
from fewpix.serve.service import Service
from fewpix.serve.settings import Settings

ABOUT = """\
Recognises faces from few pixels: collections of people, photos enrolled with a verdict on their quality, and
all faces of a picture named by a stated rate of false names, or not named, with the reason.

Errors are `application/problem+json`; programs test for `code`. Lists go on with `cursor`. Requests that
change something take an `Idempotency-Key`. Read docs/limits.md before you let it say a name.
"""


def create_app(settings: Settings | None = None, opening: Opening = open_models) -> FastAPI:
    """Make the service. The models are loaded beside it once it runs, so that it answers at once.

    Args:
        settings: how it runs; the defaults if None.
        opening: opens the models that the settings name.

    Raises:
        ConfigError: a setting is wrong.
        InputError: the data folder holds something else.
        StorageError: the data folder cannot be used.
    """
    service = Service.make(settings or Settings(), opening)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.end()

    app = FastAPI(
        title="fewpix",
        version=__version__,
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    parts = (
        system,
        collections,
        exchange,
        people,
        names,
        photos,
        pictures,
        identify,
        jobs,
        calibrations,
        cameras,
        states,
        stream,
        events,
        groups,
        corrections,
        webhooks,
        keys,
        page,
    )
    for part in parts:
        app.include_router(part.router)
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(FewpixError, _error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(Envelope, metrics=service.metrics)
    vars(app)["openapi"] = lambda: _described(app)
    return app


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return refusal(error, request.state.id)


async def _error(request: Request, error: Exception) -> Response:
    assert isinstance(error, FewpixError)
    problem = problem_of(error)
    if problem.kind.status >= 500:
        log.error("request %s: %s", request.state.id, error)
    return refusal(problem, request.state.id)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # What was given is not repeated: it may be a name, or a key in the wrong place.
    found = [{"where": [str(part) for part in each["loc"]], "what": each["msg"]} for each in error.errors()]
    first = found[0]
    where = ".".join(first["where"])
    return refusal(ProblemError("invalid", f"{where}: {first['what']}", errors=found), request.state.id)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "no-route", 405: "method", 400: "body"}.get(error.status_code, "bug")
    made = refusal(ProblemError(code), request.state.id)
    for name, value in (error.headers or {}).items():
        made.headers[name] = value
    return made


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI text, with what FastAPI cannot know."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        parts = made["components"]
        schema = ProblemBody.model_json_schema()
        parts["schemas"]["ProblemBody"] = schema
        for unused in ("HTTPValidationError", "ValidationError"):
            parts["schemas"].pop(unused, None)
        parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = made
    return app.openapi_schema

"""The whole interface tried by schemathesis, which makes requests of its own from the OpenAPI text."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans

from fewpix.client import Client
from served import served
from tiny_service import face, png

pytestmark = [pytest.mark.needs("serve", "schemathesis"), pytest.mark.slow]
EXAMPLES = 12
PERSON = "/v1/collections/{collection}/people/{person}"
SURELY = {
    *("GET /v1/system", "GET /v1/audit", "GET /v1/collections", "POST /v1/collections"),
    *("GET /v1/collections/{collection}", "DELETE /v1/collections/{collection}"),
    *("GET /v1/collections/{collection}/people", f"GET {PERSON}", f"GET {PERSON}/photos"),
    *("GET /v1/cameras", "GET /v1/cameras/{camera}", "GET /v1/events"),
    *(f"GET /v1/collections/{{collection}}/{what}" for what in ("groups", "corrections")),
}
"""What must have been done, and not only refused: others take pictures, or a tag of the person."""


def test_no_request_that_can_be_made_is_a_mistake_of_the_service(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import schemathesis
        from schemathesis.checks import not_a_server_error
        from schemathesis.specs.openapi import checks

    wanted = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    seen: Counter[tuple[str, int]] = Counter()
    with served(tmp_path) as (_, address), Client(address) as client:
        client.wait()
        staff = client.create("staff")

        def real() -> dict[str, str]:
            """Somebody who is there, whatever the requests before have done."""
            if "staff" not in client.collections():
                client.create("staff")
            staff.enrol("Ada", [png(face(1)), png(face(1, 1))])
            (person,) = staff.people("Ada")
            if "gate" not in [camera.name for camera in client.cameras()]:
                client.add_camera("gate", "staff")
            photo = next(staff.photos(person.id)).id
            return {"collection": "staff", "person": person.id, "photo": photo, "camera": "gate"}

        schema = schemathesis.openapi.from_url(f"{address}/v1/openapi.json")
        for found in schema.get_all_operations():
            operation = found.ok()
            name = f"{operation.method.upper()} {operation.path}"
            if name == "POST /v1/keys":
                continue  # the first key would lock this test out
            if name == "GET /v1/events/stream":
                continue  # it has no end

            @given(case=operation.as_strategy(), there=booleans())
            @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
            def tried_out(case: Any, there: bool) -> None:
                if there and case.path_parameters:
                    places = real()
                    case.path_parameters = {
                        key: places.get(key, value) for key, value in case.path_parameters.items()
                    }
                answer = case.call_and_validate(checks=wanted)
                seen[f"{case.method.upper()} {case.path}", answer.status_code] += 1

            tried_out()
    tried = {name for name, _ in seen}
    assert len(tried) >= 27  # all but the one above, and the text itself
    done = {name for name, status in seen if status < 400}
    assert done >= SURELY

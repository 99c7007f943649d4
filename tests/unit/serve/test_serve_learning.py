"""FaceBN states of the service's cameras: learned beside everything else, used where rates are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration_made import data, size
from fewpix.adapt.stats import LayerStats, NormState, pack_state, unpack_state
from fewpix.calibration.file import Calibration
from fewpix.calibration.lookup import Calibrated
from fewpix.errors import GuardError
from fewpix.serve.models import Models
from fewpix.serve.settings import Settings
from grey_encoder import Grey
from service_cameras import add, events, push, visit, wait
from tiny_service import Caller, Tiles, face, files, png, service

pytestmark = [pytest.mark.needs("serve"), pytest.mark.needs("torch")]
STATE = NormState(
    "0" * 64, "prior", 0.5, 64, "2026-01-01", "gate", {"l": LayerStats(np.zeros(2), np.ones(2), 64)}
)


class Under(Grey):
    state_id = STATE.id


def opening(*tracks: Calibrated) -> Any:
    """Models of which one can be adapted, and what is known of tracks."""

    def open_them(settings: Settings) -> Models:
        return Models(
            *(Tiles(), Grey(), None, "there is none"),
            tracks=tracks,
            reopen=lambda state: Under(),
            student=Path("w"),
        )

    return open_them


def calibrated() -> Calibrated:
    """Rates of tracks under the state, and under no other."""
    values = data()
    sizes = [size(pixels, 0.0) | {"sights": sights} for pixels in (32, 112) for sights in (1, 8)]
    values["encoders"] = [{"name": "grey", "sha256": "0" * 64, "state_id": STATE.id, "sizes": sizes}]
    values["gallery_encoder"] = {"name": "grey", "sha256": "0" * 64, "state_id": ""}
    return Calibrated(Calibration.model_validate(values))


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[NormState | GuardError]:
    """What estimating a state gives, in turn; then always the same."""
    found: list[NormState | GuardError] = []

    def adapt(weights: Path, crops: Any, *, pixels: Any, source: str) -> NormState:
        assert (weights, source) == (Path("w"), "gate")
        answer = found.pop(0) if found else STATE
        if isinstance(answer, GuardError):
            raise answer
        return answer

    monkeypatch.setattr("fewpix.identify.learning.adapt_to", adapt)
    monkeypatch.setattr("fewpix.identify.learning.APART", 0.0)
    monkeypatch.setattr("fewpix.identify.learning.FIRST", 4)
    return found


def adaptation(caller: Caller) -> dict[str, Any]:
    return dict(caller.get("/v1/cameras/gate").json()["adaptation"])


def nobody_is_there(caller: Caller) -> None:
    wait(lambda: all(each["stage"] == "ended" for each in events(caller)))


def test_a_state_is_learned_and_used_by_who_names_by_a_score(
    tmp_path: Path, answers: list[NormState | GuardError]
) -> None:
    answers.append(GuardError("they are one person's faces"))
    with service(tmp_path, open_them=opening()) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        caller.enrol("staff", "Ada", png(face(1)))
        add(caller, adapt=True)
        assert adaptation(caller)["state"] is None
        caller.problem(404, "no-state", "GET", "/v1/cameras/gate/state")
        push(caller, 1, frames=5)
        wait(lambda: adaptation(caller)["why"] == "they are one person's faces")
        assert adaptation(caller)["learning"] is True
        push(caller, 1, 2, frames=3)
        wait(lambda: adaptation(caller)["state"] == STATE.id)
        told = adaptation(caller)
        assert (told["in_use"], told["learned_from"], told["drift"]) == (True, 64, None)
        assert told["learned"] is not None
        assert told["due"] > told["faces"] / 2
        nobody_is_there(caller)
        event = visit(caller, 1)[0]
        assert (event["state"], event["decision"]) == (STATE.id, "Ada")
        kept = caller.get("/v1/cameras/gate/state")
        assert unpack_state(kept.content, "kept").id == STATE.id
    with service(tmp_path, open_them=opening()) as caller:
        wait(lambda: adaptation(caller)["in_use"])
        assert adaptation(caller)["faces"] == 0
        assert visit(caller, 1, frames=3)[0]["state"] == STATE.id
        gone = caller.post("/v1/cameras/gate/reset").json()["adaptation"]
        assert (gone["state"], gone["in_use"]) == (None, False)
        caller.problem(404, "no-state", "GET", "/v1/cameras/gate/state")
        assert b"fewpix_state" not in (tmp_path / "service.db").read_bytes()


def test_a_state_whose_rates_are_unknown_names_nobody_and_is_not_used(
    tmp_path: Path, answers: list[NormState | GuardError]
) -> None:
    with service(tmp_path, open_them=opening()) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        caller.enrol("staff", "Ada", png(face(1)))
        add(caller, adapt=True, threshold=None)
        push(caller, 1, frames=5)
        wait(lambda: adaptation(caller)["state"] == STATE.id)
        told = adaptation(caller)
        assert (told["in_use"], told["learning"]) == (False, True)
        assert "no calibration was measured under this state" in told["why"]
        nobody_is_there(caller)
        event = visit(caller, 1)[0]
        assert (event["state"], event["verdict"]) == ("", "undecided")
    # With a calibration that was measured under it, it is used from the start on, and stays as it is.
    with service(tmp_path, open_them=opening(calibrated())) as caller:
        wait(lambda: adaptation(caller)["in_use"])
        told = adaptation(caller)
        assert told["learning"] is False
        assert "stays as it is" in told["why"]
        assert caller.get("/v1/cameras/gate").json()["rule"] == "FPIR 0.01"
        event = visit(caller, 1)[0]
        assert (event["state"], event["verdict"], event["decision"]) == (STATE.id, "named", "Ada")
        assert (event["wanted_fpir"], event["fpir"] <= 0.01) == (0.01, True)
        caller.problem(409, "not-learning", "POST", "/v1/cameras/gate/adapt")
        caller.post("/v1/cameras/gate/reset")
        wait(lambda: adaptation(caller)["learning"])
        assert visit(caller, 1)[0]["decision"] is None
    assert len(answers) == 0


def test_a_state_is_tried_when_it_is_asked_for(tmp_path: Path, answers: list[NormState | GuardError]) -> None:
    answers += [GuardError("2 faces are too few to adapt to"), STATE]
    with service(tmp_path, open_them=opening()) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        add(caller, adapt=True)
        push(caller, 1, frames=3)
        wait(lambda: adaptation(caller)["faces"] >= 2)
        refused = caller.problem(409, "guard", "POST", "/v1/cameras/gate/adapt")
        assert "too few" in refused["detail"]
        assert caller.post("/v1/cameras/gate/adapt").json()["adaptation"]["state"] == STATE.id
        caller.patch("/v1/cameras/gate", json={"adapt": False})
        caller.problem(409, "not-learning", "POST", "/v1/cameras/gate/adapt")
        assert adaptation(caller)["state"] == STATE.id
        wait(lambda: events(caller, stage="ended"))


def test_a_model_that_cannot_be_adapted_is_told(caller: Caller) -> None:
    add(caller, adapt=True)
    push(caller, 1, frames=1)
    told = adaptation(caller)
    assert (told["learning"], told["why"]) == (False, "the model of this service cannot be adapted")


def test_a_state_is_estimated_from_pictures_that_are_sent(
    tmp_path: Path, answers: list[NormState | GuardError]
) -> None:
    answers += [GuardError("2 faces are too few to adapt to"), STATE]
    with service(tmp_path, open_them=opening()) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        caller.enrol("staff", "Ada", png(face(1)))
        add(caller)
        place = "/v1/cameras/gate/state"
        refused = caller.problem(409, "guard", "POST", place, files=files(png(face(1), face(2))))
        assert refused["fix"].startswith("send more faces")
        caller.problem(422, "picture", "POST", place, files=files(b"no picture"))
        caller.problem(
            422, "input", "POST", place, params={"crops": True}, files=files(png(face(1), face(2)))
        )
        caller.problem(404, "no-camera", "POST", "/v1/cameras/none/state", files=files(png(face(1))))
        assert adaptation(caller)["state"] is None
        key = {"Idempotency-Key": "adapt"}
        for _ in range(2):
            done = caller.post(place, files=files(png(face(1), face(2))), headers=key)
            assert (done.status_code, done.json()["adaptation"]["state"]) == (200, STATE.id)
        wait(lambda: adaptation(caller)["in_use"])
        told = adaptation(caller)
        assert (told["mode"], told["source"], told["forced"], told["refused"]) == ("prior", "gate", [], None)
        assert (told["learning"], told["learned_from"]) == (False, 64)
        assert visit(caller, 1, frames=3)[0]["state"] == STATE.id
        entry = caller.get("/v1/audit").json()["entries"][0]
        assert (entry["action"], entry["subject"], entry["counts"]) == ("camera.adapt", "gate", {"faces": 64})
    with service(tmp_path / "other") as caller:  # whose model is not one that is adapted
        caller.post("/v1/collections", json={"name": "staff"})
        add(caller)
        caller.problem(409, "not-learning", "POST", place, files=files(png(face(1))))


def test_a_state_is_given_out_and_put_in_elsewhere(tmp_path: Path) -> None:
    forced = replace(STATE, forced=("one person's faces",))
    octets = {"Content-Type": "application/octet-stream"}
    place = "/v1/cameras/gate/state"
    with service(tmp_path, open_them=opening()) as caller:
        caller.post("/v1/collections", json={"name": "staff"})
        caller.enrol("staff", "Ada", png(face(1)))
        add(caller)
        assert caller.put(place, content=pack_state(forced), headers=octets).status_code == 200
        wait(lambda: adaptation(caller)["in_use"])
        assert adaptation(caller)["forced"] == ["one person's faces"]
        given = caller.get(place).content
        assert given == pack_state(forced)
        other = replace(STATE, model_sha256="1" * 64)
        refused = caller.problem(422, "input", "PUT", place, content=pack_state(other), headers=octets)
        assert "another model" in refused["detail"]
        caller.problem(422, "input", "PUT", place, content=b"no state", headers=octets)
        caller.problem(400, "body", "PUT", place, content=b"", headers=octets)
        caller.problem(404, "no-camera", "PUT", "/v1/cameras/none/state", content=given, headers=octets)
        sent = {"files": [("file", ("a", given)), ("file", ("b", given))]}
        caller.problem(422, "input", "PUT", place, **sent)
        assert caller.get(place).content == given
        add(caller, "yard")
        assert caller.put("/v1/cameras/yard/state", files={"file": ("s", given)}).status_code == 200
        assert caller.get("/v1/cameras/yard/state").content == given
        assert caller.post("/v1/cameras/gate/reset").json()["adaptation"]["state"] is None
        caller.problem(404, "no-state", "GET", place)

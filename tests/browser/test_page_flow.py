"""The page in a real browser: enrol, identify, unknown, delete; by mouse, and by the keyboard alone."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fewpix.client import Client
from project import ROOT
from served import served
from tile_film import walk
from tiny_service import face, png

pytestmark = [pytest.mark.slow, pytest.mark.needs("serve", "browser")]

PATIENCE = 60_000  # ms

AXE = ROOT / "tests" / "browser" / "axe" / "axe.min.js"
"""axe-core 4.14.1 (MPL-2.0), unchanged, for this test only."""

FAULTS = """axe => axe.run(document, {resultTypes: ["violations"]}).then(found =>
  found.violations.map(each => `${each.impact}: ${each.id}: ${each.nodes[0].html}`))"""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    """The page of an empty service; in the end it must have said no error and asked nobody else."""
    from playwright.sync_api import sync_playwright

    with served(tmp_path / "data") as (_, address), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            shown = browser.new_page()
            shown.set_default_timeout(PATIENCE)
            wrong: list[str] = []
            shown.on("pageerror", lambda error: wrong.append(str(error)))
            shown.on(
                "console",
                lambda said: wrong.append(f"{said.text} {said.location}") if _is_wrong(said) else None,
            )
            asked: list[str] = []
            shown.on("request", lambda request: asked.append(request.url))
            shown.goto(address)
            yield shown
            sys.stdout.write(f"{shown.url}\n{shown.locator('body').inner_text()}\n")  # told beside a failure
            assert wrong == []
            assert asked
            own = (address, f"blob:{address}")
            assert [url for url in asked if not url.startswith(own)] == []
        finally:
            browser.close()


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, str]:
    """Two photos of Ada, and a picture of her beside a stranger."""
    made = {"first": png(face(1)), "second": png(face(1, 1)), "scene": png(face(1, 2), face(7))}
    for name, data in made.items():
        (tmp_path / f"{name}.png").write_bytes(data)
    return {name: str(tmp_path / f"{name}.png") for name in made}


def test_enrol_identify_unknown_delete(page: Any, pictures: dict[str, str]) -> None:
    page.get_by_label("New collection").fill("staff")
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("heading", name="Who is in this picture?").wait_for()

    page.get_by_role("link", name="Enrol", exact=True).click()
    page.set_input_files("main input[type=file]", [pictures["first"], pictures["second"], pictures["scene"]])
    page.get_by_label("Whom do the photos show?").fill("Ada")
    page.get_by_label("Keep the faces' pixels").check()
    page.get_by_role("button", name="Enrol 3 photos").click()
    page.get_by_text("2 enrolled, 1 refused").first.wait_for()
    refused = page.locator("li.refused")
    assert "scene.png" in refused.inner_text()
    assert "What helps" in refused.inner_text()

    page.get_by_role("link", name="Identify", exact=True).click()
    page.get_by_label("Name a face when strangers").select_option(label="decide by the score instead")
    page.get_by_label("Name a face when its score reaches").fill("0.9")
    page.set_input_files("main input[type=file]", pictures["scene"])
    page.get_by_role("heading", name="2 faces, 1 is named").wait_for()
    assert page.locator("article.named h3").inner_text() == "1. Ada"
    assert "below the threshold" in page.locator("article.unknown").inner_text().lower()
    assert page.locator("canvas.crop").first.evaluate("canvas => canvas.width") == 100
    page.get_by_role("button", name="Face 2: Unknown, 100 px").click()
    assert page.evaluate("document.activeElement.textContent") == "2. Unknown"

    page.get_by_role("button", name="Enrol this face (2)").click()
    page.get_by_label("Whom do the photos show?").fill("Bob")
    page.get_by_role("button", name="Enrol 1 photo").wait_for()

    page.get_by_role("link", name="People", exact=True).click()
    page.get_by_label("Search people by name").fill("AD")
    page.get_by_role("link", name="Ada", exact=True).click()
    page.get_by_role("img", name="Ada, first.png").wait_for()
    assert page.locator("ul.photos > li").count() == 2
    page.get_by_role("button", name="Delete this person").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Delete this person").click()
    page.get_by_role("button", name="Delete for ever").click()
    page.get_by_role("heading", name="Ada was deleted").wait_for()
    page.get_by_role("link", name="People", exact=True).click()
    page.get_by_text("Nobody is enrolled in this collection yet.").wait_for()


@pytest.mark.needs("video")
def test_a_film_is_sent_and_its_tracks_come(page: Any, tmp_path: Path) -> None:
    (tmp_path / "door.mp4").write_bytes(walk(1, 2, rest=15))
    page.get_by_label("New collection").fill("staff")
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("link", name="Video", exact=True).click()
    page.get_by_text("No film was sent yet.").wait_for()
    page.get_by_label("Keep up to three pictures").check()
    page.set_input_files("main input[type=file]", str(tmp_path / "door.mp4"))
    page.get_by_role("heading", name="door.mp4").wait_for()
    page.get_by_text("2 tracks in 31 frames").wait_for()
    assert page.locator("ol > li").count() == 2
    assert "There is no calibration" in page.locator("main").inner_text()
    assert faults(page) == []
    page.get_by_role("main").get_by_role("link", name="Events").click()
    page.get_by_text("2 events shown").wait_for()
    page.get_by_role("img", name="Sight 3 of").first.wait_for()
    assert page.get_by_role("listitem").filter(has_text="door.mp4").count() == 2
    assert faults(page) == []
    page.get_by_role("link", name="Back to the film").click()
    page.get_by_text("2 tracks in 31 frames").wait_for()
    page.get_by_role("link", name="All films").click()
    page.get_by_role("link", name="door.mp4").click()
    page.get_by_role("heading", name="door.mp4").wait_for()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for ever").click()
    page.get_by_text("No film was sent yet.").wait_for()
    (tmp_path / "notes.txt").write_text("no film")
    page.set_input_files("main input[type=file]", str(tmp_path / "notes.txt"))
    page.get_by_text("Try again").wait_for()


def test_by_the_keyboard_alone(page: Any, pictures: dict[str, str]) -> None:
    press, write = page.keyboard.press, page.keyboard.type

    def reach(name: str, backwards: bool = False) -> None:
        """Go on by Tab until something of this name has the focus, and it must be seen."""
        for _ in range(60):
            press("Shift+Tab" if backwards else "Tab")
            now = page.locator(":focus")
            if now.count() and name in _name(now):
                assert now.evaluate("each => each.matches(':focus-visible')")
                return
        raise AssertionError(f"Tab never reached {name}")

    page.get_by_label("New collection").wait_for()
    press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    press("Enter")
    reach("New collection")
    write("staff")
    press("Enter")
    page.get_by_role("heading", name="Who is in this picture?").wait_for()

    reach("Enrol", backwards=True)
    press("Enter")
    page.get_by_role("heading", name="Enrol photos").wait_for()
    reach("Choose pictures")
    with page.expect_file_chooser() as chooser:
        press("Enter")
    chooser.value.set_files([pictures["first"]])
    page.get_by_role("button", name="Enrol 1 photo").wait_for()
    write("Ada")  # the field has the focus, since there is no name yet
    press("Enter")
    page.get_by_text("1 enrolled").first.wait_for()

    reach("People", backwards=True)
    press("Enter")
    page.get_by_role("link", name="Ada", exact=True).wait_for()
    reach("Ada")
    if page.locator(":focus").get_attribute("type") == "checkbox":
        press("Tab")
    press("Enter")
    page.get_by_role("heading", name="Ada").wait_for()
    reach("Delete this person")
    press("Enter")
    page.get_by_role("dialog").wait_for()
    press("Escape")
    assert "Delete this person" in _name(page.locator(":focus"))
    press("Enter")
    reach("Delete for ever")
    press("Enter")
    page.get_by_role("heading", name="Ada was deleted").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Ada was deleted"


def test_a_camera_is_added_watched_and_deleted(page: Any, pictures: dict[str, str]) -> None:
    """Frames are sent while the page is open: boxes, events as they happen, and pictures of them."""
    address = page.url.split("/#")[0].rstrip("/")
    page.get_by_label("New collection").fill("staff")
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("heading", name="Who is in this picture?").wait_for()
    with Client(address) as client:
        client.collection("staff").enrol("Ada", [png(face(1))])
        page.get_by_role("link", name="Cameras", exact=True).click()
        page.get_by_text("No camera is followed yet.").wait_for()
        page.get_by_role("button", name="Add a camera").first.click()
        page.get_by_label("Name (small letters").fill("gate")
        page.get_by_label("Name a face when strangers").select_option(label="decide by the score instead")
        page.get_by_label("Name a face when its score reaches").fill("0.9")
        page.get_by_label("Keep up to three pictures").check()
        page.get_by_role("button", name="Add it").click()
        page.get_by_role("link", name="gate", exact=True).click()
        page.get_by_text("No frame was sent yet.").wait_for()
        gate = client.camera("gate")
        assert gate.state()["threshold"] == 0.9
        gate.push(png(face(7)))
        page.get_by_role("img", name="What the camera gate saw last").wait_for()
        page.get_by_text("100 × 100 px").wait_for()
        assert faults(page) == []

        page.get_by_role("link", name="Events", exact=True).first.click()
        page.get_by_text("live", exact=True).wait_for()
        for n in range(8):
            gate.push(png(face(1, n), face(7, n)))
            time.sleep(0.11)
        named = page.locator("ul.events li", has=page.get_by_role("link", name="Ada", exact=True))
        named.get_by_text("named", exact=True).wait_for()
        page.locator("ul.events li", has_text="Unknown").first.wait_for()
        named.get_by_role("img", name="Sight 3 of Ada").wait_for()
        assert faults(page) == []
        page.get_by_label("Decision").select_option(label="named")
        page.get_by_text("1 event shown").wait_for()
        named.get_by_role("button", name="Delete the event").click()
        page.get_by_role("button", name="Delete for ever").click()
        page.get_by_text("No event fits.").wait_for()

        page.get_by_role("link", name="Cameras", exact=True).first.click()
        page.get_by_role("button", name="Stop the camera gate").click()
        page.get_by_text("Stopped: nothing is looked at.").wait_for()
        page.get_by_role("link", name="gate", exact=True).click()
        page.get_by_role("button", name="Delete this camera").click()
        page.get_by_label("Write gate to confirm").fill("gate")
        page.get_by_role("button", name="Delete for ever").click()
        page.get_by_text("No camera is followed yet.").wait_for()
        assert client.cameras() == []


def test_unknown_people_are_reviewed_by_the_keyboard(page: Any) -> None:
    """Two who came back: one is named, the other ignored and taken back; a wrong name is put right."""
    address = page.url.split("/#")[0].rstrip("/")
    page.get_by_label("New collection").fill("staff")
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("heading", name="Who is in this picture?").wait_for()
    press = page.keyboard.press
    with Client(address) as client:
        staff = client.collection("staff")
        staff.enrol("Ada", [png(face(1))])
        gate = client.add_camera("gate", "staff", threshold=0.6, store_crops=True, store_templates=True)
        while gate.state()["rule"] is None:
            time.sleep(0.05)

        def came(*people: int) -> None:
            before = len(list(client.events(stage="ended")))
            for n in range(5):
                gate.push(png(*(face(each, n) for each in people)))
                time.sleep(0.11)
            while len(list(client.events(stage="ended"))) < before + len(people):
                time.sleep(0.05)

        came(7, 8)
        came(1)
        came(8)
        came(7)
        page.get_by_role("link", name="Review", exact=True).click()
        page.get_by_text("2 unknown people shown").wait_for()
        first = page.get_by_role("listitem").filter(
            has=page.get_by_role("button", name="Name unknown person 1")
        )
        first.get_by_role("img", name="Sight 5 of unknown person 1").wait_for()
        assert "Seen 2 times" in first.inner_text()
        assert faults(page) == []

        page.get_by_role("button", name="Ignore unknown person 2").focus()
        press("Enter")
        page.get_by_text("1 unknown person shown").wait_for()
        assert page.evaluate("document.activeElement.textContent") == "Seen 2 times"
        page.get_by_role("combobox", name="Unknown people").select_option(label="ignored")
        page.get_by_role("button", name="No longer ignore unknown person 2").focus()
        press("Space")
        page.get_by_text("Nobody is ignored.").wait_for()

        page.get_by_role("combobox", name="Unknown people").select_option(label="all")
        page.get_by_text("2 unknown people shown").wait_for()
        for number in (1, 2):
            page.get_by_label(f"Select unknown person {number}").focus()
            press("Space")
        page.get_by_role("button", name="These are one person").focus()
        press("Enter")
        page.get_by_text("2 groups are one now.").first.wait_for()
        page.get_by_role("heading", name="Seen 4 times").wait_for()
        (group,) = staff.review.groups()
        page.get_by_role("link", name=f"Events of unknown person {group.id}").click()
        page.get_by_text("4 events shown").wait_for()
        page.get_by_role("button", name=re.compile("is somebody else")).first.click()
        page.get_by_text("3 events shown").wait_for()
        assert sorted(each.sightings for each in staff.review.groups()) == [1, 3]

        page.get_by_role("link", name="Events", exact=True).click()
        page.get_by_role("button", name=re.compile("this is not Ada")).click()
        page.get_by_role("button", name="It is somebody else").click()
        page.get_by_role("link", name="Review", exact=True).click()
        page.get_by_role("link", name="Not Ada").wait_for()
        assert faults(page) == []
        page.get_by_role("button", name=re.compile("Take back: not Ada")).focus()
        press("Enter")
        page.get_by_text("The correction of Ada was taken back.").first.wait_for()
        assert list(staff.review.corrections()) == []

        page.get_by_role("button", name=re.compile("^Name unknown person")).first.focus()
        press("Enter")
        page.get_by_label("Who is it?").wait_for()
        page.keyboard.type("Zaphod")
        page.get_by_label("Take sights that are poor").check()
        press("Enter")
        page.locator("main .notice").first.wait_for()
        told = page.locator("main .notice").first.inner_text()
        page.get_by_text("Zaphod was enrolled with").first.wait_for()
        assert [each.name for each in staff.people()] == ["Ada", "Zaphod"], told


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(page: Any, pictures: dict[str, str], scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.get_by_label("New collection").fill("staff")
    assert faults(page) == []
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("heading", name="Who is in this picture?").wait_for()
    for view in (
        "people",
        "enrol",
        "identify",
        "video",
        "cameras",
        "events",
        "review",
        "compare",
        "system",
        "help",
    ):
        page.locator(f'nav a[href="#/{view}"]').click()
        page.locator(f'nav a[href="#/{view}"][aria-current="page"]').wait_for()
        if view in ("enrol", "identify"):
            page.set_input_files("main input[type=file]", pictures["first"])
        if view == "enrol":
            page.get_by_label("Whom do the photos show?").fill("Ada")
            page.get_by_role("button", name="Enrol 1 photo").click()
            page.get_by_text("1 enrolled").first.wait_for()
        if view == "identify":
            page.locator("article.face").wait_for()
        page.locator("main .loading").first.wait_for(state="detached")
        assert faults(page) == []


def faults(page: Any) -> list[str]:
    """What axe finds on the page as it is."""
    found = page.evaluate(f"{AXE.read_text(encoding='utf-8')}; ({FAULTS})(axe)")
    return list(found)


def _is_wrong(said: Any) -> bool:
    """Whether it is an error; answers that refuse something, which the page shows, are none."""
    refused = re.match(r"Failed to load resource: .* status of (409|422|503)", said.text)
    return said.type == "error" and not refused


def _name(focused: Any) -> str:
    """What something is called to who cannot see it, near enough."""
    found = focused.evaluate(
        "each => each.getAttribute('aria-label') ?? ([...(each.labels ?? [])]"
        ".map(label => label.textContent).join(' ') || each.textContent)"
    )
    return str(found)

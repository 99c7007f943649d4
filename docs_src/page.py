"""Draw the pictures of docs/page.md: the page of the service with the sample faces.

It needs Playwright and a Chromium. Run it in a folder with `sample/` (`python docs_src/sample_faces.py`, then
`python docs_src/film_page.py`), which it leaves as it is, and name the folder for page.png, review.png and
review_phone.png:

    python docs_src/page.py docs
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Browser, sync_playwright

NAMES = ("Ada", "Blaise", "Carl", "Dorothy", "Emmy", "Felix", "Grace", "Henri")
STRANGERS = (4.0, 15.0, 30.0, 43.0)
"""Seconds of sample/gate.mp4 at which people come who are not enrolled; see docs_src/film_page.py."""

WIDE, PHONE = {"width": 1200, "height": 1010}, {"width": 390, "height": 844}


def main(folder: str) -> None:
    """Serve a collection of the sample's people, look at a picture and a film, and keep what is seen."""
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-m", "fewpix", "serve", "--data", data, "--port", "0", "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
            try:
                assert service.stdout is not None
                address = json.loads(service.stdout.readline())["address"]
                with httpx2.Client(base_url=address, timeout=120) as client:
                    enrol(client)
                    look_at_film(client)
                shoot(address.removesuffix("v1/"), Path(folder))
            finally:
                service.terminate()


def enrol(client: httpx2.Client) -> None:
    """Everybody of the sample, under made names."""
    while client.get("ready").status_code != 200:
        time.sleep(0.5)
    client.post("collections", json={"name": "staff"}).raise_for_status()
    for name, person in zip(NAMES, sorted(Path("sample/photos").iterdir()), strict=True):
        photos = [("picture", (each.name, each.read_bytes())) for each in sorted(person.iterdir())]
        options = {"name": name, "keep": True}
        client.post("collections/staff/photos", params=options, files=photos).raise_for_status()


def look_at_film(client: httpx2.Client) -> None:
    """A minute at a gate, where two strangers come twice; a name that one of them got is said to be wrong."""
    film = {"film": ("gate.mp4", Path("sample/gate.mp4").read_bytes())}
    options = {"fpir": 0.05, "store_templates": True, "store_crops": True}
    sent = client.post("collections/staff/videos", params=options, files=film)
    sent.raise_for_status()
    job = sent.json()["id"]
    while client.get(f"jobs/{job}").json()["state"] in ("waiting", "running"):
        time.sleep(0.5)
    for event in client.get("events", params={"job": job, "verdict": "named"}).json()["events"]:
        if event["first"] in STRANGERS:
            client.post(f"events/{event['id']}/deny").raise_for_status()


def shoot(address: str, folder: Path) -> None:
    """The verdicts on a frame, and the strangers of the film, as a browser shows them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=WIDE, color_scheme="light")
        page.goto(address)
        page.set_input_files("main input[type=file]", "sample/frame.png")
        page.wait_for_selector(".card.face")
        page.screenshot(path=folder / "page.png")
        review(browser, address, folder / "review.png", WIDE, "light")
        review(browser, address, folder / "review_phone.png", PHONE, "dark")
        browser.close()


def review(browser: Browser, address: str, target: Path, size: Any, scheme: Any) -> None:
    """The view "Review" when all its pictures are there."""
    page = browser.new_page(viewport=size, color_scheme=scheme)
    page.goto(f"{address}#/review")
    page.get_by_role("combobox", name="Unknown people").select_option(label="all")
    page.locator(".strangers .card").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=target)


if __name__ == "__main__":
    main(sys.argv[1])

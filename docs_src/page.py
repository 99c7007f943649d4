"""Draw docs/page.png: the page of the service with the sample faces; needs Playwright and a Chromium.

Run it in a folder with `sample/` (`python docs_src/sample_faces.py`), which it leaves as it is:

    python docs_src/page.py docs/page.png
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2
from playwright.sync_api import sync_playwright

NAMES = ("Ada", "Blaise", "Carl", "Dorothy", "Emmy", "Felix", "Grace", "Henri")


def main(target: str) -> None:
    """Serve a collection of the sample's people, look at its frame, and keep what is seen."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "fewpix", "serve", "--data", folder, "--port", "0", "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
            try:
                assert service.stdout is not None
                address = json.loads(service.stdout.readline())["address"]
                enrol(address)
                shoot(address.removesuffix("v1/"), target)
            finally:
                service.terminate()


def enrol(address: str) -> None:
    """Everybody of the sample, under made names."""
    with httpx2.Client(base_url=address, timeout=120) as client:
        while client.get("ready").status_code != 200:
            time.sleep(0.5)
        client.post("collections", json={"name": "staff"}).raise_for_status()
        for name, person in zip(NAMES, sorted(Path("sample/photos").iterdir()), strict=True):
            photos = [("picture", (each.name, each.read_bytes())) for each in sorted(person.iterdir())]
            options = {"name": name, "keep": True}
            client.post("collections/staff/photos", params=options, files=photos).raise_for_status()


def shoot(address: str, target: str) -> None:
    """The verdicts on a frame, as a browser shows them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 1010}, color_scheme="light")
        page.goto(address)
        page.set_input_files("main input[type=file]", "sample/frame.png")
        page.wait_for_selector(".card.face")
        page.screenshot(path=target)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])

"""README's list of the sources is the folders of the package."""

from __future__ import annotations

import re

from project import ROOT, SOURCE


def test_every_folder_of_the_package_is_in_the_readme_once() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = text.split("in the order in which data flows:\n\n```\n")[1].split("```")[0]
    listed = re.findall(r"^(\w+)/ ", tree, re.MULTILINE)
    # recipes/ and weights/ hold no code
    folders = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert sorted(listed) == sorted(folders)

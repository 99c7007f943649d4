"""Where fewpix keeps what it may rebuild: the user cache. There is no other global setting."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_dir() -> Path:
    """The folder for folded teachers and cached embeddings: `FEWPIX_CACHE`, or the platform's cache."""
    override = os.environ.get("FEWPIX_CACHE")
    if override:
        return Path(override).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "fewpix"


def gallery_location() -> str:
    """The gallery that commands use when none is named: `FEWPIX_GALLERY`, else `./fewpix.db`."""
    return os.environ.get("FEWPIX_GALLERY") or "fewpix.db"

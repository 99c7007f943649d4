"""How many cores there are to keep busy."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Cores this process may use, which in a container are often fewer than the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

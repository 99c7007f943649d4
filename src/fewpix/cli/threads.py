"""How a long computation gets along with the other programs on its cores."""

from __future__ import annotations

import os


def share_cores() -> None:
    """Let torch's threads sleep while they wait for one another; to be called before torch is imported.

    They spin otherwise. Where other programs want the same cores, that makes a step several times as long;
    sleeping costs a few percent where they do not. The user's own OMP_WAIT_POLICY is kept.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

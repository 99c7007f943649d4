"""How a long computation gets along with the other programs on its cores, and with the memory."""

from __future__ import annotations

import os


def prepare_torch() -> None:
    """Have torch's threads sleep while they wait, and its tensors in large pages; before torch is imported.

    Threads that wait for one another spin otherwise. Where other programs want the same cores, that makes a
    step several times as long; sleeping costs a few percent where they do not. Large pages: a step of
    training makes and drops gigabytes of feature maps, and handing them out in pages of 4 KB takes time of
    its own. The user's own OMP_WAIT_POLICY and THP_MEM_ALLOC_ENABLE are kept.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

"""How a long computation gets along with the other programs on its cores, and with the memory."""

from __future__ import annotations

import ctypes
import os

# glibc's names for mallopt, from malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_LARGEST = 2**31 - 1


def prepare_torch() -> None:
    """Have torch's threads sleep while they wait, and its tensors in large pages; before torch is imported.

    Threads that wait for one another spin otherwise. Where other programs want the same cores, that makes a
    step several times as long; sleeping costs a few percent where they do not. Large pages: a step of
    training makes and drops gigabytes of feature maps, and handing them out in pages of 4 KB takes time of
    its own. Memory that is freed stays with the process: see `keep_freed_memory`. The user's own
    OMP_WAIT_POLICY and THP_MEM_ALLOC_ENABLE are kept.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    keep_freed_memory()


def keep_freed_memory() -> bool:
    """Have this process keep the memory that it frees, to use it again.

    glibc gives a large block back to the system when it is freed, and the next one is filled with zeros by
    the system, page by page. A training step frees and takes gigabytes, and spent a third of its time so. The
    price: the process stays as large as it once was. The user's own MALLOC_ variables are kept.

    Returns:
        Whether anything was done: only with glibc, and without MALLOC_ variables of the user.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # not Linux, or another libc
        return False
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, _LARGEST), (_TOP_PAD, 2**28))
    return all(mallopt(name, value) == 1 for name, value in settings)

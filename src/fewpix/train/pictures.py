"""Sharp pictures of views in a device's memory, decoded once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fewpix.data.views import Views

_CHUNK = 1024


class Pictures:
    """Every view as (3, s, s) uint8, blue first; a view and its mirror image share one picture.

    Memory: 3·s² bytes per picture, 38 kB at 112 px.

    Args:
        views: whose pictures.
        device: where they are kept.

    Raises:
        ImageError: one is not a picture.
        InputError: one is not square.
    """

    def __init__(self, views: Views, device: torch.device) -> None:
        plain = [replace(view, flip=False) for view in views.items]
        places = {view: n for n, view in enumerate(dict.fromkeys(plain))}
        self._device = device
        self._flip = torch.tensor([view.flip for view in views.items], device=device)
        sides = np.zeros(len(places), dtype=np.int64)
        rows = np.zeros(len(places), dtype=np.int64)
        parts: dict[int, list[Tensor]] = {}
        counts: dict[int, int] = {}
        pictures = list(places)
        # OpenCV decodes without Python's lock.
        with ThreadPoolExecutor(min(16, os.cpu_count() or 1), "decode") as pool:
            for first in range(0, len(pictures), _CHUNK):
                chunk = pictures[first : first + _CHUNK]
                held: dict[int, list[NDArray[np.uint8]]] = {}
                crops = pool.map(lambda view: view.render(views.faces), chunk)
                for n, crop in enumerate(crops, first):
                    side = crop.shape[0]
                    sides[n], rows[n] = side, counts.get(side, 0)
                    counts[side] = int(rows[n]) + 1
                    held.setdefault(side, []).append(crop.transpose(2, 0, 1))
                for side, found in held.items():
                    parts.setdefault(side, []).append(torch.from_numpy(np.stack(found)).to(device))
        self._held = {side: torch.cat(found) for side, found in parts.items()}
        order = np.array([places[view] for view in plain], dtype=np.int64)
        self.sides: NDArray[np.int64] = sides[order]
        self._rows: NDArray[np.int64] = rows[order]

    def take(self, views: NDArray[np.int64]) -> Tensor:
        """Pictures of views of one side.

        Args:
            views: (n,) indices whose `sides` are the same.

        Returns:
            (n, 3, s, s) uint8.
        """
        held = self._held[int(self.sides[views[0]])]
        found = held[torch.from_numpy(self._rows[views]).to(self._device, non_blocking=True)]
        flip = self._flip[torch.from_numpy(views).to(self._device, non_blocking=True)]
        return torch.where(flip[:, None, None, None], found.flip(3), found)

"""Compression of many small crops: the twins of `ops.jpeg`, `compress.photo_jpeg` and `compress.video_frame`.

JPEG as ITU-T T.81 has it, the tables of its Annex K scaled by quality, with the rounding of libjpeg: colour
at half resolution, whole coefficients, colour back to full size by weights of 3/4 and 1/4. Nothing is
entropy coded, since that loses nothing.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fewpix.degrade.compress import BLOCK, MACROBLOCK, ROUNDING, cosines
from fewpix.train.batched.grey import LUMA, mix, pick, whole
from fewpix.train.batched.resample import Bank, doubled, resample

JPEG_BLOCK = 8

_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
"""Tables K.1 and K.2."""

_BLUENESS = (0.5, -0.331264, -0.168736)
_REDNESS = (-0.081312, -0.418688, 0.5)
# libjpeg rounds halves of colour down.
_HALF_DOWN = 0.5 - 2**-16


class Codec:
    """Compresses crops of up to `side` pixels.

    Args:
        side: of the canvases.
        device: where they lie.
    """

    def __init__(self, side: int, device: torch.device) -> None:
        self.largest = _whole_blocks(side + MACROBLOCK - 1)
        self._device = device
        self._doubled = Bank(self.largest, self.largest // 2, doubled, device)
        self._tables = [
            torch.tensor(t, dtype=torch.float32, device=device) for t in (_LUMINANCE, _CHROMINANCE)
        ]
        self._dct = {n: torch.from_numpy(cosines(n)).to(device) for n in (BLOCK, JPEG_BLOCK)}
        # Sums of four are rounded with 1 in even columns and with 2 in odd ones.
        self._down = torch.tensor([1.0, 2.0], device=device).repeat(self.largest // 4)
        # Fancy upsampling rounds x/16 with 8 in even columns and with 7 in odd ones.
        self._up = torch.tensor([8.0, 7.0], device=device).repeat(self.largest // 2) / 16

    def jpeg(self, x: Tensor, sides: Tensor, known: np.ndarray, quality: Tensor) -> Tensor:
        """See `ops.jpeg`.

        Args:
            x: (n, 3, s, s) grey levels.
            sides: (n,) of the faces.
            known: (n,) the same on the host.
            quality: (n,) 1 to 100.
        """
        place = torch.arange(self.largest, device=x.device)
        inside = torch.minimum(place, sides[:, None] - 1)
        out = self._jpeg(pick(x, inside, inside), quality, known)
        return out[..., : x.shape[-1], : x.shape[-1]]

    def photo_jpeg(
        self, x: Tensor, sides: Tensor, known: np.ndarray, quality: Tensor, left: Tensor, top: Tensor
    ) -> Tensor:
        """See `compress.photo_jpeg`; `known` is (3, n): sides, left and top on the host."""
        picture = self._surround(x, sides, left, top)
        return _cut(self._jpeg(picture, quality, _extent(known)), x, left, top)

    def video_frame(
        self, x: Tensor, sides: Tensor, known: np.ndarray, qp: Tensor, left: Tensor, top: Tensor
    ) -> Tensor:
        """See `compress.video_frame`; `known` is (3, n): sides, left and top on the host."""
        picture, extent = self._surround(x, sides, left, top), _extent(known)
        within = torch.from_numpy(extent).to(x.device, non_blocking=True)
        quantiser = 0.625 * 2 ** (qp / 6)
        luma = whole(mix(picture, LUMA))
        red = whole((picture[:, 2] - luma) * 0.713 + 128)
        blue = whole((picture[:, 0] - luma) * 0.564 + 128)
        bright = self._frame(luma[:, None], quantiser, within)
        half = torch.nn.functional.avg_pool2d(torch.stack([red, blue], dim=1), 2)
        half = self._frame(half, quantiser, within // 2)
        colour = whole(resample(half, self._doubled(extent.tolist()))) - 128
        bright = whole(bright[:, 0])
        back = [
            bright + 1.773 * colour[:, 1],
            bright - 0.714 * colour[:, 0] - 0.344 * colour[:, 1],
            bright + 1.403 * colour[:, 0],
        ]
        return _cut(whole(torch.stack(back, dim=1)), x, left, top)

    def _surround(self, x: Tensor, sides: Tensor, left: Tensor, top: Tensor) -> Tensor:
        """The crops inside pictures of whole blocks, mirrored around themselves."""
        place = torch.arange(self.largest, device=x.device)
        length = sides[:, None].long()

        def mirrored(first: Tensor) -> Tensor:
            at = (place - first[:, None].long()) % (2 * length)
            return torch.minimum(at, 2 * length - 1 - at)

        return pick(x, mirrored(top), mirrored(left))

    def _jpeg(self, picture: Tensor, quality: Tensor, extent: np.ndarray) -> Tensor:
        """(n, 3, S, S) of whole blocks, the first `extent` (n,) rows and columns of which are the picture."""
        luma = (mix(picture, LUMA) + 0.5).floor()
        blue = (mix(picture, _BLUENESS) + 128 + _HALF_DOWN).floor()
        red = (mix(picture, _REDNESS) + 128 + _HALF_DOWN).floor()
        sums = 4 * torch.nn.functional.avg_pool2d(torch.stack([blue, red], dim=1), 2)
        half = ((sums + self._down) / 4).floor()
        # Below the picture its last row of colour at half resolution is repeated.
        place = torch.arange(half.shape[-1], device=picture.device).expand(len(half), -1)
        last = torch.from_numpy((extent + 1) // 2 - 1).to(picture.device, non_blocking=True)
        half = pick(half, torch.minimum(place, last[:, None]), place)
        luma, half = self._coded(luma[:, None], quality, 0), self._coded(half, quality, 1)
        colour = (resample(half, self._doubled(extent.tolist())) + self._up).floor() - 128
        blue, red = colour[:, 0], colour[:, 1]
        back = [
            luma[:, 0] + (1.772 * blue + 0.5).floor(),
            luma[:, 0] + (-0.344136 * blue - 0.714136 * red + 0.5).floor(),
            luma[:, 0] + (1.402 * red + 0.5).floor(),
        ]
        return torch.stack(back, dim=1).clamp(0, 255)

    def _coded(self, planes: Tensor, quality: Tensor, table: int) -> Tensor:
        """(n, c, S, S) after quantisation by a table."""
        scale = torch.where(quality < 50, (5000 / quality).floor(), 200 - 2 * quality)
        steps = ((self._tables[table] * scale[:, None, None] + 50) / 100).floor().clamp(1, 255)
        steps = steps[:, None, None, :, None, :]
        # libjpeg rounds its transforms after each pass: to parts of a level first, of a coefficient then.
        found = self._blocks(planes - 128, JPEG_BLOCK, 4 * 8**0.5, 8**0.5 / 4) / (8 * steps)
        kept = found.sign() * (found.abs() + 0.5).floor() * steps
        back = self._unblocks(kept, JPEG_BLOCK, 4 * 8**0.5, 8**0.5 / 32)
        return (back + 128).clamp(0, 255)

    def _frame(self, planes: Tensor, quantiser: Tensor, extent: Tensor) -> Tensor:
        """(n, c, S, S) after quantisation by one step for all frequencies, block edges smoothed."""
        steps = quantiser[:, None, None, None, None, None]
        found = self._blocks(planes, BLOCK) / steps
        kept = found.sign() * (found.abs() + ROUNDING).floor()
        kept[:, :, :, 0, :, 0] = found[:, :, :, 0, :, 0].round()
        out = self._unblocks(kept * steps, BLOCK)
        edges = torch.arange(BLOCK, out.shape[-1], BLOCK, device=out.device)
        inside = (edges < extent[:, None])[:, None, :, None]
        limit = 2 * quantiser[:, None, None, None]
        for turned in (out, out.transpose(2, 3)):
            before, after = turned[:, :, BLOCK - 1 : -1 : BLOCK], turned[:, :, BLOCK::BLOCK]
            jump = after - before
            jump = torch.where(inside & (jump.abs() < limit), jump, 0) / 4
            before += jump
            after -= jump
        return out

    def _blocks(self, planes: Tensor, size: int, first: float = 0, second: float = 0) -> Tensor:
        """(n, c, S/size, size, S/size, size): the cosine transform of every block.

        Rows are transformed first, then columns; where a factor is given, each result is multiplied by it and
        rounded.
        """
        n, c, side, _ = planes.shape
        count, dct = side // size, self._dct[size]
        across = _step(planes.reshape(n, c, side, count, size) @ dct.T, first)
        down = dct @ across.reshape(n, c, count, size, side)
        return _step(down, second).reshape(n, c, count, size, count, size)

    def _unblocks(self, blocks: Tensor, size: int, first: float = 0, second: float = 0) -> Tensor:
        """The inverse of `_blocks`, columns first."""
        n, c, count = blocks.shape[:3]
        dct, side = self._dct[size], count * size
        down = _step(dct.T @ blocks.reshape(n, c, count, size, side), first)
        across = _step(down.reshape(n, c, side, count, size) @ dct, second)
        return across.reshape(n, c, side, side)


def _step(x: Tensor, factor: float) -> Tensor:
    return (x * factor + 0.5).floor() if factor else x


def _whole_blocks(pixels: int) -> int:
    return -(-pixels // MACROBLOCK) * MACROBLOCK


def _extent(known: np.ndarray) -> np.ndarray:
    """(n,) the sides of the pictures around faces, of (3, n): sides, left, top."""
    sides, left, top = known
    return np.asarray(-(-(sides + np.maximum(left, top)) // MACROBLOCK) * MACROBLOCK, dtype=np.int64)


def _cut(picture: Tensor, x: Tensor, left: Tensor, top: Tensor) -> Tensor:
    """The crops out of their pictures, as large as `x`; beyond their own side whatever is there."""
    place = torch.arange(x.shape[-1], device=x.device)
    last = picture.shape[-1] - 1
    rows, columns = ((place + first[:, None].long()).clamp(max=last) for first in (top, left))
    return pick(picture, rows, columns)

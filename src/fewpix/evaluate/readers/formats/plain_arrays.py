"""NumPy arrays in pickles, understood as data: what a pickle would call is known by name and never called.

NumPy describes an array in two ways: by `_reconstruct` and a state of shape, dtype and bytes (protocols 0 to
4), and by `_frombuffer` (protocol 5); a single value by `scalar`. Python 3 writes bytes by `_codecs.encode`
in the protocols of Python 2. NumPy 2 moved its functions from `numpy.core` to `numpy._core`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KNOWN = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}
"""Every module and name that a file may mention."""

_DTYPES = {"u1": np.dtype(np.uint8), "b1": np.dtype(np.bool_)}


@dataclass(frozen=True)
class Name:
    """Stands for one of `KNOWN`."""

    name: str


@dataclass(frozen=True)
class Dtype:
    """Stands for `numpy.dtype(code)`."""

    code: str


@dataclass(eq=False)
class PlainArray:
    """Stands for a NumPy array.

    Args:
        content: of uint8 or bool, read-only; None where the file gave none.
    """

    content: NDArray[np.uint8] | NDArray[np.bool_] | None = None


def result(called: object, given: object) -> object:
    """What a call would give: bytes as a memoryview, a `Dtype`, a `PlainArray`, a bool or an int.

    Raises:
        LookupError: the arguments are not those of the writers above, or the array is of other numbers.
        ValueError: bytes do not fit the shape, or an argument is malformed.
    """
    match called, given:
        case Name("encode"), (str() as text, "latin1"):
            return memoryview(text.encode("latin-1"))
        case Name("dtype"), (str() | memoryview() as code, _, _):
            return Dtype(code if isinstance(code, str) else str(code, "ascii"))  # Python 2 wrote bytes
        case Name("_reconstruct"), (Name("ndarray"), (0,), _):
            return PlainArray()
        case Name("scalar"), (Dtype() as dtype, memoryview() as raw):
            return _viewed(raw, dtype, ())[()].item()
        case Name("_frombuffer"), (memoryview() as raw, Dtype() as dtype, tuple() as shape, _):
            return PlainArray(_viewed(raw, dtype, shape))
    name = called.name if isinstance(called, Name) else "something"
    raise LookupError(f"a call of {name} that NumPy never writes")


def set_state(target: object, state: object) -> None:
    """What setting an object's state would do: fills a `PlainArray`, and leaves a `Dtype` as it is.

    Raises:
        LookupError: the object or its state is not one of the writers above, or the array is of other
            numbers.
        ValueError: bytes do not fit the shape.
    """
    match target, state:
        case PlainArray(), (1, tuple() as shape, Dtype() as dtype, _, memoryview() as raw):
            target.content = _viewed(raw, dtype, shape)
        case Dtype(), (3, _, None, None, None, -1, -1, 0):
            return  # byte order and such: single bytes have none
        case _:
            raise LookupError("a state that NumPy never writes")


def _viewed(
    raw: memoryview, dtype: Dtype, shape: tuple[object, ...]
) -> NDArray[np.uint8] | NDArray[np.bool_]:
    """Bytes as an array, without a copy."""
    sides = [side for side in shape if isinstance(side, int) and side >= 0]
    values = np.frombuffer(raw, np.uint8)
    if dtype.code not in _DTYPES:
        raise LookupError(f"an array of {dtype.code[:20]!r}, not of bytes or truths")
    if len(sides) != len(shape):
        raise ValueError
    if dtype.code == "b1" and values.size and values.max() > 1:
        raise ValueError
    return values.view(_DTYPES[dtype.code]).reshape(sides)

"""Pickles of plain data, read without unpickling: nothing that a file says is imported, called or looked up.

A pickle is a program for a small stack machine, and Python's own reader lets that program call functions. The
machine here knows only what a list of encoded pictures with a list of truths needs: lists, tuples, bytes,
text, small numbers, truths, and NumPy's arrays. All protocols, 0 to 5, as Python 2 and 3 write them; the
opcodes are described in Python's `pickletools`.

What a pickle would call is known by name and never called. NumPy describes an array in two ways: by
`_reconstruct` and a state of shape, dtype and bytes (protocols 0 to 4), and by `_frombuffer` (protocol 5); a
single value by `scalar`. Python 3 writes bytes by `_codecs.encode` in the protocols of Python 2. NumPy 2 has
moved its functions from `numpy.core` to `numpy._core`.

What a file can make this allocate is bounded by a small multiple of its own size: bytes are views of the
file, arrays are views, every object that is made counts against a budget, and the memo is a dictionary, which
no large index can make grow. Nothing recurses, so nothing can be nested too deeply.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fewpix.errors import InputError

_KNOWN = {
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

_BYTES = {b"U"[0]: 1, b"T"[0]: 4, b"C"[0]: 1, b"B"[0]: 4, 0x8E: 8, 0x96: 8}  # opcode: width of the length
_TEXT = {0x8C: 1, b"X"[0]: 4, 0x8D: 8}
_NUMBERS = {b"K"[0]: (1, False), b"M"[0]: (2, False), b"J"[0]: (4, True)}  # opcode: width, signed
_CONSTANTS: dict[int, object] = {b"N"[0]: None, 0x88: True, 0x89: False, b")"[0]: ()}
_TUPLES = {0x85: 1, 0x86: 2, 0x87: 3}
_PUTS, _GETS = {b"q"[0]: 1, b"r"[0]: 4}, {b"h"[0]: 1, b"j"[0]: 4}
_PROTOCOL, _FRAME, _STOP = 0x80, 0x95, b"."[0]
_ESCAPED = re.compile(rb"(?:[^\\]++|\\(?:[\\'\"nrt]|x[0-9a-f]{2}))*+")
_DAMAGE = (LookupError, ValueError, TypeError, OverflowError)
_UNTRUSTED = "do not open it with pickle; get the file from a source that you trust"


@dataclass(eq=False)
class PlainArray:
    """Stands for a NumPy array.

    Args:
        content: of uint8 or bool, read-only; None where the file gave none.
    """

    content: NDArray[np.uint8] | NDArray[np.bool_] | None = None


def load_plain(data: bytes, origin: str) -> object:
    """The one object that a pickle describes.

    Args:
        data: the whole file.
        origin: names it in messages.

    Returns:
        Lists, tuples, ints, bools, None and str; bytes, and what Python 2 called str, as `memoryview` into
        `data`; arrays of uint8 and bool as `PlainArray`. A list may hold itself.

    Raises:
        InputError: the file is cut off or damaged, or holds anything else; the place is named.
    """
    machine = _Machine(data, origin)
    try:
        return machine.run()
    except _DAMAGE as error:
        raise InputError(
            f"{origin} is not a pickle of plain data, or damaged at byte {machine.at}",
            fix="download it again",
        ) from error


class _Machine:
    def __init__(self, data: bytes, origin: str) -> None:
        self.data, self.view, self.origin, self.at = data, memoryview(data), origin, 0
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        # an array takes about 12 of them, a NumPy truth 6, and two pictures a kilobyte at least
        self.budget = 4096 + len(data) // 16
        self.steps: dict[int, Callable[[], None]] = {
            b"]"[0]: lambda: self.push([]),
            b"("[0]: self.mark,
            b"t"[0]: lambda: self.push(tuple(self.marked())),
            b"l"[0]: lambda: self.push(self.marked()),
            b"a"[0]: lambda: self.extend([self.stack.pop()]),
            b"e"[0]: lambda: self.extend(self.marked()),
            b"c"[0]: lambda: self.push(self.named(self.line().decode(), self.line().decode())),
            0x93: self.name_on_stack,
            b"R"[0]: self.call,
            b"b"[0]: self.build,
            b"S"[0]: lambda: self.push(_unescaped(self.line())),
            b"V"[0]: lambda: self.push(self.line().decode("raw_unicode_escape")),
            b"I"[0]: lambda: self.push(_truth_or_number(self.line())),
            b"L"[0]: lambda: self.push(int(self.line().removesuffix(b"L"))),
            0x8A: lambda: self.push(int.from_bytes(self.take(self.number(1)), "little", signed=True)),
            0x94: lambda: self.put(len(self.memo)),
            b"p"[0]: lambda: self.put(int(self.line())),
            b"g"[0]: lambda: self.stack.append(self.memo[int(self.line())]),
        }

    def run(self) -> object:
        while (op := self.take(1)[0]) != _STOP:
            place = self.at - 1
            if op in _BYTES:
                self.push(self.take(self.number(_BYTES[op])))
            elif op in _TEXT:
                self.push(str(self.take(self.number(_TEXT[op])), "utf-8"))
            elif op in _NUMBERS:
                self.stack.append(self.number(*_NUMBERS[op]))
            elif op in _CONSTANTS:
                self.stack.append(_CONSTANTS[op])
            elif op in _TUPLES:
                self.push(tuple(self.popped(len(self.stack) - _TUPLES[op])))
            elif op in _PUTS:
                self.put(self.number(_PUTS[op]))
            elif op in _GETS:
                self.stack.append(self.memo[self.number(_GETS[op])])
            elif op in self.steps:
                self.steps[op]()
            elif op == _PROTOCOL:
                if self.number(1) > 5:
                    raise ValueError
            elif op == _FRAME:
                self.room(self.number(8))
            else:
                raise self.refused(f"the pickle opcode {chr(op)!r} at byte {place}")
        if len(self.stack) != 1 or self.marks or self.at != len(self.data):
            raise ValueError
        return self.stack[0]

    def refused(self, what: str) -> InputError:
        return InputError(
            f"{self.origin} holds {what}, which no list of pictures needs; unpickling it might run code",
            fix=_UNTRUSTED,
        )

    def room(self, size: int) -> None:
        if size > len(self.data) - self.at:
            raise InputError(
                f"{self.origin} is cut off: {size} bytes should follow byte {self.at} of {len(self.data)}",
                fix="download it again",
            )

    def take(self, size: int) -> memoryview:
        """The next bytes, as a view."""
        self.room(size)
        self.at += size
        return self.view[self.at - size : self.at]

    def number(self, width: int, signed: bool = False) -> int:
        return int.from_bytes(self.take(width), "little", signed=signed)

    def line(self) -> bytes:
        """The text up to the next line end, as the oldest protocol writes it."""
        end = self.data.find(b"\n", self.at)
        text = self.take((end if end >= 0 else len(self.data)) - self.at)
        self.take(1)
        return bytes(text)

    def count(self) -> None:
        self.budget -= 1
        if self.budget < 0:
            raise InputError(
                f"{self.origin} asks for more objects than pictures in {len(self.data)} bytes can need",
                fix=_UNTRUSTED,
            )

    def mark(self) -> None:
        self.count()
        self.marks.append(len(self.stack))

    def push(self, value: object) -> None:
        self.count()
        self.stack.append(value)

    def put(self, key: int) -> None:
        self.count()
        self.memo[key] = self.stack[-1]

    def popped(self, start: int) -> list[object]:
        """What lies on the stack from `start` on."""
        if not 0 <= start <= len(self.stack):
            raise ValueError
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def marked(self) -> list[object]:
        """What was pushed since the last mark."""
        return self.popped(self.marks.pop())

    def extend(self, items: list[object]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise TypeError
        target.extend(items)

    def name_on_stack(self) -> None:
        module, name = self.popped(len(self.stack) - 2)
        if not isinstance(name, str) or not isinstance(module, str):
            raise TypeError
        self.push(self.named(module, name))

    def named(self, module: str, name: str) -> Name:
        if (module, name) not in _KNOWN:
            raise self.refused(f"the name {f'{module}.{name}'[:80]!r}")
        return Name(name)

    def call(self) -> None:
        called, given = self.popped(len(self.stack) - 2)
        try:
            self.push(_result(called, given))
        except LookupError as error:
            raise self.refused(f"{error.args[0]} at byte {self.at - 1}") from error

    def build(self) -> None:
        target, state = self.popped(len(self.stack) - 2)
        try:
            _set_state(target, state)
        except LookupError as error:
            raise self.refused(f"{error.args[0]} at byte {self.at - 1}") from error
        self.stack.append(target)


def _truth_or_number(line: bytes) -> bool | int:
    return line == b"01" if line in (b"00", b"01") else int(line)


def _unescaped(line: bytes) -> memoryview:
    r"""The bytes that Python 2 wrote as 'text', with \\x00 and the like."""
    inside = line[1:-1]
    quoted = len(line) > 1 and line[:1] in (b"'", b'"') and line[-1:] == line[:1]
    if not quoted or not _ESCAPED.fullmatch(inside):
        raise ValueError
    return memoryview(inside.decode("unicode_escape").encode("latin-1"))


@dataclass(frozen=True)
class Name:
    """Stands for one of `_KNOWN`."""

    name: str


def _result(called: object, given: object) -> object:
    """What a call would give: bytes as a memoryview, a dtype, a `PlainArray`, a bool or an int.

    Raises:
        LookupError: the arguments are not those of the writers above, or the array is of other numbers.
        ValueError: bytes do not fit the shape, or an argument is malformed.
    """
    match called, given:
        case Name("encode"), (str() as text, "latin1"):
            return memoryview(text.encode("latin-1"))
        case Name("dtype"), (str() | memoryview() as code, _, _):
            text = code if isinstance(code, str) else str(code, "ascii")  # Python 2 wrote bytes
            if text not in _DTYPES:
                raise LookupError(f"an array of {text[:20]!r}, not of bytes or truths")
            return _DTYPES[text]
        case Name("_reconstruct"), (Name("ndarray"), (0,), _):
            return PlainArray()
        case Name("scalar"), (np.dtype() as dtype, memoryview() as raw):
            return _viewed(raw, dtype, ())[()].item()
        case Name("_frombuffer"), (memoryview() as raw, np.dtype() as dtype, tuple() as shape, _):
            return PlainArray(_viewed(raw, dtype, shape))
    name = called.name if isinstance(called, Name) else "something"
    raise LookupError(f"a call of {name} that NumPy never writes")


def _set_state(target: object, state: object) -> None:
    """What setting an object's state would do: fills a `PlainArray`, and leaves a dtype as it is.

    Raises:
        LookupError: the object or its state is not one of the writers above, or the array is of other
            numbers.
        ValueError: bytes do not fit the shape.
    """
    match target, state:
        case PlainArray(), (1, tuple() as shape, np.dtype() as dtype, _, memoryview() as raw):
            target.content = _viewed(raw, dtype, shape)
        case np.dtype(), (3, _, None, None, None, -1, -1, 0):
            return  # byte order and such: single bytes have none
        case _:
            raise LookupError("a state that NumPy never writes")


def _viewed(
    raw: memoryview, dtype: np.dtype[Any], shape: tuple[object, ...]
) -> NDArray[np.uint8] | NDArray[np.bool_]:
    """Bytes as an array, without a copy."""
    sides = [side for side in shape if isinstance(side, int) and side >= 0]
    values = np.frombuffer(raw, np.uint8)
    if len(sides) != len(shape):
        raise ValueError
    if dtype == np.bool_ and values.size and values.max() > 1:
        raise ValueError
    return values.view(dtype).reshape(sides)

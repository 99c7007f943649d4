"""A pickle from a stranger: nothing in it runs, nothing in it takes the machine down."""

from __future__ import annotations

import builtins
import os
import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bin_layout import PYTHON_2
from fewpix.errors import InputError
from fewpix.evaluate.readers import bin as reader
from fewpix.evaluate.readers.pickle import load_plain

SMALL = (([b"\xff\xd8\xff" * 3, b"b"], [True]), ([np.arange(5, dtype=np.uint8)] * 2, np.array([False])))


class Calls:
    """Unpickled, it calls."""

    def __init__(self, called: Any, *given: Any) -> None:
        self.called, self.given = called, given

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.called, self.given

    def __call__(self) -> None:
        raise AssertionError


@pytest.mark.parametrize("protocol", range(6))
def test_no_call_in_a_pickle_is_made(tmp_path: Path, protocol: int) -> None:
    victim = tmp_path / "ran"
    for evil in (
        Calls(os.system, f"touch {victim}"),
        Calls(builtins.eval, f"open({str(victim)!r}, 'w')"),
        Calls(Path.touch, victim),
        Calls(getattr, Calls(__import__, "os"), "system"),
        ([Calls(os.mkdir, str(victim)), b"b"], [True]),
        ([b"a", b"b"], [Calls(builtins.exec, f"open({str(victim)!r}, 'w')")]),
        Calls(Calls(os.mkdir, str(victim)), str(victim)),
    ):
        content = pickle.dumps(evil, protocol)
        with pytest.raises(InputError, match=r"holds (the name|the pickle opcode|a call)") as refusal:
            load_plain(content, "evil.bin")
        assert "do not open it with pickle" in str(refusal.value)
    assert not victim.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"cposix\nsystem\n(S'true'\ntR.",
        b"cnumpy\nload\n(S'x'\ntR.",
        b"cnumpy.core.multiarray\nfromfile\n(S'x'\ntR.",
        b"cnumpy\nndarray.__reduce__\n.",
        b"cnumpy.ndarray\n__reduce__\n.",
        b"c__builtin__\ngetattr\n.",
        b"c_codecs\ndecode\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.",
        b"(S'true'\nios\nsystem\n.",  # INST
        b"(cnumpy\nndarray\no.",  # OBJ
        b"cnumpy\nndarray\n)\x81.",  # NEWOBJ
        b"\x82\x01.",  # EXT1
        b"Pos.system\n.",  # PERSID
        b"\x97.",  # a buffer from elsewhere
        b"}.",
        b"\x8f.",
    ],
)
def test_names_and_opcodes_beyond_the_few_that_are_needed_are_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="which no list of pictures needs; unpickling it might run code"):
        load_plain(content, "x")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (
            b"cnumpy\ndtype\n(S'u1'\nI0\nI1\ntR(I3\nS'|'\n(tNNI-1\nI-1\nI0\ntb.",
            "a state that NumPy never writes",
        ),
        (b"cnumpy\ndtype\n(S'u1'\ntR.", "a call of dtype that NumPy never writes"),
        (b"cnumpy\nndarray\n(I9\ntR.", "a call of ndarray"),
        (b"c_codecs\nencode\n(Vuryyb\nVrot13\ntR.", "a call of encode"),
        (b"c_codecs\nencode\n(VAAAA\nVzlib\ntR.", "a call of encode"),
        (b"I1\n(tR.", "a call of something"),
        (b"]N\x62.", "a state that NumPy never writes"),
        # an array of a terabyte
        (
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(L1000000000000L\ntS'b'\ntR.",
            "a call of _reconstruct that NumPy never writes",
        ),
        # an array of objects, which holds a pickle of its own
        (
            b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'O8'\nI0\nI1\ntRS'x'\ntR.",
            "an array of 'O8', not of bytes or truths",
        ),
    ],
)
def test_the_names_of_numpy_lead_nowhere_else(content: bytes, match: str) -> None:
    with pytest.raises(InputError, match=match):
        load_plain(content, "x")


def array(shape: bytes, content: bytes) -> bytes:
    """By `_frombuffer`, of bytes."""
    return (
        b"cnumpy.core.numeric\n_frombuffer\n("
        + content
        + b"cnumpy\ndtype\n(S'u1'\nI0\nI1\ntR"
        + shape
        + b"S'C'\ntR."
    )


@pytest.mark.parametrize(
    "shape", [b"(I3\nt", b"(I1\nI1\nt", b"(I-1\nt", b"(S'2'\nt", b"(L1000000000000L\nI0\nt"]
)
def test_an_array_is_as_large_as_its_bytes(shape: bytes) -> None:
    assert load_plain(array(b"(I2\nt", b"S'ab'\n"), "x").content.tolist() == [97, 98]  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="damaged"):
        load_plain(array(shape, b"S'ab'\n"), "x")


def test_truths_in_an_array_are_0_or_1() -> None:
    good = pickle.dumps(np.array([True, True, False]), 2)
    assert good.count(b"\x01\x01\x00") == 1 or b"\x01\x01" in good
    bad = pickle.dumps(np.array([True, True, False]), 4).replace(b"\x01\x01\x00", b"\x01\x07\x00")
    with pytest.raises(InputError, match="damaged"):
        load_plain(bad, "x")


BOMBS = {
    "a tuple that holds the last one three times over, 300 times": b"N" + b"q\x00h\x00h\x00\x87" * 300 + b".",
    "lists": b"(" + b"]" * 100_000 + b"t.",
    "marks": b"(" * 100_000 + b".",
    "nested lists": b"]" * 3000 + b"a" * 2999 + b".",
    "nested tuples": b"N" + b"\x85" * 100_000 + b".",
    "the memo": b"N" + b"\x94" * 100_000 + b".",
    "a far place in the memo": b"Nr\xff\xff\xff\xff" * 3000 + b".",
    "strings of no bytes": b"(" + b"U\x00" * 50_000 + b"t.",
    "a string said to be endless": b"\x8e" + b"\xff" * 7 + b"\x0f.",
    "a text said to be endless": b"\x8d" + b"\xff" * 8 + b".",
    "a frame said to be endless": b"\x80\x04\x95" + b"\xff" * 8 + b".",
    "a number of many digits": b"I" + b"9" * 100_000 + b"\n.",
    "a long number of many digits": b"L" + b"9" * 100_000 + b"L\n.",
    "text without end": b"S'" + b"a" * 100_000,
    "a list of a list of itself": b"]q\x00h\x00a.",
    "numbers": b"(" + b"J\x00\x00\x00\x7f" * 20_000 + b"t.",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_takes_little_memory_whatever_it_says(tmp_path: Path, name: str) -> None:
    content = BOMBS[name]
    (tmp_path / "x.bin").write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as refusal:
            reader.inventory(tmp_path / "x.bin")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * len(content) + 1_000_000
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize("protocol", range(6))
def test_a_file_cut_anywhere_is_refused(protocol: int) -> None:
    for value in SMALL:
        content = pickle.dumps(value, protocol)
        for end in range(len(content)):
            with pytest.raises(InputError, match=r"cut off|damaged|which no list of pictures needs"):
                load_plain(content[:end], "x")
        with pytest.raises(InputError, match="damaged"):
            load_plain(content + b"N", "x")


def test_a_file_with_wrong_bytes_is_read_or_refused_but_never_more() -> None:
    rng = np.random.default_rng(0)
    read = refused = 0
    for content in [pickle.dumps(v, p) for v in SMALL for p in range(6)] + list(PYTHON_2.values()):
        for _ in range(60):
            wrong = bytearray(content)
            for place in rng.integers(len(content), size=rng.integers(1, 4)):
                wrong[place] = rng.integers(256)
            try:
                load_plain(bytes(wrong), "x")
                read += 1
            except InputError:
                refused += 1
    assert read > 50
    assert refused > 500


@pytest.mark.parametrize(
    "text",
    [b"S'a\n.", b"Sa'\n.", b"S'\n.", b"S'\\d'\n.", b"S'\\N{DIGIT ONE}'\n.", b"S'\\'\n.", b"S'\\x0'\n."],
)
def test_strings_that_python_2_would_not_write_are_refused(text: bytes) -> None:
    with pytest.raises(InputError, match="damaged"):
        load_plain(text, "x")
    assert bytes(load_plain(b'S"a\'\\x00\\n\\\\"\n.', "x")) == b"a'\x00\n\\"  # type: ignore[arg-type]


def test_the_wrong_kind_of_file_is_refused() -> None:
    for content in (b"", b"\xff\xd8\xff\xe0", b"PK\x03\x04", b"10\t300\nAbel\t1\t2\n", b"\x80\x06N."):
        with pytest.raises(InputError, match=r"x (is cut off|is not a pickle of plain data|holds)"):
            load_plain(content, "x")

"""Verification files of insightface's form, from ORL faces; and genuine ones of Python 2."""

from __future__ import annotations

import base64
import pickle
from pathlib import Path

import numpy as np

from orl_files import face_file

PAIRS = [((p, 0), (p, 1)) if p % 2 == 0 else ((p, 0), (p - 1, 0)) for p in range(20)]
"""(person, picture) of both sides: in turn a pair of one person, and one of two; 20 pairs, 30 pictures."""

SAME = [n % 2 == 0 for n in range(20)]
BINS = [face_file(*face) for pair in PAIRS for face in pair]


def write(path: Path, value: object, protocol: int = 2) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pickle.dumps(value, protocol))
    return path


def as_arrays(bins: list[bytes]) -> list[np.ndarray]:
    """As OpenCV encodes: older releases give a column, newer ones a row."""
    flat = [np.frombuffer(data, np.uint8).copy() for data in bins]
    return [array.reshape(-1, 1) if n % 2 else array for n, array in enumerate(flat)]


CONTENT = (b"\xff\xd8'\n\x00\\", b'"b"')
"""The two strings of bytes in `PYTHON_2`, beside one truth, which is true."""

_BASE64 = {
    "lists-0": ("KChscDEKUyJceGZmXHhkOCdcblx4MDBcXCIKcDIKYVMnImIiJwpwMwphKGxwNApJMDEKYXRwNQou"),
    "lists-1": ("KF1xAShVBv/YJwoAXHECVQMiYiJxA2VdcQRJMDEKYXRxBS4="),
    "lists-2": ("gAJdcQEoVQb/2CcKAFxxAlUDImIicQNlXXEEiGGGcQUu"),
    "arrays-0": (
        "KChscDEKY251bXB5LmNvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcDIKKGNudW1weQpuZGFycmF5CnAzCihJMAp0Uydi"
        "Jwp0UnA0CihJMQooSTYKSTEKdGNudW1weQpkdHlwZQpwNQooUyd1MScKSTAKSTEKdFJwNgooSTMKUyd8JwpOTk5JLTEKSS0x"
        "CkkwCnRiSTAwClMiXHhmZlx4ZDgnXG5ceDAwXFwiCnRiYWcyCihnMwooSTAKdFMnYicKdFJwNwooSTEKKEkzCkkxCnRnNgpJ"
        "MDAKUyciYiInCnRiYWcyCihnMwooSTAKdFMnYicKdFJwOAooSTEKKEkxCnRnNQooUydiMScKSTAKSTEKdFJwOQooSTMKUyd8"
        "JwpOTk5JLTEKSS0xCkkwCnRiSTAwClMnXHgwMScKdGJ0cDEwCi4="
    ),
    "arrays-2": (
        "gAJdcQEoY251bXB5LmNvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQJjbnVtcHkKbmRhcnJheQpxA0sAhVUBYodScQQo"
        "SwFLBksBhmNudW1weQpkdHlwZQpxBVUCdTFLAEsBh1JxBihLA1UBfE5OTkr/////Sv////9LAHRiiVUG/9gnCgBcdGJoAmgD"
        "SwCFVQFih1JxByhLAUsDSwGGaAaJVQMiYiJ0YmVoAmgDSwCFVQFih1JxCChLAUsBhWgFVQJiMUsASwGHUnEJKEsDVQF8Tk5O"
        "Sv////9K/////0sAdGKJVQEBdGKGcQou"
    ),
    "truths-0": (
        "KChscDEKUyJceGZmXHhkOCdcblx4MDBcXCIKcDIKYVMnImIiJwpwMwphKGxwNApjbnVtcHkuY29yZS5tdWx0aWFycmF5CnNj"
        "YWxhcgpwNQooY251bXB5CmR0eXBlCnA2CihTJ2IxJwpJMApJMQp0UnA3CihJMwpTJ3wnCk5OTkktMQpJLTEKSTAKdGJTJ1x4"
        "MDEnCnRScDgKYXRwOQou"
    ),
    "truths-2": (
        "gAJdcQEoVQb/2CcKAFxxAlUDImIicQNlXXEEY251bXB5LmNvcmUubXVsdGlhcnJheQpzY2FsYXIKcQVjbnVtcHkKZHR5cGUK"
        "cQZVAmIxSwBLAYdScQcoSwNVAXxOTk5K/////0r/////SwB0YlUBAYZScQhhhnEJLg=="
    ),
}

PYTHON_2 = {name: base64.b64decode(text) for name, text in _BASE64.items()}
"""Written by cPickle of Python 2.7.18 with NumPy 1.16.6; the number is that of the protocol."""

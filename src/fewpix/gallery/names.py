"""What may stand as a person's name, or a camera's."""

from __future__ import annotations

import re
import unicodedata

from fewpix.errors import ConfigError
from fewpix.printable import IGNORED

MAX_LENGTH = 200

OWN_WORDS = ("unknown", "nobody", "nobody is enrolled", "ambiguous", "not measured")
"""What fewpix says itself where a name could stand."""

_UNSEEN = re.compile(f"[{IGNORED}]")
_JOINERS = "\u200c\u200d"  # between letters, say of Persian or Hindi, they change how these are written
_BLANK = "\u2800"  # of Braille; shows nothing, and is no space to Unicode


def person_name(text: str) -> str:
    """A name that may be given: as `stored_name`, and one that can be seen and is not a word of fewpix's own.

    Raises:
        ConfigError: as `stored_name`; it holds a character that cannot be printed on one line or that nobody
            sees; it cannot be told from what is said of somebody who is not enrolled.
    """
    name = stored_name(text)
    # Cc control, Zl and Zp line and paragraph separators
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in name):
        raise ConfigError(f"the name {name!a} has a control or undecodable character", fix="rename it")
    shown = "".join("" if _joins(name, n) else character for n, character in enumerate(name))
    if found := _UNSEEN.search(shown):
        raise ConfigError(
            f"the name {name!a} holds a character that cannot be seen ({found[0]!a})", fix="leave it out"
        )
    words = " ".join(unicodedata.normalize("NFKC", shown).replace(_BLANK, " ").casefold().split())
    if not words:
        raise ConfigError(f"the name {name!a} cannot be seen", fix="give a name with a letter in it")
    if words in OWN_WORDS:
        raise ConfigError(
            f"the name {name!a} is what fewpix says where it names nobody", fix="give another name"
        )
    return name


def name_fault(name: str) -> str:
    """What is wrong with a name that stands in a gallery; empty where nothing is."""
    try:
        kept = person_name(name)
    except ConfigError as error:
        return error.what
    return "" if kept == name else f"the name {name!a} is not in the form that galleries keep"


def _joins(name: str, n: int) -> bool:
    """Whether a character is a joiner within a word of a script that has them, Arabic to Mongolian."""
    around = name[n - 1 : n] + name[n + 1 : n + 2]
    return name[n] in _JOINERS and len(around) == 2 and all("\u0600" <= other <= "\u1cff" for other in around)


def stored_name(text: str) -> str:
    """A name in the form in which galleries keep it: outer blanks removed, Unicode in form NFC.

    Folder names come decomposed from some file systems (NFD on macOS): without NFC one José would be two.
    What is looked for in a gallery needs no more than this: older ones hold names that are no longer given.

    Raises:
        ConfigError: empty, longer than MAX_LENGTH, or with an undecodable character.
    """
    if not isinstance(text, str):
        raise ConfigError(f"a person's name is text, not {type(text).__name__}", fix="give a name")
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        raise ConfigError("a person's name is empty", fix="give a name")
    if len(name) > MAX_LENGTH:
        raise ConfigError(f"a person's name has {len(name)} characters", fix=f"use at most {MAX_LENGTH}")
    if any(unicodedata.category(character) == "Cs" for character in name):  # of an undecodable file name
        raise ConfigError(f"the name {name!a} has a control or undecodable character", fix="rename it")
    return name

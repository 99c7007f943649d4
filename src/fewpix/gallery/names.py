"""What may stand as a person's name."""

from __future__ import annotations

import unicodedata

from fewpix.errors import ConfigError

MAX_LENGTH = 200


def person_name(text: str) -> str:
    """The name as it is stored: outer blanks removed, Unicode in form NFC.

    Folder names come decomposed from some file systems (NFD on macOS): without NFC one José would be two.

    Raises:
        ConfigError: empty, longer than MAX_LENGTH, or with a character that cannot be printed on one line.
    """
    if not isinstance(text, str):
        raise ConfigError(f"a person's name is text, not {type(text).__name__}", fix="give a name")
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        raise ConfigError("a person's name is empty", fix="give a name")
    if len(name) > MAX_LENGTH:
        raise ConfigError(f"a person's name has {len(name)} characters", fix=f"use at most {MAX_LENGTH}")
    # Cc control, Cs lone surrogate (an undecodable file name), Zl and Zp line and paragraph separators
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name):
        raise ConfigError(f"the name {name!a} has a control or undecodable character", fix="rename it")
    return name

"""Several refused pictures as the one error that a command ends with."""

from __future__ import annotations

from collections.abc import Sequence

from fewpix.errors import InputError


def combined(errors: Sequence[InputError], total: int, fix: str, unit: str = "pictures") -> InputError | None:
    """None without errors, the error itself of a single picture, else a count and the first reason.

    Args:
        errors: one per refused picture.
        total: how many pictures there were.
        fix: what to do about several.
        unit: what they are, in the plural.

    Returns:
        An error of the class that all of them share, or else InputError; its exit code is the command's.
    """
    if not errors:
        return None
    first = errors[0]
    if total == 1:
        return first
    same = all(type(error) is type(first) for error in errors)
    were = "was" if len(errors) == 1 else "were"
    return (type(first) if same else InputError)(
        f"{len(errors)} of {total} {unit} {were} refused, the first: {first.what}", fix=fix
    )

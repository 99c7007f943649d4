"""What reports say of templates as a model saw them."""

from __future__ import annotations

from fewpix.evaluate.schema.templates import Seen


def seen_rows(name: str, seen: Seen) -> list[tuple[str, str]]:
    """Lines of the table of what was measured.

    Args:
        name: of the side, and of who saw it.
        seen: how many there were, and how many failed.
    """
    sides = seen.face_px
    size = f"; faces of {sides.min:g} to {sides.max:g} px, median {sides.median:g}" if sides else ""
    rows = [(name, f"{seen.templates:,} of {seen.pictures:,} pictures{size}")]
    if seen.failed_pictures:
        failed = f"{seen.failed_pictures:,} pictures, {seen.failed_templates:,} whole templates, which count"
        rows.append(("  failed to enrol", f"{failed}; the first: {seen.first_fault}"))
    if seen.already_smaller:
        rows.append(("  smaller already", f"{seen.already_smaller:,} pictures, left so"))
    return rows

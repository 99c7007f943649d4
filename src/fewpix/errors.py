"""The one exception tree: what went wrong, where, and what to do about it.

Each class carries the exit code of the command line; `cli` maps it once, the HTTP service maps `http_status`
once. The codes are part of the public interface: scripts test for them.
"""

from __future__ import annotations


class FewpixError(Exception):
    """Base of every error that fewpix raises on purpose.

    Args:
        what: one sentence that names the file, key or value at fault.
        fix: one sentence that says what the user can do; shown after the message.
    """

    exit_code: int = 1
    http_status: int = 500

    def __init__(self, what: str, *, fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix

    def __str__(self) -> str:
        """One line: the fault, then the fix."""
        return f"{self.what} ({self.fix})" if self.fix else self.what


class InputError(FewpixError):
    """A file or folder that the user named is missing, unreadable or not what the command needs."""

    exit_code = 3
    http_status = 422


class ImageError(InputError):
    """A file is not an image, is truncated, or is larger than fewpix will decode."""


class NoFaceError(InputError):
    """An image holds no face; it is never embedded whole instead."""

    exit_code = 4


class ConfigError(FewpixError):
    """A recipe, option or setting is unknown, of the wrong type or out of range; the key is named."""

    exit_code = 5
    http_status = 422


class WeightsError(FewpixError):
    """Weights or a checkpoint have the wrong hash, architecture, shape or metadata."""

    exit_code = 6


class SpaceError(FewpixError):
    """Embeddings of two different spaces would have been compared."""

    exit_code = 7
    http_status = 409


class GuardError(FewpixError):
    """The adaptation guard refused, and says why."""

    exit_code = 8
    http_status = 409


class UnavailableError(FewpixError):
    """A runtime, device or optional dependency that was asked for is not here."""

    exit_code = 9
    http_status = 503


class StorageError(FewpixError):
    """Writing failed (disk full, no permission); what was there before is still there.

    Also where a removal is done, but bytes of it could not be overwritten yet.
    """

    exit_code = 10
    http_status = 507

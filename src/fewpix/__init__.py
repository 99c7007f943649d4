"""fewpix recognises faces from few pixels.

`Recognizer` is the way in: people in a gallery, and who of them is in a picture. `read_image` reads a picture
file, and every error is a `FewpixError`. The modules below are the parts that these are made of.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, whose import would take longer than all else here
if TYPE_CHECKING:
    from typing import Any

    from fewpix.errors import FewpixError
    from fewpix.image.codec import read_image
    from fewpix.recognizer import Recognizer

__version__ = "0.1.0"

__all__ = ["FewpixError", "Recognizer", "__version__", "read_image"]

_WHERE = {
    "FewpixError": "fewpix.errors",
    "Recognizer": "fewpix.recognizer",
    "read_image": "fewpix.image.codec",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is used for the first time, so that `import fewpix` is quick."""
    if name not in _WHERE:
        raise AttributeError(f"module 'fewpix' has no attribute '{name}'")
    from importlib import import_module

    value = getattr(import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, also those that are not imported yet."""
    return sorted(__all__)

"""A gallery out into a file, and a file into a gallery."""

from __future__ import annotations

from fewpix.gallery.exchange.exported import Exported, export_gallery
from fewpix.gallery.exchange.formats import read_document
from fewpix.gallery.exchange.imported import Imported, import_document, try_import

__all__ = ["Exported", "Imported", "export_gallery", "import_document", "read_document", "try_import"]

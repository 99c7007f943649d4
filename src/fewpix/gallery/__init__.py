"""Enrolled people and their embeddings in SQLite, and exact search over them."""

from __future__ import annotations

from fewpix.gallery.rows import Added, Person, Row
from fewpix.gallery.search import Candidate, ExactIndex
from fewpix.gallery.store import Gallery

__all__ = ["Added", "Candidate", "ExactIndex", "Gallery", "Person", "Row"]

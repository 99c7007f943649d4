"""Enrolled people and their embeddings, in a file or on PostgreSQL, and exact search over them."""

from __future__ import annotations

from fewpix.gallery.rows import Added, Original, Person, Row
from fewpix.gallery.search import Candidate, ExactIndex
from fewpix.gallery.store import Gallery

__all__ = ["Added", "Candidate", "ExactIndex", "Gallery", "Original", "Person", "Row"]

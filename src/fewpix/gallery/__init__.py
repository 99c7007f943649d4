"""Enrolled people and their embeddings in SQLite, and exact search over them."""

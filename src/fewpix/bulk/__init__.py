"""Folders and shards of millions of pictures, worked on in parts: here, or on a Ray cluster."""

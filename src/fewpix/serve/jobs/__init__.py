"""Work that takes longer than a request: one after the other, kept over a restart."""

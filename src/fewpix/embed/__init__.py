"""Encoders behind one protocol: crops in, L2-normalised embeddings of one space out, on any runtime."""

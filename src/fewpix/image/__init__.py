"""Pictures as arrays: decoding with limits, resizing, five-point alignment, and what an encoder expects."""

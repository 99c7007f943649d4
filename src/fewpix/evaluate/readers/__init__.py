"""The benchmarks of the field in their original layouts: one file per format."""

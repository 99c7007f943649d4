"""The file formats that lists of benchmarks come in."""

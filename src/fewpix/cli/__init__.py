"""The command line: one binary, one file per verb."""

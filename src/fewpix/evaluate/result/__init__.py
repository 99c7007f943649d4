"""What a measurement found: its form in files, its words, and the single scores beside it."""

"""Distillation: one loop that resumes bit for bit, driven by a TOML recipe."""

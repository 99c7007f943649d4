"""Calibrations: how often strangers score as high, by size of face and of gallery."""

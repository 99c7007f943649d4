"""Rates, accuracy and their intervals, from scores, labels and people alone."""

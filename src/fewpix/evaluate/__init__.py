"""Protocols, metrics with confidence intervals, results as JSON, and reports made from them."""

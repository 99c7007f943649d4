"""The whole way on sample faces: align, distil, adapt, evaluate, identify, report."""

"""Students as ONNX, checked for parity with torch."""

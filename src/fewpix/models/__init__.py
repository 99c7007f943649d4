"""Student backbones, the zoo that names them, their weights files, and teachers from any ONNX encoder."""

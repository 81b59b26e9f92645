"""Teachers that are ONNX files: what is checked and copied, and how they answer."""

"""Items to embeddings: through views, chunk after chunk, fused as templates are whole."""

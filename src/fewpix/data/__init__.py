"""The data path's start: folders, tar shards, the ORL faces, splits, and teacher embeddings computed once."""

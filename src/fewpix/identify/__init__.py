"""From a photo to names: detect, align, embed, search, decide."""

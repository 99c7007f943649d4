"""How good a face is as a picture of somebody: its detail, its sharpness, and which way it looks."""

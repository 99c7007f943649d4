"""Faces and their five landmarks in a picture, small ones too."""

"""What became of every comparison of one model: pairs, searches, detections."""

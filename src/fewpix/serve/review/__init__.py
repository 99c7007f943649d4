"""Unknown people who come back, in groups that somebody names, merges or ignores; and names put right."""

"""What cameras see: an event for each track, kept for as long as its camera says, told to who listens."""

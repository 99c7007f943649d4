"""What the JSON of results holds, as models that check it; `docs/results.md` is made from them."""

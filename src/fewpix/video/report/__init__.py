"""A page about one film: who was there when, by which sights, and who of the unknown came several times."""

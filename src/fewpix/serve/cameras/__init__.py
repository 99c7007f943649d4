"""The cameras that a service follows: what they are told, what they do, what was last seen."""

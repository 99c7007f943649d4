"""Events are sent to addresses that people name: signed, tried again, and told once or more."""

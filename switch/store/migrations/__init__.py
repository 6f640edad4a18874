"""Schema versions, in order; each is applied once."""

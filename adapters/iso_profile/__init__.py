"""ISO 20022 over HTTPS with signed XML: the profile that Thailand speaks, for whoever speaks it."""

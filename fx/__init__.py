"""Money, rates and quotes of the switch. Imports nothing of the other packages."""

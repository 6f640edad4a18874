"""The HTTP interface: members, partner networks, health."""

"""Adapters: one folder for each network, and the kit that their sandboxes share."""

"""The whole switch with its partners in one deterministic run, from one seed.

Production code, aiohttp and SQLite included, runs on virtual time, in-memory connections and a disk
that forgets what was not synced. Start at `world`.
"""

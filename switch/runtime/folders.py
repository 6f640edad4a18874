"""Temporary folders of a run.

Their names are random, so they come from here: nothing else in the tree asks the machine for
randomness. A folder goes when its user is done, whatever happened.
"""

from __future__ import annotations

from tempfile import TemporaryDirectory

TemporaryFolder = TemporaryDirectory[str]
"""A folder by its ``name``; ``cleanup`` removes it with everything in it."""


def temporary_folder() -> TemporaryFolder:
    """Make a folder."""
    return TemporaryFolder(prefix="bakong-switch-")

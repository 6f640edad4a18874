"""Temporary folders of a run.

Their names are random, so they come from here: nothing else in the tree asks the machine for
randomness. A folder goes when its user is done, whatever happened.
"""

from __future__ import annotations

from tempfile import TemporaryDirectory


def temporary_folder() -> TemporaryDirectory[str]:
    """Make a folder; ``cleanup`` removes it with everything in it."""
    return TemporaryDirectory(prefix="bakong-switch-")

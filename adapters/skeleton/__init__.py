"""Starts the adapter of a new network: a package that conforms, to be corrected by facts."""

from __future__ import annotations

from adapters.skeleton.asked import Asked, AskedError, asked_of
from adapters.skeleton.package import package_files
from adapters.skeleton.sections import Surroundings, config_sections

__all__ = [
    "Asked",
    "AskedError",
    "Surroundings",
    "asked_of",
    "config_sections",
    "package_files",
]

"""The command ``bakong-switch``."""

from __future__ import annotations

from switch.cli.main import main

__all__ = ["main"]

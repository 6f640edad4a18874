"""``python -m switch``: the same as the command ``bakong-switch``."""

from __future__ import annotations

from switch.cli import main

if __name__ == "__main__":
    main()

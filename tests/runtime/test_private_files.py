"""What is private is closed to others, and a file is whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from switch.runtime.private_files import private_file, private_folder, write_private


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "seal.key"
    path.write_text("old and longer than the new one", "utf-8")
    (tmp_path / ".seal.key.new").write_text("left by a crash", "utf-8")

    write_private(path, b"new")

    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "seal.key"
    path.write_bytes(b"old")

    def full(_: Path, __: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"


def test_what_was_open_to_others_is_closed(tmp_path: Path) -> None:
    file, folder = tmp_path / "switch.db", tmp_path / "keys"
    file.touch(mode=0o644)
    folder.mkdir(mode=0o755)

    private_file(file)
    private_folder(folder)

    assert (mode(file), mode(folder)) == (0o600, 0o700)

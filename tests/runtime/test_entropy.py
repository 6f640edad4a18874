"""Random bytes never repeat, and what was handed out is not kept."""

from __future__ import annotations

from switch.runtime.entropy import SystemEntropy


def test_system_bytes_never_repeat_across_pages_and_the_page_keeps_none_of_them() -> None:
    entropy = SystemEntropy()
    drawn = [entropy.bytes(count) for count in (1, 12, 16, 32) * 400]

    assert [len(each) for each in drawn] == [1, 12, 16, 32] * 400
    assert len({each for each in drawn if len(each) > 1}) == 1200
    assert drawn[-1] not in bytes(entropy._page)
    assert len(entropy.bytes(10_000)) == 10_000

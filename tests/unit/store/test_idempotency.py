"""The marks by which a commit whose answer was lost finds itself."""

from sojourn.store import idempotency


def test_last_eight_marks_are_kept() -> None:
    """Each commit adds its own mark at the end, and the oldest beyond eight go."""
    kept: tuple[bytes, ...] = ()
    made = []
    for _ in range(12):
        mark, kept = idempotency.marked(kept)
        made.append(mark)
        assert kept == tuple(made[-8:])


def test_mark_is_no_others() -> None:
    """A mark is eight random bytes: no two commits share one."""
    made = {idempotency.marked(())[0] for _ in range(1000)}
    assert len(made) == 1000
    assert {len(mark) for mark in made} == {8}

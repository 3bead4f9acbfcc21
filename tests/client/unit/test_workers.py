"""What runs beside the requests is bounded, and ends when the client is closed."""

import threading

from sojourn_client.modes.workers import BACKGROUND_MOST, Workers


def test_background_is_bounded() -> None:
    """Work in the background beyond the bound is not taken; there is room again when it is done."""
    workers, go = Workers(), threading.Event()
    taken = [workers.in_background(go.wait) for _ in range(BACKGROUND_MOST + 5)]
    assert taken.count(True) == BACKGROUND_MOST
    go.set()
    pool = workers._background
    assert pool is not None
    pool.shutdown(wait=True)
    workers.close()
    done = threading.Event()
    assert workers.in_background(done.set)
    assert done.wait(10)
    workers.close()


def test_what_is_waited_for_is_done_after_closing() -> None:
    """A request that waits when the client is closed has its answer."""
    workers, go = Workers(), threading.Event()
    futures = [workers.submit(lambda: go.wait(10)) for _ in range(40)]
    workers.close()
    go.set()
    assert all(future.result(10) for future in futures)

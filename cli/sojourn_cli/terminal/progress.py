"""A progress bar on standard error, if it is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar: how much is done, and of how much (None: unknown)."""
    nobody_knows: Iterator[None] = iter(lambda: None, None)
    with click.progressbar(
        nobody_knows, label=label, file=sys.stderr, hidden=not sys.stderr.isatty(), show_pos=True
    ) as bar:

        def at(done: int, of: int | None) -> None:
            bar.length = of
            bar.update(done - bar.pos)

        yield at

"""Composing by several processes beside the one that trains: with a GPU, making pictures is what takes the time."""

import multiprocessing
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

AHEAD = 4  # results of each process that wait: more would only take memory


def composed(make: Callable[[np.random.Generator], Any], seed: list[int], processes: int = 0) -> Iterator[Any]:
    """Results of `make(rng)` without end, in this process or from `processes` forked ones, which share what `make` holds.

    Processes that are forked must not use CUDA; numpy and Pillow do not.
    """
    if processes == 0:
        rng = np.random.default_rng(seed)
        while True:
            yield make(rng)
    context = multiprocessing.get_context("fork")
    queue = context.Queue(AHEAD * processes)

    def work(rank: int) -> None:
        rng = np.random.default_rng([*seed, rank])
        while True:
            queue.put(make(rng))

    workers = [context.Process(target=work, args=(rank,), daemon=True) for rank in range(processes)]
    for worker in workers:
        worker.start()
    try:
        while True:
            yield queue.get()
    finally:
        for worker in workers:
            worker.terminate()

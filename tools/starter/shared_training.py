"""Training by several processes on one set of weights in shared memory.

Why not threads: on a machine shared with others, OpenMP's barriers make two threads several times slower than one
(measured: 5.1 s against 1.4 s a step with one core busy elsewhere). Processes of one thread each never wait for one
another: every one takes the weights as they are, computes gradients, and applies them under a lock ("Hogwild", with
gradients at most one step old per other process). On a GPU one process does the same, and nothing is shared.
"""

import math
import time

import torch
import torch.multiprocessing as mp

LEAST_MINUTES = 0.02  # a step or two: what comes later finds weights


def unit(_key: str) -> float:
    return 1.0


class SharedAdamW:
    """AdamW and an exponential moving average over named parameters, all in shared memory."""

    def __init__(self, parameters: dict[str, torch.nn.Parameter], betas=(0.9, 0.99), weight_decay=1e-4,
                 average_decay=0.999, clip=1.0, share=True, factor=unit):
        self.parameters = parameters
        self.betas, self.weight_decay, self.average_decay, self.clip = betas, weight_decay, average_decay, clip
        self.first = {key: torch.zeros_like(value.data) for key, value in parameters.items()}
        self.second = {key: torch.zeros_like(value.data) for key, value in parameters.items()}
        self.average = {key: value.data.clone() for key, value in parameters.items()}
        self.count = torch.zeros((), dtype=torch.int64)
        if share:
            for tensors in (self.first, self.second, self.average):
                for tensor in tensors.values():
                    tensor.share_memory_()
            self.count.share_memory_()
        self.factor = factor  # name of a parameter → multiple of the rate it learns at
        self.lock = mp.get_context("spawn").Lock()

    @torch.no_grad()
    def step(self, rate: float) -> int:
        """Applies the parameters' gradients; returns the number of steps done by all processes."""
        keys = [key for key, value in self.parameters.items() if value.grad is not None]
        weights = [self.parameters[key].data for key in keys]
        grads = [self.parameters[key].grad for key in keys]
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(grads)))
        if not torch.isfinite(norm):
            return int(self.count)
        torch._foreach_mul_(grads, min(1.0, self.clip / (float(norm) + 1e-6)))
        with self.lock:
            self.count += 1
            count = int(self.count)
            first, second = [self.first[key] for key in keys], [self.second[key] for key in keys]
            b1, b2 = self.betas
            torch._foreach_lerp_(first, grads, 1 - b1)
            torch._foreach_mul_(second, b2)
            torch._foreach_addcmul_(second, grads, grads, 1 - b2)
            denominators = torch._foreach_div(second, 1 - b2**count)
            torch._foreach_sqrt_(denominators)
            torch._foreach_add_(denominators, 1e-8)
            factors = [self.factor(key) * rate for key in keys]
            torch._foreach_mul_(weights, [1 - factor * self.weight_decay for factor in factors])
            torch._foreach_addcdiv_(weights, first, denominators, [-factor / (1 - b1**count) for factor in factors])
            decay = min(self.average_decay, (1 + count) / (10 + count))
            torch._foreach_lerp_([self.average[key] for key in keys], weights, 1 - decay)
        return count

    def state(self) -> dict:
        return {"first": self.first, "second": self.second, "average": self.average, "count": int(self.count)}

    def load(self, state: dict) -> None:
        for mine, saved in ((self.first, state["first"]), (self.second, state["second"]),
                            (self.average, state["average"])):
            for key, tensor in mine.items():
                tensor.copy_(saved[key])
        self.count.fill_(state["count"])


def add_clock(parser, minutes: float) -> None:
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--deadline", type=float, default=math.inf, help="seconds since 1970: the end, however few minutes")


def minutes_left(args) -> float:
    """For a loop that begins now, when everything is loaded."""
    return max(LEAST_MINUTES, min(args.minutes, (args.deadline - time.time()) / 60))


def run(worker, processes: int, *args) -> None:
    """Runs worker(rank, *args) in `processes` processes of one thread each, or in this one if there is a GPU."""
    if torch.cuda.is_available() or processes == 1:
        worker(0, *args)
    else:
        mp.spawn(worker, args, nprocs=processes)

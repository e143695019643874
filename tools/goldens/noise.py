"""Values of torch's CPU generator.

    python tools/goldens/noise.py             # writes goldens/values/noise.json

A run is a sequence of `torch.randn(n)` calls on one generator; each call is recorded as the SHA-256 of its float32
bytes (little-endian) and its first values.
"""

import hashlib
import json
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2] / "goldens"
RUNS = [
    (0, [16384]),
    (42, [16384, 17, 31, 1000003]),
    (1234567, [16384, 4 * 96 * 64]),
    (2**32 + 5, [64, 5]),
    (5, [64, 5]),
    (2**53 - 1, [16384]),
    (7, list(range(1, 41))),
    # The spare value of an odd scalar call survives calls of 16 values and more.
    (11, [3, 16, 1, 17, 2, 40, 5, 5, 16384, 7, 1]),
]


def main():
    runs = []
    for seed, sizes in RUNS:
        generator = torch.Generator("cpu").manual_seed(seed)
        calls = []
        for size in sizes:
            values = torch.randn(size, generator=generator, dtype=torch.float32)
            digest = hashlib.sha256(values.numpy().astype("<f4").tobytes()).hexdigest()
            calls.append({"n": size, "sha256": digest, "first": values[:4].tolist()})
        runs.append({"seed": seed, "calls": calls})
    text = json.dumps({"torch": torch.__version__.split("+")[0], "runs": runs}, indent=1)
    (ROOT / "values" / "noise.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

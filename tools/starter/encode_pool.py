"""Encodes composites into latents once: the pool that train_unet.py draws from.

A group has one background and one mask, with the latents of the masked image, of the background, and of eight
composites of different concepts on it. Sharing the masked image between nine targets nearly halves the encoding, and
shows the UNet that only the prompt decides what appears.

    python tools/starter/encode_pool.py --work DIR --objects DIR --backgrounds DIR… --groups 900 [--seed 1]
Shards WORK/pool/SEED_RANK_N.npz, fp16 and unscaled: masked [G, 4, 32, 32], mask [G, 32, 32] bool, targets
[G, 9, 4, 32, 32] (the last one is the background), concepts [G, 8] or -1.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch

import compose
import shared_training
import sources
from composers import composed
from vae import make_vae

CONCEPTS_PER_GROUP = 8
GROUPS_PER_SHARD = 12


def to_batch(pictures: list[np.ndarray]) -> torch.Tensor:
    """uint8 [256, 256, 3] each → float [B, 3, 256, 256] in -1…1."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


def latent_mask(area: np.ndarray) -> np.ndarray:
    """bool [8n, 8n] → [n, n]: nearest, as the pipeline does it (the top left pixel of each 8 x 8)."""
    return area[::8, ::8]


def make_scene(pictures, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, bool]:
    """A background, a mask, and whether it is a brush stroke, which is too thin for objects and only continues backgrounds."""
    stroke = bool(rng.random() < 0.12)
    return compose.background(pictures, rng, 0.25), compose.stroke_mask(rng) if stroke else compose.mask(rng), stroke


def make_groups(things, pictures):
    """rng → the background twice and its composites, uint8; the mask; the composites' concepts."""
    order: list[int] = []  # every concept once per shuffle: equally often in the pool

    def make(rng: np.random.Generator):
        nonlocal order
        if len(order) < CONCEPTS_PER_GROUP:
            order = rng.permutation(len(things)).tolist() + order
        picture, area, stroke = make_scene(pictures, rng)
        chosen = [] if stroke else [order.pop() for _ in range(CONCEPTS_PER_GROUP)]
        return [picture, picture, *[compose.place(picture, things[index], area) for index in chosen]], area, chosen

    return make


def worker(rank: int, args) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)
    things = sources.load_objects(args.objects, sources.read_concepts())
    pictures = list(sources.load_backgrounds(args.backgrounds, "train", args.work).values())
    vae = make_vae().to(device).eval()
    vae.load_state_dict(torch.load(args.work / "vae.pt", weights_only=True))
    encode = torch.no_grad()(lambda batch: vae.encode(batch.to(device)).latent_dist.mean.cpu().half().numpy())

    groups = composed(make_groups(things, pictures), [args.seed, rank], args.composers)
    started, minutes = time.time(), shared_training.minutes_left(args)
    for shard in range(-(-args.groups // (args.processes * GROUPS_PER_SHARD))):
        if time.time() - started > minutes * 60:
            break
        masked, masks, targets, concepts = [], [], [], []
        while len(masks) < GROUPS_PER_SHARD:
            pixels, area, chosen = next(groups)
            batch = to_batch(pixels)
            batch[1] *= torch.from_numpy(~area)
            latents = encode(batch)
            masked.append(latents[1])
            masks.append(latent_mask(area))
            row = [*latents[2:], *[latents[0]] * (CONCEPTS_PER_GROUP - len(chosen)), latents[0]]
            targets.append(np.stack(row))
            concepts.append(chosen or [-1] * CONCEPTS_PER_GROUP)
        path = args.work / "pool" / f"{args.seed}_{rank}_{shard:04}.npz"
        partial = path.with_suffix(".partial.npz")  # the trainer reads *.npz of whole shards only
        np.savez(partial, masked=np.stack(masked), mask=np.stack(masks), targets=np.stack(targets),
                 concepts=np.array(concepts))
        partial.rename(path)
        statistics = args.work / "latents.json"
        if not statistics.exists():
            values = np.stack(targets).astype(np.float32)
            statistics.write_text(json.dumps({
                "scaling_factor": round(float(1 / values.std()), 4),
                "mean": values.mean((0, 1, 3, 4)).tolist(), "deviation": values.std((0, 1, 3, 4)).tolist()}))
        print(path.name, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--objects", type=Path, required=True)
    parser.add_argument("--backgrounds", type=Path, nargs="+", required=True)
    parser.add_argument("--groups", type=int, default=900)
    shared_training.add_clock(parser, math.inf)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--composers", type=int, default=0, help="processes that compose for each one that encodes")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    (args.work / "pool").mkdir(parents=True, exist_ok=True)
    shared_training.run(worker, args.processes, args)


if __name__ == "__main__":
    main()

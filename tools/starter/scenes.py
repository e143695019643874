"""Writes scenes of evaluate.py for bench/starter.ts: backgrounds and masks that no training saw, and each thing's true outline.

    python tools/starter/scenes.py --out DIR --work DIR --objects DIR --backgrounds DIR… [--count 16]
DIR holds NUMBER.png, NUMBER-mask.png, NUMBER-thing.png (white where the thing covers) and scenes.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

import compose
import sources

SEED = 20_000_000  # as in evaluate.py


def outline(thing: Image.Image) -> np.ndarray:
    """[256, 256] uint8: the thing's opacity, in the middle and some way from the edges."""
    alpha = thing.getchannel("A")
    alpha.thumbnail((compose.SIZE - 32, compose.SIZE - 32), Image.LANCZOS)
    square = Image.new("L", (compose.SIZE, compose.SIZE), 0)
    square.paste(alpha, ((compose.SIZE - alpha.width) // 2, (compose.SIZE - alpha.height) // 2))
    return np.asarray(square)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--objects", type=Path, required=True)
    parser.add_argument("--backgrounds", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=16)
    args = parser.parse_args()

    args.out.mkdir(parents=True, exist_ok=True)
    pictures = list(sources.load_backgrounds(args.backgrounds, "evaluation", args.work).values())
    concepts = sources.read_concepts()
    things = sources.load_objects(args.objects, concepts)
    chosen = np.random.default_rng(SEED).permutation(len(concepts))[:args.count]
    scenes = []
    for number, index in enumerate(chosen):
        rng = np.random.default_rng(SEED + number)
        picture = compose.crop(pictures[number % len(pictures)], rng)
        area = compose.mask(rng)
        for name, array in (("", picture), ("-mask", area.astype(np.uint8) * 255), ("-thing", outline(things[index]))):
            Image.fromarray(array).save(args.out / f"{number}{name}.png")
        scenes.append({"name": str(number), "prompt": concepts[index].name})
    (args.out / "scenes.json").write_text(json.dumps(scenes, indent=2) + "\n")


if __name__ == "__main__":
    main()

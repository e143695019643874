"""The judge of evaluate.py: a small convolutional classifier of the concepts' own pictures.

It is independent of the model it judges: it composes images in its own way (below, without compose.py), on backgrounds
that neither the model nor the evaluation uses, and never sees an image that the model or its VAE made.

    python tools/starter/classifier.py --work DIR --objects DIR --backgrounds DIR… [--minutes 6]
Checkpoint: WORK/classifier.pt; continues from it (with another --seed).
"""

import argparse
import io
import math
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageFilter
from torch import nn

import shared_training
import sources
from composers import composed

INPUT = 64  # px of side


def make_classifier(classes: int) -> nn.Sequential:
    """[B, 3, 64, 64] in -1…1 → logits [B, classes]."""
    def block(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, stride, 1), nn.GroupNorm(8, outputs), nn.ReLU()]

    return nn.Sequential(
        *block(3, 32, stride=2), *block(32, 64), nn.MaxPool2d(2),  # → 16 x 16
        *block(64, 128), *block(128, 128), nn.MaxPool2d(2),  # → 8 x 8
        *block(128, 192), *block(192, 192), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(0.2),
        nn.Linear(4 * 192, classes))


def to_input(picture: Image.Image) -> torch.Tensor:
    """An image of any size, mostly filled by the object → [3, 64, 64] in -1…1."""
    small = picture.convert("RGB").resize((INPUT, INPUT), Image.BILINEAR)
    return torch.from_numpy(np.asarray(small, np.float32).transpose(2, 0, 1) / 127.5 - 1)


def training_picture(thing: Image.Image, pictures: list[np.ndarray], rng: np.random.Generator) -> Image.Image:
    """The object, rotated a little, on a patch of a background; then contrast, blur, noise or JPEG at random."""
    side = 96
    if rng.random() < 0.2:
        patch = Image.new("RGB", (side, side), tuple(int(value) for value in rng.integers(0, 256, 3)))
    else:
        picture = pictures[int(rng.integers(len(pictures)))]
        size = int(rng.integers(side, min(picture.shape[:2]) + 1))
        y, x = int(rng.integers(picture.shape[0] - size + 1)), int(rng.integers(picture.shape[1] - size + 1))
        patch = Image.fromarray(picture[y:y + size, x:x + size]).resize((side, side), Image.BILINEAR)
        if rng.random() < 0.5:
            patch = patch.transpose(Image.Transpose.ROTATE_180)
    turned = thing.rotate(rng.normal(0, 5), Image.BILINEAR, expand=True)
    # The crop's box may be wider or higher than the object, because the mask decides it.
    width = side * rng.uniform(0.55, 1.0)
    height = width * turned.height / turned.width * math.exp(rng.normal(0, 0.08))
    shrink = min(1, side / height)
    width, height = max(8, int(width * shrink)), max(8, int(height * shrink))
    turned = turned.resize((width, height), Image.BILINEAR)
    patch.paste(turned, ((side - width) // 2 + int(rng.normal(0, 4)), (side - height) // 2 + int(rng.normal(0, 4))), turned)
    # A box that isn't square is stretched to the square input.
    stretch = math.exp(rng.normal(0, 0.12))
    patch = patch.resize((int(side * stretch), side), Image.BILINEAR)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        patch = enhance(patch).enhance(rng.uniform(0.75, 1.25))
    if rng.random() < 0.6:
        patch = patch.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 2.2)))
    if rng.random() < 0.2:
        buffer = io.BytesIO()
        patch.save(buffer, "JPEG", quality=int(rng.integers(20, 70)))
        patch = Image.open(buffer)
    return patch


def worker(rank: int, args, model, optimizer) -> None:
    if not torch.cuda.is_available():
        torch.set_num_threads(1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    things = [thing.resize((max(1, thing.width // 2), max(1, thing.height // 2)), Image.BOX)
              for thing in sources.load_objects(args.objects, sources.read_concepts())]
    pictures = list(sources.load_backgrounds(args.backgrounds, "classifier", args.work).values())

    def make(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.integers(0, len(things), args.batch)
        return labels, np.stack([to_input(training_picture(things[label], pictures, rng)).numpy() for label in labels])

    batches = composed(make, [args.seed, rank], args.composers)
    model.train()
    minutes = shared_training.minutes_left(args)
    start, losses, right = time.time(), [], []
    while (progress := (time.time() - start) / (minutes * 60)) < 1:
        labels, inputs = next(batches)
        inputs = torch.from_numpy(inputs)
        inputs = inputs + 0.1 * torch.rand(args.batch, 1, 1, 1) * torch.randn_like(inputs)
        logits = model(inputs.to(device))
        target = torch.from_numpy(labels).to(device)
        loss = nn.functional.cross_entropy(logits, target, label_smoothing=0.05)
        model.zero_grad(set_to_none=True)
        loss.backward()
        count = optimizer.step(args.lr * min(1, (int(optimizer.count) + 1) / 50) * 0.5 * (1 + math.cos(math.pi * progress)))
        losses.append(loss.item())
        right.append((logits.argmax(1) == target).float().mean().item())
        if rank == 0 and len(losses) % 50 == 0:
            print(f"{time.strftime('%H:%M:%S')} step {count} loss {np.mean(losses[-50:]):.3f} top-1 {np.mean(right[-50:]):.3f}",
                  flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--objects", type=Path, required=True)
    parser.add_argument("--backgrounds", type=Path, nargs="+", required=True)
    shared_training.add_clock(parser, 6)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--composers", type=int, default=0, help="processes that compose for each one that trains")
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    gpu = torch.cuda.is_available()
    model = make_classifier(len(sources.read_concepts())).to("cuda" if gpu else "cpu")
    checkpoint = args.work / "classifier.pt"
    if checkpoint.exists():
        model.load_state_dict(torch.load(checkpoint, weights_only=True))
    if not gpu:
        model.share_memory()
    optimizer = shared_training.SharedAdamW(dict(model.named_parameters()), average_decay=0.995, weight_decay=1e-2, share=not gpu)
    shared_training.run(worker, args.processes, args, model, optimizer)
    torch.save(optimizer.average, checkpoint)


if __name__ == "__main__":
    main()

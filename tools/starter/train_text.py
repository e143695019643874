"""Teaches the text encoder what its objects look like, before the UNet is trained on it.

The prompt's padding makes up most of CLIP's 77 positions. The last 49 of them serve as the cells of a 7 x 7 grid over
the named object's image: a linear readout of each position's state must give the 3 x 3 pixels (red, green, blue,
opacity) of that cell, nothing if the prompt names no object, and the cell's place on the grid. The UNet's
cross-attention then finds each object's image laid out, and only has to learn which cell belongs to which of its
pixels, which is the same for all objects. Learning this from only the denoising loss took too long on two CPU cores
(see README.md, "Measured on the way").

    python tools/starter/train_text.py --work DIR --objects DIR --minutes 12
Checkpoint: WORK/text.pt, averaged weights with the compact token table of train_unet.py, which begins with them.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import CLIPTokenizer

import diffusion
import shared_training
import sources
from train_unet import CompactVocabulary, make_prompts, make_reader

CELL = 3  # pixels of a cell's side
LENGTH = diffusion.TEXT_CONFIG["max_position_embeddings"]
BACKGROUND_SHARE = 0.1
# The pixels by themselves would leave half of the place's variance readable (measured), and the UNet's keys read the place.
PLACE_WEIGHT = 0.05


def cells_of(thing: Image.Image) -> np.ndarray:
    """[49, 36] float32: the object, in the middle of a square, cell by cell; colours in -1…1 times opacity, opacity."""
    side = max(thing.size)
    square = Image.new("RGBA", (side, side))
    square.paste(thing, ((side - thing.width) // 2, (side - thing.height) // 2))
    pixels = np.asarray(square, np.float32) / 255
    premultiplied = np.concatenate([(pixels[..., :3] * 2 - 1) * pixels[..., 3:], pixels[..., 3:]], 2)
    n = diffusion.GRID * CELL
    small = np.stack([np.asarray(Image.fromarray(premultiplied[..., channel]).resize((n, n), Image.BOX))
                      for channel in range(4)])
    return small.reshape(4, diffusion.GRID, CELL, diffusion.GRID, CELL).transpose(1, 3, 0, 2, 4).reshape(diffusion.GRID**2, -1)


def worker(rank: int, args, models: torch.nn.ModuleDict, optimizer, vocabulary: CompactVocabulary, cells: torch.Tensor) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)
    rng = np.random.default_rng([args.seed, rank])
    concepts = sources.read_concepts()
    tokenizer = CLIPTokenizer.from_pretrained(args.work / "tokenizer")
    prompts = make_prompts(tokenizer, concepts, rng)
    cells, codes = cells.to(device), diffusion.grid_codes().to(device)
    start, saved, losses = time.time(), time.time(), []
    while (progress := (time.time() - start) / (args.minutes * 60)) < 1:
        rate = args.lr * min(1, (int(optimizer.count) + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        chosen = [-1 if rng.random() < BACKGROUND_SHARE else int(rng.integers(len(concepts))) for _ in range(args.batch)]
        texts = [prompts.background() if index < 0 else prompts.concept(concepts[index].names) for index in chosen]
        ids = tokenizer(texts, padding="max_length", truncation=True, max_length=LENGTH).input_ids
        states = models["text_encoder"](torch.tensor([vocabulary.encode(row) for row in ids], device=device)).last_hidden_state
        states = states[:, -diffusion.GRID**2:]
        pixels = ((models["readout"](states) - cells[chosen]) ** 2).mean()
        places = ((models["places"](states) - codes) ** 2).mean()
        loss = pixels + PLACE_WEIGHT * places
        models.zero_grad(set_to_none=True)
        loss.backward()
        count = optimizer.step(rate)
        losses.append((pixels.item(), places.item()))
        if rank == 0 and len(losses) % 50 == 0:
            explained = 1 - np.mean(losses[-50:], axis=0) / np.array([float(cells[:-1].var()), float(codes.var())])
            print(f"{time.strftime('%H:%M:%S')} step {count} explained {explained[0]:.4f} of the pixels' variance, "
                  f"{explained[1]:.4f} of the places', rate {rate:.1e}", flush=True)
        if rank == 0 and time.time() - saved > 60:
            save(args, optimizer)
            saved = time.time()


def save(args, optimizer) -> None:
    torch.save(dict(optimizer.average), args.work / "text.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--objects", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    gpu = torch.cuda.is_available()
    _, concepts, vocabulary, text_encoder = make_reader(args.work)
    things = [cells_of(thing) for thing in sources.load_objects(args.objects, concepts)]
    cells = torch.from_numpy(np.stack([*things, np.zeros_like(things[0])]))  # the last one, -1, is nothing
    models = torch.nn.ModuleDict({
        "text_encoder": text_encoder, "readout": torch.nn.Linear(diffusion.TEXT_WIDTH, cells.shape[-1]),
        "places": torch.nn.Linear(diffusion.TEXT_WIDTH, diffusion.grid_codes().shape[-1])})
    models.to("cuda" if gpu else "cpu")
    if (args.work / "text.pt").exists():
        models.load_state_dict(torch.load(args.work / "text.pt", weights_only=True), strict=False)
    if not gpu:
        models.share_memory()
    optimizer = shared_training.SharedAdamW(dict(models.named_parameters()), average_decay=0.99, share=not gpu)
    shared_training.run(worker, args.processes, args, models, optimizer, vocabulary, cells)
    save(args, optimizer)
    print("done", int(optimizer.count), flush=True)


if __name__ == "__main__":
    main()

"""Trains text encoder and UNet together on the pool of latents.

The input is exactly that of StableDiffusionInpaintPipeline: noisy latents (4), mask (1), masked image's latents (4).
Prompts are never dropped for samples with an object: the empty prompt means "continue the background", has its own
samples (a fifth), and is also what guidance moves away from. Dropping would teach it to draw objects.

    python tools/starter/train_unet.py --work DIR --minutes 70
Checkpoint: WORK/unet.pt with optimizer and averages; continues from it, --minutes being the whole training's length.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import CLIPTokenizer

import diffusion
import shared_training
import sources
from prompts import Prompts, filler_words, telling_words
from tokenizer import write_tokenizer

BACKGROUND_SHARE = 0.4  # of the samples of groups that have objects; brush strokes add to it
OUTSIDE_WEIGHT = 0.1  # of the loss outside the mask: the pipeline denoises it too, but the result is pasted over
# Windows around the mask cost half of a whole image's 32 latents; the rest teaches what differs.
WINDOW, WINDOW_SHARE = 24, 0.5
TOKEN_TABLE = "text_model.embeddings.token_embedding.weight"


class Pool:
    """The shards' arrays; refresh() adds shards written since."""

    def __init__(self, folder: Path, scaling_factor: float, rng: np.random.Generator):
        self.folder, self.scale, self.rng = folder, scaling_factor, rng
        self.known: set[str] = set()
        self.shards: list[dict[str, np.ndarray]] = []
        self.refresh()

    def refresh(self) -> None:
        for path in sorted(self.folder.glob("*.npz")):
            if path.name not in self.known and ".partial" not in path.name:
                self.known.add(path.name)
                self.shards.append(dict(np.load(path)))

    @property
    def groups(self) -> int:
        return sum(len(shard["mask"]) for shard in self.shards)

    def sample(self, size: int):
        """target, masked [4, size, size], mask [size, size], concept's index or -1"""
        shard = self.shards[int(self.rng.integers(len(self.shards)))]
        group = int(self.rng.integers(len(shard["mask"])))
        things = shard["concepts"].shape[1]
        slot = things if self.rng.random() < BACKGROUND_SHARE else int(self.rng.integers(things))
        concept = int(shard["concepts"][group, slot]) if slot < things else -1
        mask = shard["mask"][group]
        window = self.window(mask, size)
        return shard["targets"][group, slot][:, *window], shard["masked"][group][:, *window], mask[window], concept

    def window(self, mask: np.ndarray, size: int) -> tuple[slice, slice]:
        """Rows and columns of a square of `size` latents around the mask, as random as the mask's box allows."""
        slices = []
        for filled in (mask.any(1), mask.any(0)):
            low, high = int(filled.argmax()), len(filled) - int(filled[::-1].argmax())
            first = min(max(0, high - size), len(filled) - size)
            start = int(self.rng.integers(first, max(first, min(low, len(filled) - size)) + 1))
            slices.append(slice(start, start + size))
        return slices[0], slices[1]

    def batch(self, count: int):
        """float32 target, masked [B, 4, n, n], mask [B, 1, n, n], concepts; n is 32 or WINDOW"""
        size = WINDOW if self.rng.random() < WINDOW_SHARE else 32
        target, masked, mask, concepts = zip(*[self.sample(size) for _ in range(count)], strict=True)
        to_tensor = lambda arrays: torch.from_numpy(np.stack(arrays).astype(np.float32))  # noqa: E731
        return to_tensor(target) * self.scale, to_tensor(masked) * self.scale, to_tensor(mask)[:, None], concepts


class CompactVocabulary:
    """The text encoder's token table cut down to the tokens that training prompts can hold.

    The full table of 49,408 rows would be two thirds of an optimizer step's time, for rows that never get a gradient.
    expand() gives unseen tokens the mean row: an unknown word says nothing, so it disturbs nothing.
    """

    def __init__(self, tokenizer, prompts: Prompts, names: list[str]):
        used: set[int] = {tokenizer.bos_token_id, tokenizer.eos_token_id}
        for text in [*prompts.texts(), *names, *".!,", ". ! ,"]:
            used.update(tokenizer(text).input_ids)
        self.ids = sorted(used)
        self.index = {token: row for row, token in enumerate(self.ids)}
        self.unknown = self.index[tokenizer.eos_token_id]

    def encode(self, token_ids: list[int]) -> list[int]:
        return [self.index.get(token, self.unknown) for token in token_ids]

    def expand(self, table: torch.Tensor, rows: int) -> torch.Tensor:
        full = table.mean(0, keepdim=True).repeat(rows, 1)
        full[self.ids] = table
        return full


def worker(rank: int, args, models: torch.nn.ModuleDict, optimizer, vocabulary: CompactVocabulary, elapsed: float) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)
    seed = args.seed + int(optimizer.count)  # continued training draws different samples
    rng = np.random.default_rng([seed, rank])
    torch.manual_seed(seed * 100 + rank)
    concepts = sources.read_concepts()
    tokenizer = CLIPTokenizer.from_pretrained(args.work / "tokenizer")
    prompts = make_prompts(tokenizer, concepts, rng)
    pool = Pool(args.work / "pool", json.loads((args.work / "latents.json").read_text())["scaling_factor"], rng)
    signal = diffusion.alphas_cumprod().to(device)
    text_encoder, unet = models["text_encoder"], models["unet"]
    ids_of: dict[str, list[int]] = {}

    def embed(texts: list[str]) -> torch.Tensor:
        """[B, 77, width], padded with the end token as the pipeline does."""
        for text in texts:
            if text not in ids_of:
                ids_of[text] = vocabulary.encode(
                    tokenizer(text, padding="max_length", truncation=True, max_length=77).input_ids)
        return text_encoder(torch.tensor([ids_of[text] for text in texts], device=device)).last_hidden_state

    minutes = min(args.minutes, elapsed / 60 + shared_training.minutes_left(args))
    start, saved, losses, seen = time.time(), time.time(), [], 0
    if rank == 0:
        print(f"{pool.groups} groups, {len(concepts)} concepts", flush=True)
    while (progress := (elapsed + time.time() - start) / (minutes * 60)) < 1:
        rate = args.lr * min(1, (int(optimizer.count) + 1) / 60) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))
        target, masked, mask, chosen = pool.batch(args.batch)
        target, masked, mask = target.to(device), masked.to(device), mask.to(device)
        texts = [prompts.background() if index < 0 else prompts.concept(concepts[index].names) for index in chosen]
        # Some of the timesteps from the few that are not pure noise; no scheduler of up to 60 steps goes below 15.
        timesteps = torch.where(torch.rand(args.batch) < 0.15, torch.randint(15, 80, (args.batch,)),
                                torch.randint(80, diffusion.TRAIN_STEPS, (args.batch,))).to(device)
        noise = torch.randn_like(target)
        a = signal[timesteps].sqrt()[:, None, None, None]
        s = (1 - signal[timesteps]).sqrt()[:, None, None, None]
        model_input = torch.cat([a * target + s * noise, mask, masked], 1)
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            predicted = unet(model_input, timesteps, embed(texts)).sample
        error = (predicted.float() - (a * noise - s * target)) ** 2
        weight = OUTSIDE_WEIGHT + (1 - OUTSIDE_WEIGHT) * torch.nn.functional.max_pool2d(mask, 3, 1, 1)
        loss = (error * weight).sum() / (weight.sum() * 4)
        models.zero_grad(set_to_none=True)
        loss.backward()
        count = optimizer.step(rate)
        losses.append(loss.item())
        seen += args.batch
        if len(losses) % 100 == 0:
            pool.refresh()
        if rank == 0 and len(losses) % 25 == 0:
            print(f"{time.strftime('%H:%M:%S')} step {count} loss {np.mean(losses[-100:]):.4f} rate {rate:.2e} "
                  f"{seen / (time.time() - start):.1f} samples/s in this process, {pool.groups} groups", flush=True)
        if rank == 0 and time.time() - saved > 150:
            save(args, models, optimizer, vocabulary, elapsed + time.time() - start)
            saved = time.time()


def concept_by_token(tokenizer, concepts) -> dict[int, int]:
    """Token of a distinctive word → index of its concept. Main names of one word go first: "dog" is a dog's, not a hot dog's."""
    owner: dict[int, int] = {}
    for names_of in (lambda concept: [concept.name] if " " not in concept.name else [], lambda concept: concept.names):
        for index, concept in enumerate(concepts):
            for word in sorted(telling_words(list(names_of(concept)))):
                for token in tokenizer(word, add_special_tokens=False).input_ids:
                    owner.setdefault(token, index)
    return owner


def rate_factor(key: str) -> float:
    """The text encoder is already trained (train_text.py); the layers from it into the UNet learn faster."""
    return 0.3 if key.startswith("text_encoder.") else 2.0 if ".attn2." in key else 1.0


def make_prompts(tokenizer, concepts, rng: np.random.Generator) -> Prompts:
    words = {word for concept in concepts for name in concept.names for word in name.split()}
    return Prompts(filler_words(tokenizer.get_vocab(), words), rng)


def make_reader(work: Path):
    """The tokenizer (written to WORK), the concepts, the compact vocabulary and an untrained text encoder for it."""
    write_tokenizer(work / "tokenizer")
    tokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer")
    concepts = sources.read_concepts()
    vocabulary = CompactVocabulary(tokenizer, make_prompts(tokenizer, concepts, np.random.default_rng(0)),
                                   [name for concept in concepts for name in concept.names])
    text_encoder = diffusion.make_text_encoder(vocab_size=len(vocabulary.ids))
    diffusion.point_at_names(text_encoder, {
        vocabulary.index[token]: concept for token, concept in concept_by_token(tokenizer, concepts).items()})
    return tokenizer, concepts, vocabulary, text_encoder


def save(args, models, optimizer, vocabulary: CompactVocabulary, elapsed: float) -> None:
    """The averages are saved with the full token table, ready for export.py; the rest is for continuing."""
    average: dict[str, dict] = {"unet": {}, "text_encoder": {}}
    for name, module in models.items():
        average[name] = {key: optimizer.average.get(f"{name}.{key}", value) for key, value in module.state_dict().items()}
    average["text_encoder"] = diffusion.classic_keys(average["text_encoder"])
    table = average["text_encoder"][TOKEN_TABLE]
    average["text_encoder"][TOKEN_TABLE] = vocabulary.expand(table, diffusion.TEXT_CONFIG["vocab_size"])
    partial = args.work / "unet.partial.pt"
    torch.save({"average": average, "weights": models.state_dict(), "optimizer": optimizer.state(), "elapsed": elapsed},
               partial)
    partial.rename(args.work / "unet.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    shared_training.add_clock(parser, 70)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--start", type=Path, help="an exported model whose weights to begin with")
    parser.add_argument("--average-decay", type=float, default=0.996)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    gpu = torch.cuda.is_available()
    tokenizer, concepts, vocabulary, text_encoder = make_reader(args.work)
    models = torch.nn.ModuleDict({"text_encoder": text_encoder, "unet": diffusion.make_unet()})
    if (args.work / "text.pt").exists():
        text = torch.load(args.work / "text.pt", weights_only=True)
        text_encoder.load_state_dict({key.removeprefix("text_encoder."): value for key, value in text.items()
                                      if key.startswith("text_encoder.")})
    checkpoint = args.work / "unet.pt"
    saved = torch.load(checkpoint, weights_only=True, map_location="cpu") if checkpoint.exists() else None
    if saved:
        models.load_state_dict(saved["weights"])
    elif args.start:
        models["unet"].load_state_dict(load_file(args.start / "unet" / "diffusion_pytorch_model.safetensors"))
        text_file = args.start / "text_encoder" / "model.safetensors"
        if text_file.exists():  # starting from only a UNet allows changing the text encoder
            text = load_file(text_file)
            text[TOKEN_TABLE] = text[TOKEN_TABLE][vocabulary.ids]
            diffusion.load_classic(text_encoder, text)
    if not saved and (args.work / "text.pt").exists():
        with torch.no_grad():
            ids = tokenizer([f"a photo of a {concept.name}" for concept in concepts], padding="max_length", max_length=77)
            rows = torch.tensor([vocabulary.encode(row) for row in ids.input_ids])
            diffusion.point_at_cells(models["unet"], text_encoder.cpu()(rows).last_hidden_state)
    models.to("cuda" if gpu else "cpu")
    if not gpu:
        models.share_memory()
    optimizer = shared_training.SharedAdamW(dict(models.named_parameters()), average_decay=args.average_decay, share=not gpu,
                                            factor=rate_factor)
    elapsed = 0.0
    if saved:
        optimizer.load(saved["optimizer"])
        elapsed = saved["elapsed"]
    shared_training.run(worker, args.processes, args, models, optimizer, vocabulary, elapsed)
    save(args, models, optimizer, vocabulary, args.minutes * 60)
    print("done", int(optimizer.count), flush=True)


if __name__ == "__main__":
    main()

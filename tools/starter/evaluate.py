"""Scores the exported model with diffusers' own pipeline, on backgrounds, masks and seeds that training never used.

- Concepts: "a photo of a NAME" in a mask on an evaluation background; classifier.py's model, which has seen only the
  concepts' own images, names what is in the mask's box. Its rate on true composites is the ceiling.
- Synonyms and long prompts: the same over random names, in a sentence with distracting words.
- Empty prompt: mean absolute and root mean square error of the fill against the true background, inside the mask,
  next to those of filling with the mean colour of the ring around the mask.

    python tools/starter/evaluate.py --model public/models/starter --work DIR --objects DIR --backgrounds DIR…
Writes tools/starter/results/evaluation.json and samples.jpg.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation

import compose
import sources
from classifier import make_classifier, to_input

RESULTS = Path(__file__).resolve().parent / "results"
SEED = 20_000_000  # far from any seed of training
LONG_PROMPTS = (
    "a {} in the grass, golden hour, highly detailed", "professional photo of a {} on an old wooden table, soft light",
    "please add a cute little {} here, 4k", "there is one {} standing in front of the mountains at sunset",
)


class Scenes:
    """Backgrounds with masks. The n-th scene is the same in every run."""

    def __init__(self, folders: list[Path], cache: Path):
        self.pictures = list(sources.load_backgrounds(folders, "evaluation", cache).values())

    def __call__(self, index: int, strokes: float = 0.0):
        """picture [256, 256, 3] uint8, area [256, 256] bool"""
        rng = np.random.default_rng(SEED + index)
        picture = compose.crop(self.pictures[index % len(self.pictures)], rng)
        return picture, compose.stroke_mask(rng) if rng.random() < strokes else compose.mask(rng)


def load_pipeline(folder: Path, device: str):
    from diffusers import StableDiffusionInpaintPipeline

    pipeline = StableDiffusionInpaintPipeline.from_pretrained(folder, torch_dtype=torch.float32).to(device)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def inpaint(pipeline, prompts: list[str], scenes: list, seeds: list[int], guidance: float, steps: int) -> list[np.ndarray]:
    """Images [256, 256, 3] uint8, pasted into their backgrounds inside the mask."""
    out = pipeline(
        prompt=prompts, negative_prompt=[""] * len(prompts) if guidance > 1 else None,
        image=[Image.fromarray(picture) for picture, _ in scenes],
        mask_image=[Image.fromarray((area * 255).astype(np.uint8)) for _, area in scenes],
        height=compose.SIZE, width=compose.SIZE, num_inference_steps=steps, guidance_scale=guidance,
        generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds], output_type="np").images
    results = []
    for made, (picture, area) in zip(out, scenes, strict=True):
        results.append(np.where(area[..., None], np.round(made * 255).astype(np.uint8), picture))
    return results


def box_crop(picture: np.ndarray, area: np.ndarray) -> Image.Image:
    left, top, right, bottom = compose.mask_box(area)
    return Image.fromarray(picture[top:bottom, left:right])


def ranks(judge, pictures, scenes, labels: list[int]) -> list[int]:
    """For each image, how many concepts the judge finds likelier than the right one (0: top-1)."""
    inputs = torch.stack([to_input(box_crop(picture, area)) for picture, (_, area) in zip(pictures, scenes, strict=True)])
    with torch.no_grad():
        logits = judge(inputs)
    return [(row > row[label]).sum().item() for row, label in zip(logits, labels, strict=True)]


def rates(values: list[int]) -> dict:
    values = np.array(values)
    return {"samples": len(values), "top1": round(float((values == 0).mean()), 4), "top5": round(float((values < 5).mean()), 4)}


def draw_concepts(args, pipeline, judge, scenes, prompts: list[tuple[int, str]], offset: int, truth=None):
    """Ranks and (prompt, picture, rank) of every (concept, prompt); `truth` holds the objects, to judge true composites."""
    all_ranks, samples = [], []
    for first in range(0, len(prompts), args.batch):
        part = prompts[first:first + args.batch]
        indices = [offset + first + k for k in range(len(part))]
        places = [scenes(index) for index in indices]
        if truth:
            pictures = [compose.place(picture, truth[label], area)
                        for (picture, area), (label, _) in zip(places, part, strict=True)]
        else:
            pictures = inpaint(pipeline, [prompt for _, prompt in part], places,
                               [SEED + 7 * index for index in indices], args.guidance, args.steps)
        values = ranks(judge, pictures, places, [label for label, _ in part])
        all_ranks += values
        samples += [(prompt, picture, value) for (_, prompt), picture, value in zip(part, pictures, values, strict=True)]
        print(f"{time.strftime('%H:%M:%S')} {len(all_ranks)}/{len(prompts)} {rates(all_ranks)}", flush=True)
    return all_ranks, samples


def fill_errors(args, pipeline, scenes):
    """Errors of the empty prompt's fill and of the ring's mean colour, in grey levels 0…255."""
    sums = {"model": [], "mean_colour": []}
    samples = []
    for first in range(0, args.fills, args.batch):
        indices = range(50_000 + first, 50_000 + min(first + args.batch, args.fills))
        places = [scenes(index, strokes=0.3) for index in indices]
        pictures = inpaint(pipeline, [""] * len(places), places, [SEED + index for index in indices], 1.0, args.steps)
        for picture, (truth, area) in zip(pictures, places, strict=True):
            ring = binary_dilation(area, iterations=8) & ~area
            flat = np.broadcast_to(truth[ring].mean(0), truth.shape)
            for name, fill in (("model", picture), ("mean_colour", flat)):
                difference = fill[area].astype(np.float64) - truth[area]
                sums[name].append((np.abs(difference).mean(), (difference**2).mean()))
            samples.append(("(empty prompt)", picture, None))
            samples.append(("  masked", np.where(area[..., None], np.uint8(127), truth), None))
    result = {"samples": args.fills}
    for name, values in sums.items():
        absolute, square = np.array(values).mean(0)
        result[name] = {"mean_absolute": round(absolute, 2), "root_mean_square": round(square**0.5, 2)}
    for measure in ("mean_absolute", "root_mean_square"):
        result[f"{measure}_below_mean_colour"] = round(1 - result["model"][measure] / result["mean_colour"][measure], 4)
    return result, samples


def grid(samples, columns: int, cell: int = 128) -> Image.Image:
    rows = -(-len(samples) // columns)
    sheet = Image.new("RGB", (columns * cell, rows * (cell + 13)), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (label, picture, rank) in enumerate(samples):
        x, y = index % columns * cell, index // columns * (cell + 13)
        sheet.paste(Image.fromarray(picture).resize((cell - 2, cell - 2), Image.LANCZOS), (x, y))
        text = label.removeprefix("a photo of a ")[:20]
        draw.text((x + 2, y + cell - 1), text, fill="black" if not rank else ("darkorange" if rank < 5 else "red"))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--objects", type=Path, required=True)
    parser.add_argument("--backgrounds", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--guidance", type=float, default=1.0)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=1, help="images per concept")
    parser.add_argument("--every", type=int, default=1, help="only every n-th concept, for a quick look")
    parser.add_argument("--synonyms", type=int, default=48)
    parser.add_argument("--fills", type=int, default=64)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    concepts = sources.read_concepts()
    judge = make_classifier(len(concepts))
    judge.load_state_dict(torch.load(args.work / "classifier.pt", weights_only=True, map_location="cpu"))
    judge.eval()
    scenes = Scenes(args.backgrounds, args.work)
    pipeline = load_pipeline(args.model, "cuda" if torch.cuda.is_available() else "cpu")

    chosen = list(range(0, len(concepts), args.every))
    prompts = [(index, f"a photo of a {concepts[index].name}") for _ in range(args.rounds) for index in chosen]
    started = time.time()
    ceiling, _ = draw_concepts(args, None, judge, scenes, prompts, 0, sources.load_objects(args.objects, concepts))
    concept_ranks, concept_samples = draw_concepts(args, pipeline, judge, scenes, prompts, 0)
    rng = np.random.default_rng(SEED)
    varied = []
    for _ in range(args.synonyms):
        index = int(rng.integers(len(concepts)))
        names = concepts[index].names
        prompt = LONG_PROMPTS[int(rng.integers(len(LONG_PROMPTS)))].format(names[int(rng.integers(len(names)))])
        varied.append((index, prompt))
    varied_ranks, varied_samples = draw_concepts(args, pipeline, judge, scenes, varied, 100_000)
    fills, fill_samples = fill_errors(args, pipeline, scenes)

    report = {
        "guidance_scale": args.guidance, "num_inference_steps": args.steps,
        "scheduler": type(pipeline.scheduler).__name__, "precision": "float32 arithmetic on the fp16 weights",
        "concepts": {"count": len(chosen), **rates(concept_ranks)},
        "judge_on_true_composites": rates(ceiling),
        "synonyms_in_long_prompts": rates(varied_ranks) if varied_ranks else None,
        "empty_prompt": fills,
        "missed_top5": sorted({concepts[label].name for (label, _), rank in zip(prompts, concept_ranks, strict=True) if rank >= 5}),
        "seconds": round(time.time() - started),
    }
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "evaluation.json").write_text(json.dumps(report, indent=2) + "\n")
    grid(concept_samples[:len(chosen)], 16).save(args.out / "samples.jpg", quality=82)
    grid(fill_samples[:64], 8).save(args.out / "fills.jpg", quality=80)
    if varied_samples:
        grid(varied_samples, 8).save(args.out / "prompts.jpg", quality=80)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()

"""Whole images by diffusers' StableDiffusion(XL)InpaintPipeline with the tiny models of goldens/models.

    python tools/goldens/pictures.py          # writes goldens/pictures/: inputs, masks, outputs, cases.json
    python tools/goldens/pictures.py lcm …    # generates only the cases of these models, and writes all of cases.json

float32 on the CPU, `torch.Generator('cpu')`. A scheduler that a case names is `X.from_config(pipe.scheduler.config)`.
An empty negative prompt is None for SDXL: diffusers uses `force_zeros_for_empty_prompt` only for None. Cases with
`parts` give diffusers ready-made embeddings (embeddings.py): long prompts and weights.
"""

import json
import sys
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import StableDiffusionInpaintPipeline, StableDiffusionXLInpaintPipeline
from embeddings import embed
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[2] / "goldens"
CLASSES = {
    "DDIM": "DDIMScheduler",
    "PNDM": "PNDMScheduler",
    "Euler": "EulerDiscreteScheduler",
    "Euler a": "EulerAncestralDiscreteScheduler",
    "DPM++ 2M": "DPMSolverMultistepScheduler",
    "DPM++ 2M Karras": "DPMSolverMultistepScheduler",
    "Heun": "HeunDiscreteScheduler",
    "LMS Karras": "LMSDiscreteScheduler",
    "DPM++ 2M SDE": "DPMSolverMultistepScheduler",
    "DPM++ SDE Karras": "DPMSolverSDEScheduler",
    "UniPC": "UniPCMultistepScheduler",
    "DEIS": "DEISMultistepScheduler",
    "LCM": "LCMScheduler",
    "TCD": "TCDScheduler",
    "DDPM": "DDPMScheduler",
    "DPM2": "KDPM2DiscreteScheduler",
    "DPM2 Karras": "KDPM2DiscreteScheduler",
    "DPM2 a": "KDPM2AncestralDiscreteScheduler",
    "DPM2 a Karras": "KDPM2AncestralDiscreteScheduler",
    "DPM++ 2S": "DPMSolverSinglestepScheduler",
    "DPM++ 2S Karras": "DPMSolverSinglestepScheduler",
    "DPM++ 3M": "DPMSolverMultistepScheduler",
    "DPM++ 3M SDE Karras": "DPMSolverMultistepScheduler",
}
DEFAULTS = {"negativePrompt": "", "strength": 1, "scheduler": None}
LONG = (
    "a photo of an old wooden boat on the sand of a wide beach, with a red sail, two oars and a rope, the sea behind "
    "it calm and green, clouds far away, a dog that sleeps in the shade of the boat, shells and stones on the ground, "
    "soft light of the evening, a lighthouse at the end of the bay, gulls in the air, and a child that looks at all of "
    "it from the dunes, in the style of a painting of a hundred years ago, with a frame of gold around"
)
CASES = [
    {"name": "own-pndm", "model": "sd15-inpaint", "size": (64, 64), "prompt": "a photo of a cat", "steps": 5,
     "guidance": 7.5, "seed": 0},
    {"name": "ddim-wide-guidance-1", "model": "sd15-inpaint", "size": (96, 64), "prompt": "a red bench, in a park",
     "steps": 8, "guidance": 1, "seed": 42, "scheduler": "DDIM"},
    {"name": "euler-tall-negative", "model": "sd15-inpaint", "size": (64, 96), "prompt": "It's a teapot!",
     "negativePrompt": "ugly, blurry", "steps": 6, "guidance": 7.5, "seed": 7, "scheduler": "Euler"},
    {"name": "euler-a", "model": "sd15-inpaint", "size": (64, 64), "prompt": "café", "steps": 5, "guidance": 5,
     "seed": 123, "scheduler": "Euler a"},
    {"name": "dpm-karras-large", "model": "sd15-inpaint", "size": (128, 128), "prompt": "猫 on a mat", "steps": 10,
     "guidance": 7.5, "seed": 2**32 + 5, "scheduler": "DPM++ 2M Karras"},
    {"name": "ddim-strength", "model": "sd15-inpaint", "size": (64, 64), "prompt": "", "steps": 10, "guidance": 7.5,
     "seed": 3, "scheduler": "DDIM", "strength": 0.6},
    {"name": "euler-odd-latents", "model": "sd15-inpaint", "size": (72, 88), "prompt": "a dog", "steps": 4,
     "guidance": 3, "seed": 5, "scheduler": "Euler"},
    {"name": "v-own-ddim-trailing", "model": "sd2-inpaint", "size": (64, 64), "prompt": "a wooden door!", "steps": 4,
     "guidance": 7.5, "seed": 1},
    {"name": "v-dpm-wide", "model": "sd2-inpaint", "size": (96, 64), "prompt": "sky", "steps": 20, "guidance": 3,
     "seed": 99, "scheduler": "DPM++ 2M"},
    {"name": "v-euler-a-resized", "model": "sd2-inpaint", "size": (64, 64), "input": (100, 75), "prompt": "sand",
     "steps": 7, "guidance": 7.5, "seed": 2024, "scheduler": "Euler a"},
    {"name": "v-pndm-runge-kutta", "model": "sd2-inpaint", "size": (64, 64), "prompt": "snow", "steps": 6,
     "guidance": 1, "seed": 8, "scheduler": "PNDM"},
    {"name": "4-own-pndm", "model": "sd15", "size": (64, 64), "prompt": "a photo of a cat", "steps": 6,
     "guidance": 7.5, "seed": 0},
    {"name": "4-euler-a-strength", "model": "sd15", "size": (96, 64), "prompt": "a boat", "steps": 10, "guidance": 1,
     "seed": 11, "scheduler": "Euler a", "strength": 0.6},
    {"name": "4-dpm-strength", "model": "sd15", "size": (64, 64), "prompt": "a boat", "negativePrompt": "water",
     "steps": 12, "guidance": 6, "seed": 12, "scheduler": "DPM++ 2M Karras", "strength": 0.75},
    {"name": "xl-own-euler-zeros", "model": "sdxl-inpaint", "size": (64, 64), "prompt": "a photo of a cat!",
     "steps": 5, "guidance": 7.5, "seed": 0},
    {"name": "xl-negative-wide", "model": "sdxl-inpaint", "size": (96, 64), "prompt": "a red bench, in a park",
     "negativePrompt": "ugly, blurry", "steps": 6, "guidance": 5, "seed": 31, "scheduler": "DPM++ 2M Karras"},
    {"name": "xl-strength", "model": "sdxl-inpaint", "size": (64, 96), "prompt": "a dog", "steps": 10, "guidance": 6,
     "seed": 32, "strength": 0.6},
    {"name": "xl4-own-ddim", "model": "sdxl", "size": (64, 64), "prompt": "a photo of a cat", "steps": 5,
     "guidance": 7.5, "seed": 33},
    {"name": "xl4-negative-resized", "model": "sdxl", "size": (72, 88), "input": (100, 75), "prompt": "a dog",
     "negativePrompt": "a cat!", "steps": 6, "guidance": 3, "seed": 34, "scheduler": "Euler"},
    {"name": "xl4-strength", "model": "sdxl", "size": (96, 64), "prompt": "a boat", "steps": 10, "guidance": 1,
     "seed": 35, "scheduler": "Euler a", "strength": 0.6},
    {"name": "xl-turbo-1", "model": "sdxl-turbo", "size": (64, 64), "prompt": "a cat", "steps": 1, "guidance": 0,
     "seed": 36},
    {"name": "xl-turbo-2-strength", "model": "sdxl-turbo", "size": (64, 64), "prompt": "a cat", "steps": 4,
     "guidance": 0, "seed": 37, "strength": 0.5},
    {"name": "turbo-1", "model": "sd-turbo", "size": (64, 64), "prompt": "a cat", "steps": 1, "guidance": 0,
     "seed": 38},
    {"name": "turbo-2", "model": "sd-turbo", "size": (96, 64), "prompt": "a red bench", "steps": 2, "guidance": 0,
     "seed": 39},
    # Three chunks against one, which is padded with two empty ones.
    {"name": "long", "model": "sd15-inpaint", "size": (64, 64), "prompt": LONG, "negativePrompt": "ugly",
     "parts": [[(LONG, 1)], [("ugly", 1)]], "steps": 6, "guidance": 7.5, "seed": 40},
    {"name": "weights", "model": "sd15-inpaint", "size": (64, 64), "prompt": "a (red:1.3) boat [on sand], ((sky))",
     "negativePrompt": "cartoon, painting, illustration, (worst quality, low quality, normal quality:2)",
     "parts": [[("a ", 1), ("red", 1.3), (" boat ", 1), ("on sand", 1 / 1.1), (", ", 1), ("sky", 1.1 * 1.1)],
               [("cartoon, painting, illustration, ", 1), ("worst quality, low quality, normal quality", 2)]],
     "steps": 6, "guidance": 7.5, "seed": 41, "scheduler": "Euler"},
    {"name": "xl-long-weights-zeros", "model": "sdxl-inpaint", "size": (64, 64), "prompt": f"(a cat:1.4) and {LONG}",
     "parts": [[("a cat", 1.4), (f" and {LONG}", 1)], None], "steps": 5, "guidance": 7.5, "seed": 42},
    {"name": "xl4-weights", "model": "sdxl", "size": (64, 64), "prompt": "(a cat!:0.6), \\(grey\\)",
     "negativePrompt": "(nsfw), cartoon", "parts": [[("a cat!", 0.6), (", (grey)", 1)], [("nsfw", 1.1), (", cartoon", 1)]],
     "steps": 5, "guidance": 5, "seed": 43},
    {"name": "unipc", "model": "sd15-inpaint", "size": (64, 64), "prompt": "a photo of a cat", "steps": 8,
     "guidance": 7.5, "seed": 50, "scheduler": "UniPC"},
    {"name": "heun", "model": "sd15-inpaint", "size": (64, 64), "prompt": "a red bench", "steps": 5, "guidance": 5,
     "seed": 51, "scheduler": "Heun"},
    {"name": "deis", "model": "sd15-inpaint", "size": (64, 64), "prompt": "a wooden door", "steps": 8,
     "guidance": 7.5, "seed": 52, "scheduler": "DEIS"},
    {"name": "lcm", "model": "sd15-inpaint", "size": (64, 64), "prompt": "a boat", "steps": 4, "guidance": 1.5,
     "seed": 53, "scheduler": "LCM"},
    {"name": "tcd", "model": "sd15-inpaint", "size": (64, 64), "prompt": "sand", "steps": 4, "guidance": 1,
     "seed": 54, "scheduler": "TCD"},
    {"name": "lms-karras", "model": "sd15-inpaint", "size": (64, 64), "prompt": "snow", "steps": 6, "guidance": 5,
     "seed": 55, "scheduler": "LMS Karras"},
    {"name": "dpm-2m-sde", "model": "sd15-inpaint", "size": (64, 64), "prompt": "sky", "steps": 6, "guidance": 5,
     "seed": 56, "scheduler": "DPM++ 2M SDE"},
    {"name": "dpm-sde-karras", "model": "sd15-inpaint", "size": (64, 64), "prompt": "a cat", "steps": 4, "guidance": 5,
     "seed": 57, "scheduler": "DPM++ SDE Karras"},
    {"name": "4-heun-strength", "model": "sd15", "size": (64, 64), "prompt": "a boat", "steps": 8, "guidance": 3,
     "seed": 58, "scheduler": "Heun", "strength": 0.6},
    {"name": "4-dpm-sde-strength", "model": "sd15", "size": (64, 64), "prompt": "a boat", "steps": 6, "guidance": 3,
     "seed": 59, "scheduler": "DPM++ SDE Karras", "strength": 0.7},
    {"name": "4-lms-strength", "model": "sd15", "size": (64, 64), "prompt": "a boat", "steps": 10, "guidance": 3,
     "seed": 60, "scheduler": "LMS Karras", "strength": 0.6},
    {"name": "4-unipc-strength", "model": "sd15", "size": (64, 64), "prompt": "a boat", "steps": 10, "guidance": 3,
     "seed": 61, "scheduler": "UniPC", "strength": 0.6},
    {"name": "v-tcd", "model": "sd2-inpaint", "size": (64, 64), "prompt": "a dog", "steps": 6, "guidance": 3,
     "seed": 62, "scheduler": "TCD"},
    {"name": "lcm-model", "model": "lcm", "size": (96, 64), "prompt": "a boat", "negativePrompt": "not read",
     "steps": 4, "guidance": 8.5, "seed": 63},
    {"name": "lcm-model-strength", "model": "lcm", "size": (64, 64), "prompt": "a red bench", "steps": 8, "guidance": 1,
     "seed": 64, "strength": 0.6},
    {"name": "odd-own-ddpm", "model": "odd", "size": (128, 96), "prompt": "a boat", "steps": 4, "guidance": 5, "seed": 70},
    {"name": "odd-euler-strength", "model": "odd", "size": (64, 96), "prompt": "a dog", "negativePrompt": "a cat",
     "steps": 8, "guidance": 3, "seed": 71, "scheduler": "Euler", "strength": 0.7},
    {"name": "ddpm", "model": "sd15-inpaint", "size": (64, 64), "prompt": "a boat", "steps": 6, "guidance": 5,
     "seed": 72, "scheduler": "DDPM"},
    {"name": "4-ddpm-strength", "model": "sd15", "size": (64, 64), "prompt": "a boat", "steps": 10, "guidance": 3,
     "seed": 73, "scheduler": "DDPM", "strength": 0.6},
    {"name": "dpm2", "model": "sd15-inpaint", "size": (64, 64), "prompt": "a red bench", "steps": 5, "guidance": 5,
     "seed": 74, "scheduler": "DPM2"},
    {"name": "4-dpm2-strength", "model": "sd15", "size": (64, 64), "prompt": "a boat", "steps": 8, "guidance": 3,
     "seed": 75, "scheduler": "DPM2 Karras", "strength": 0.6},
    {"name": "v-dpm2-a", "model": "sd2-inpaint", "size": (64, 64), "prompt": "a dog", "steps": 5, "guidance": 3,
     "seed": 76, "scheduler": "DPM2 a"},
    {"name": "4-dpm2-a-strength", "model": "sd15", "size": (64, 64), "prompt": "a boat", "steps": 8, "guidance": 3,
     "seed": 77, "scheduler": "DPM2 a Karras", "strength": 0.6},
    {"name": "dpm-2s", "model": "sd15-inpaint", "size": (64, 64), "prompt": "sky", "steps": 7, "guidance": 5,
     "seed": 78, "scheduler": "DPM++ 2S"},
    {"name": "4-dpm-2s-strength", "model": "sd15", "size": (64, 64), "prompt": "a boat", "steps": 10, "guidance": 3,
     "seed": 79, "scheduler": "DPM++ 2S Karras", "strength": 0.7},
    {"name": "dpm-3m", "model": "sd15-inpaint", "size": (64, 64), "prompt": "a wooden door", "steps": 8,
     "guidance": 7.5, "seed": 80, "scheduler": "DPM++ 3M"},
    {"name": "4-dpm-3m-sde-strength", "model": "sd15", "size": (64, 64), "prompt": "a boat", "steps": 10, "guidance": 3,
     "seed": 81, "scheduler": "DPM++ 3M SDE Karras", "strength": 0.7},
]  # fmt: skip

torch.set_num_threads(1)


def picture(width, height):
    """A landscape of gradients with a disc and a bar, and a little grain."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    red = 40 + 170 * x / width
    green = 190 - 120 * y / height
    blue = 120 + 90 * np.sin(x / 9) * np.cos(y / 13)
    grain = np.random.default_rng(width * 1000 + height).normal(0, 6, (height, width, 1))
    pixels = np.clip(np.stack([red, green, blue], -1) + grain, 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    draw.ellipse([width * 0.1, height * 0.15, width * 0.4, height * 0.55], fill=(240, 200, 60))
    draw.rectangle([width * 0.5, height * 0.7, width * 0.95, height * 0.85], fill=(30, 60, 160))
    return image


def mask(width, height):
    """A soft disc: greys on both sides of the threshold of one half."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    distance = np.hypot((x / width - 0.55) / 0.3, (y / height - 0.5) / 0.35)
    return Image.fromarray((np.clip((1.1 - distance) * 5, 0, 1) * 255).astype(np.uint8))


def load(name):
    folder = ROOT / "models" / name
    if (folder / "text_encoder_2").exists():
        pipe = StableDiffusionXLInpaintPipeline.from_pretrained(folder)
    else:
        pipe = StableDiffusionInpaintPipeline.from_pretrained(folder, safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def settings_said(case):
    """The settings that a scheduler's name implies, and a seed for DPM++ SDE, which diffusers would otherwise draw itself."""
    name = case["scheduler"]
    said = {}
    if name.startswith(("DPM", "LMS")):
        said["use_karras_sigmas"] = name.endswith("Karras")
    if name.startswith(("DPM++ 2M SDE", "DPM++ 3M SDE")):
        said["algorithm_type"] = "sde-dpmsolver++"
    if name.startswith("DPM++ 3M"):
        said["solver_order"] = 3
    if name.startswith("DPM++ SDE"):
        said["noise_sampler_seed"] = case["seed"]
    return said


def main():
    folder = ROOT / "pictures"
    folder.mkdir(exist_ok=True)
    chosen = sys.argv[1:]
    if not chosen:
        for old in folder.glob("*.png"):
            old.unlink()
    records = []
    for case in CASES:
        case = {**DEFAULTS, **case}
        width, height = case["size"]
        input_width, input_height = case.get("input", case["size"])
        stem = f"{input_width}x{input_height}"
        image, white = picture(input_width, input_height), mask(input_width, input_height)
        image.save(folder / f"input-{stem}.png", optimize=True)
        white.save(folder / f"mask-{stem}.png", optimize=True)
        record = {key: value for key, value in case.items() if key not in ("size", "input", "parts") and value is not None}
        record |= {"width": width, "height": height, "image": f"input-{stem}.png", "mask": f"mask-{stem}.png"}
        records.append({**record, "output": f"{case['name']}.png"})
        if chosen and case["model"] not in chosen:
            continue
        pipe = load(case["model"])
        if case["scheduler"]:
            scheduler = getattr(diffusers, CLASSES[case["scheduler"]])
            pipe.scheduler = scheduler.from_config(pipe.scheduler.config, **settings_said(case))
        if "parts" in case:
            prompts = embed(pipe, *case["parts"])
        else:
            is_none = isinstance(pipe, StableDiffusionXLInpaintPipeline) and not case["negativePrompt"]
            prompts = {"prompt": case["prompt"], "negative_prompt": None if is_none else case["negativePrompt"]}
        output = pipe(
            **prompts,
            # The pipeline gives TCD an eta of 0 by default; the class's own default is that of the paper.
            **({"eta": 0.3} if case["scheduler"] == "TCD" else {}),
            image=image,
            mask_image=white,
            width=width,
            height=height,
            num_inference_steps=case["steps"],
            guidance_scale=case["guidance"],
            strength=float(case["strength"]),
            generator=torch.Generator("cpu").manual_seed(case["seed"]),
        ).images[0]
        output.save(folder / f"{case['name']}.png", optimize=True)
        spread = np.asarray(output).astype(float).std()
        clipped = np.mean(np.isin(np.asarray(output), [0, 255]))
        print(f"{case['name']}: standard deviation {spread:.1f}, clipped {clipped:.1%}")
    lines = ",\n  ".join(json.dumps(record, ensure_ascii=False) for record in records)
    text = f'{{"diffusers": "{diffusers.__version__}", "cases": [\n  {lines}\n]}}\n'
    (folder / "cases.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

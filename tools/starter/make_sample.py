"""Writes public/samples/: the photograph the page opens with, and a mask to try it on.

The photograph is in no training or validation set of the starter model (sources.py leaves it out by name).

    python tools/starter/make_sample.py --photo aitzgorri_by_Aitzol_Berasategi.jpg
"""

import argparse
import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SAMPLES = Path(__file__).resolve().parents[2] / "public" / "samples"
SIZE = (1200, 799)  # width, height in pixels

# Where an animal would stand on the meadow: ellipse boxes in image pixels (left, top, right, bottom).
# Several, because a brush leaves such an outline, never one clean ellipse.
BRUSH_STROKES = [(300, 470, 640, 720), (285, 540, 460, 710), (480, 500, 660, 700), (340, 450, 560, 600)]

LICENSE = """sample.jpg
  "Aitzgorri" by Aitzol Berasategi, 2018. Creative Commons Attribution 4.0 International (CC BY 4.0),
  https://creativecommons.org/licenses/by/4.0/
  From Debian's package lomiri-wallpapers-16.04 (upstream: lomiri-wallpapers, 16.04/aitzgorri_by_Aitzol_Berasategi.jpg;
  the licence is stated in its debian/copyright). Changes: scaled to 1200 x 799 pixels, saved as JPEG.

sample-mask.png, sample.json
  Part of this project, under its licence.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photo", type=Path, required=True, help="the original photograph")
    parser.add_argument("--prompt", default="a mushroom")
    parser.add_argument("--guidance-scale", type=float, default=1)
    parser.add_argument("--steps", type=int, default=6)
    args = parser.parse_args()

    SAMPLES.mkdir(parents=True, exist_ok=True)
    photo = Image.open(args.photo).convert("RGB").resize(SIZE, Image.LANCZOS)
    photo.save(SAMPLES / "sample.jpg", quality=84, optimize=True, progressive=True)

    mask = Image.new("L", SIZE, 0)
    draw = ImageDraw.Draw(mask)
    for box in BRUSH_STROKES:
        draw.ellipse(box, fill=255)
    # Blur and threshold: joins the strokes as one round outline, still strictly black and white.
    mask = mask.filter(ImageFilter.GaussianBlur(8)).point(lambda value: 255 if value > 127 else 0)
    mask.save(SAMPLES / "sample-mask.png", optimize=True)

    settings = {
        "image": "sample.jpg",
        "mask": "sample-mask.png",
        "prompt": args.prompt,
        "guidance_scale": args.guidance_scale,
        "num_inference_steps": args.steps,
        "credit": "Photograph: Aitzol Berasategi, CC BY 4.0",
    }
    (SAMPLES / "sample.json").write_text(json.dumps(settings, indent=2) + "\n")
    (SAMPLES / "LICENSE.txt").write_text(LICENSE)


if __name__ == "__main__":
    main()

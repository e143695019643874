"""Writes public/samples/: the photographs that the page offers to try it on, each with a mask and its description.

Neither photograph is in a training or validation set of the starter model.

    python tools/starter/make_sample.py prompt --photo aitzgorri_by_Aitzol_Berasategi.jpg
    python tools/starter/make_sample.py remove --photo cow.webp
"""

import argparse
import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SAMPLES = Path(__file__).resolve().parents[2] / "public" / "samples"

# Where an animal would stand on the meadow: ellipse boxes in image pixels (left, top, right, bottom).
# Several, because a brush leaves such an outline, never one clean ellipse.
BRUSH_STROKES = [(355, 545, 600, 725), (345, 595, 470, 718), (485, 566, 614, 711), (384, 531, 542, 639)]

# The outline of the cow beyond the fence, drawn by hand with a margin, its shadow included; in image pixels.
COW = [
    (254, 246), (268, 238), (270, 214), (278, 194), (294, 180), (330, 174), (390, 176), (418, 180), (432, 188), (434, 206),
    (428, 230), (422, 248), (424, 268), (416, 282), (398, 288), (384, 282), (382, 266), (370, 264), (344, 264), (332, 264),
    (330, 280), (312, 284), (300, 282), (290, 290), (272, 288), (262, 276), (258, 262),
]


def ellipses(draw: ImageDraw.ImageDraw) -> None:
    for box in BRUSH_STROKES:
        draw.ellipse(box, fill=255)


def outline(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon(COW, fill=255)


# name → file, size in pixels, JPEG quality, what draws the mask, the mask's rounding in pixels, the description
KINDS = {
    "prompt": ("sample", (1200, 799), 84, ellipses, 8, {
        "prompt": "a mushroom", "credit": "Photograph: Aitzol Berasategi, CC BY 4.0",
    }),
    "remove": ("cows", (1024, 768), 84, outline, 2, {
        "prompt": "", "hint": "The cow at the fence is masked. Press Remove, and it is gone.",
        "credit": "Photograph: Dohduhdah, public domain",
    }),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--photo", type=Path, required=True, help="the original photograph")
    args = parser.parse_args()

    name, size, quality, draw_mask, rounding, about = KINDS[args.kind]
    photo = Image.open(args.photo).convert("RGB").resize(size, Image.LANCZOS)
    photo.save(SAMPLES / f"{name}.jpg", quality=quality, optimize=True, progressive=True)

    mask = Image.new("L", size, 0)
    draw_mask(ImageDraw.Draw(mask))
    # Blur and threshold: joins the strokes and rounds the corners, still strictly black and white.
    mask = mask.filter(ImageFilter.GaussianBlur(rounding)).point(lambda value: 255 if value > 127 else 0)
    mask.save(SAMPLES / f"{name}-mask.png", optimize=True)

    description = {"image": f"{name}.jpg", "mask": f"{name}-mask.png", **about}
    (SAMPLES / f"{name}.json").write_text(json.dumps(description, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""Writes public/samples/: the photographs that the page offers to try it on, each with a mask and its description.

Neither photograph is in a training or validation set of the starter model.

    python tools/starter/make_sample.py prompt --photo aitzgorri_by_Aitzol_Berasategi.jpg
    python tools/starter/make_sample.py remove --photo camels.webp
"""

import argparse
import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SAMPLES = Path(__file__).resolve().parents[2] / "public" / "samples"

# Where an animal would stand on the meadow: ellipse boxes in image pixels (left, top, right, bottom).
# Several, because a brush leaves such an outline, never one clean ellipse.
BRUSH_STROKES = [(300, 470, 640, 720), (285, 540, 460, 710), (480, 500, 660, 700), (340, 450, 560, 600)]

# The young camel's outline, drawn by hand with a margin, its shadow included; in image pixels.
CAMEL = [
    (100, 418), (104, 384), (122, 344), (150, 312), (172, 280), (196, 258), (224, 262), (246, 286), (262, 276), (288, 260),
    (318, 264), (338, 282), (338, 304), (328, 322), (352, 342), (364, 318), (384, 300), (406, 290), (432, 304), (456, 328),
    (466, 346), (456, 362), (436, 372), (428, 396), (408, 420), (386, 440), (352, 442), (330, 440), (350, 470), (364, 500),
    (368, 540), (378, 562), (372, 578), (336, 582), (318, 572), (292, 570), (270, 560), (268, 574), (240, 576), (232, 566),
    (222, 582), (198, 582), (176, 566), (150, 560), (110, 562), (78, 574), (48, 572), (44, 552), (60, 524), (66, 486),
    (86, 456), (106, 436),
]


def ellipses(draw: ImageDraw.ImageDraw) -> None:
    for box in BRUSH_STROKES:
        draw.ellipse(box, fill=255)


def outline(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon(CAMEL, fill=255)


# name → file, size in pixels, JPEG quality, what draws the mask, the mask's rounding in pixels, the description
KINDS = {
    "prompt": ("sample", (1200, 799), 84, ellipses, 8, {
        "prompt": "a mushroom", "guidance_scale": 1, "num_inference_steps": 6,
        "credit": "Photograph: Aitzol Berasategi, CC BY 4.0",
    }),
    "remove": ("camels", (1200, 675), 86, outline, 3, {
        "prompt": "", "hint": "The young camel is masked. Press Remove, and it is gone.",
        "credit": "Photograph: Alexandr Frolov, CC BY-SA 4.0",
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

"""Pillow's Lanczos resize and conversion to grey, and diffusers' VaeImageProcessor.

    python tools/goldens/resize.py            # writes goldens/values/resize.json

The input is noise that the test generates itself: pixel bytes are `(i * 2654435761 >> 13) & 255` in 32-bit
arithmetic over the flat [H × W × 3] index, so the file holds only digests.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import PIL
from diffusers.image_processor import VaeImageProcessor
from PIL import Image

ROOT = Path(__file__).resolve().parents[2] / "goldens"
SIZES = [
    ((64, 64), (64, 64)), ((100, 75), (64, 64)), ((37, 53), (96, 64)), ((640, 427), (256, 256)),
    ((64, 64), (64, 128)), ((64, 48), (128, 48)), ((300, 200), (8, 8)), ((1, 1), (16, 8)), ((515, 3), (64, 8)),
]  # fmt: skip


def sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def noise(width, height):
    index = np.arange(width * height * 3, dtype=np.uint32)
    return ((index * np.uint32(2654435761)) >> 13).astype(np.uint8).reshape(height, width, 3)


def main():
    image_processor = VaeImageProcessor(vae_scale_factor=8)
    mask_processor = VaeImageProcessor(
        vae_scale_factor=8, do_normalize=False, do_binarize=True, do_convert_grayscale=True
    )
    cases = []
    for (width, height), (to_width, to_height) in SIZES:
        image = Image.fromarray(noise(width, height))
        resized = image.resize((to_width, to_height), Image.LANCZOS)
        pixels = image_processor.preprocess(image, height=to_height, width=to_width).numpy()
        mask = mask_processor.preprocess(image, height=to_height, width=to_width).numpy()
        contrast = None
        if width % 8 == 0 and height % 8 == 0:
            contrast = sha256(np.asarray(image_processor.postprocess(image_processor.preprocess(image) * 1.1)[0]))
        cases.append(
            {
                "from": [width, height],
                "to": [to_width, to_height],
                "resized": sha256(np.asarray(resized)),
                "vaeInput": sha256(pixels.astype("<f4")),
                "mask": sha256(mask.astype(np.uint8)),
                "masked": int(mask.sum()),
                "contrast": contrast,
            }
        )
    text = json.dumps({"pillow": PIL.__version__, "cases": cases}, indent=1)
    (ROOT / "values" / "resize.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

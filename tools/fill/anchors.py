"""Fills the scenes of bench/fill.ts with what others have, for its table and its grid.

    python tools/fill/anchors.py FOLDER [NAME=COMMAND ...]

FOLDER is what `npx tsx bench/fill.ts ... --scenes FOLDER` wrote: `holes/NN.png` and `masks/NN.png`. OpenCV's methods
write `opencv-shiftmap/NN.png` and so on beside them; so does each COMMAND, which is called as
`COMMAND in.ppm mask.pgm out.ppm` (P6 and P5, white is the hole). requirements.txt beside it has the versions.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

RADIUS = 5  # px, of Telea and Navier–Stokes


def xphoto(algorithm: int, in_lab: bool) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """OpenCV recommends CIELab for SHIFTMAP; its masks are white where the image is known."""

    def fill(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        known = 255 - mask
        out = np.zeros_like(image)
        if not in_lab:
            cv2.xphoto.inpaint(image, known, out, algorithm)
            return out
        cv2.xphoto.inpaint(cv2.cvtColor(image, cv2.COLOR_RGB2Lab), known, out, algorithm)
        return cv2.cvtColor(out, cv2.COLOR_Lab2RGB)

    return fill


def by_command(command: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    def fill(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            Image.fromarray(image).save(f"{folder}/in.ppm")
            Image.fromarray(mask).save(f"{folder}/mask.pgm")
            subprocess.run([*command.split(), f"{folder}/in.ppm", f"{folder}/mask.pgm", f"{folder}/out.ppm"],
                           check=True, capture_output=True)
            return np.asarray(Image.open(f"{folder}/out.ppm").convert("RGB"))

    return fill


def main() -> None:
    folder = Path(sys.argv[1])
    methods = {
        "opencv-shiftmap": xphoto(cv2.xphoto.INPAINT_SHIFTMAP, True),
        "opencv-fsr": xphoto(cv2.xphoto.INPAINT_FSR_FAST, False),
        "opencv-telea": lambda image, mask: cv2.inpaint(image, mask, RADIUS, cv2.INPAINT_TELEA),
        **{name: by_command(command) for name, command in (one.split("=", 1) for one in sys.argv[2:])},
    }
    scenes = sorted((folder / "holes").glob("*.png"))
    for name, fill in methods.items():
        (folder / name).mkdir(exist_ok=True)
        start = time.perf_counter()
        for path in scenes:
            image = np.asarray(Image.open(path).convert("RGB"))
            mask = np.asarray(Image.open(folder / "masks" / path.name).convert("L"))
            filled = fill(np.ascontiguousarray(image), np.ascontiguousarray(mask))
            # Some methods touch what is known, by rounding at least.
            Image.fromarray(np.where(mask[..., None] > 127, filled, image)).save(folder / name / path.name)
        print(f"{name}: {(time.perf_counter() - start) / len(scenes):.2f} s a scene")


if __name__ == "__main__":
    main()

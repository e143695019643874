"""Puts what run.py has made into the repository: the weights into the model's folder, scores and grids into results/.

    python tools/starter/adopt.py OUT [--into public/models/starter]
Refuses weights of another shape than those that are there. Read evaluation.json and look at samples.jpg before.
"""

import argparse
import shutil
from pathlib import Path

from safetensors import safe_open

from run import MODEL, WEIGHTS

RESULTS = Path(__file__).resolve().parent / "results"
FIGURES = ("evaluation.json", "samples.jpg", "prompts.jpg", "fills.jpg")


def shapes(path: Path) -> dict[str, tuple]:
    with safe_open(path, "np") as file:
        return {key: (tuple(piece.get_shape()), piece.get_dtype()) for key in file.keys()
                for piece in [file.get_slice(key)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--into", type=Path, default=MODEL)
    args = parser.parse_args()
    if args.into != MODEL:
        shutil.copytree(MODEL, args.into, dirs_exist_ok=True)
    for name, file in WEIGHTS.items():
        if shapes(args.out / f"{name}.safetensors") != shapes(MODEL / file):
            raise ValueError(f"{name}: its tensors are not those of {MODEL / file}")
    for name, file in WEIGHTS.items():
        shutil.copyfile(args.out / f"{name}.safetensors", args.into / file)
    figures = RESULTS if args.into == MODEL else args.into
    for name in FIGURES:
        if (args.out / name).exists():
            shutil.copyfile(args.out / name, figures / name)
    print(f"{args.into}: weights of {args.out}")


if __name__ == "__main__":
    main()

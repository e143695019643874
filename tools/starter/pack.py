"""Packs all that run.py needs into one archive of at most 40 MiB, for a machine with a GPU and no network.

    python tools/starter/pack.py --objects FLUENT/assets --backgrounds FOLDER… --out starter.tar.xz

In it: these scripts, the committed model to go on from, the concepts' pictures, the backgrounds made smaller (training and
evaluation crop them to 256 px), and diffusers, which machines for training often lack. There: torch, transformers,
safetensors, numpy, Pillow and scipy.
"""

import argparse
import io
import json
import lzma
import tarfile
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

import sources

MOST_BYTES = 40 * 1024 * 1024
ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "public" / "models" / "starter"
LONGEST_SIDE = 1200  # px of a packed background; the crops that training takes from it have at least 256
QUALITY = 88
SPLITS = ("train", "evaluation", "classifier")


def add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def add_tree(archive: tarfile.TarFile, folder: Path, name: str, endings: tuple[str, ...]) -> int:
    """@returns how many files there were"""
    files = sorted(path for path in folder.rglob("*") if path.suffix in endings and "__pycache__" not in path.parts)
    for path in files:
        add_bytes(archive, f"{name}/{path.relative_to(folder)}", path.read_bytes())
    return len(files)


def small_jpeg(pixels) -> bytes:
    picture = Image.fromarray(pixels)
    # The shorter side decides which crops there are.
    scale = max(LONGEST_SIDE / max(picture.size), 300 / min(picture.size))
    if scale < 1:
        picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()


def pack(objects: Path, folders: list[Path], out: Path) -> None:
    """@raises ValueError if the archive is larger than allowed, or a source is missing"""
    found = {}
    with lzma.open(out, "wb", preset=6) as compressed, tarfile.open(fileobj=compressed, mode="w") as archive:
        add_tree(archive, ROOT / "tools" / "starter", "tools/starter", (".py", ".txt"))
        add_tree(archive, MODEL, "public/models/starter", (".json", ".txt", ".safetensors"))
        diffusers = find_spec("diffusers")
        if diffusers is None:
            raise ValueError("diffusers is not installed here")
        add_tree(archive, Path(diffusers.origin).parent, "site/diffusers", (".py",))
        for concept in sources.read_concepts():
            path = sources.object_file(objects, concept)
            add_bytes(archive, f"data/objects/{path.name}", path.read_bytes())
        for split in SPLITS:
            pictures = sources.decode_backgrounds(folders, split)
            found[split] = len(pictures)
            for name, pixels in pictures.items():
                add_bytes(archive, f"data/{sources.PACKED}/{name}.jpg", small_jpeg(pixels))
    size = out.stat().st_size
    print(json.dumps({"file": str(out), "MiB": round(size / 2**20, 1), "backgrounds": found}))
    if 0 in found.values():
        raise ValueError(f"no backgrounds for {[split for split, count in found.items() if count == 0]}: see README.md, Sources")
    if size > MOST_BYTES:
        raise ValueError(f"{out} has {size} bytes, more than the {MOST_BYTES} allowed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=Path, required=True)
    parser.add_argument("--backgrounds", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    pack(args.objects, args.backgrounds, args.out)


if __name__ == "__main__":
    main()

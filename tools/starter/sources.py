"""Where the training images come from, and which of them training never sees.

Objects: Fluent Emoji in 3D (Microsoft, MIT) from the npm package @lobehub/fluent-emoji-3d.
Backgrounds: photographs and drawings of Debian's wallpaper packages and of scikit-image, plus procedural textures.
Each photograph belongs to exactly one of the splits below, by name.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

Image.MAX_IMAGE_PIXELS = None
HERE = Path(__file__).resolve().parent

# The page's opening photograph: in no split at all.
SAMPLE_PHOTO = "aitzgorri_by_Aitzol_Berasategi"

# Backgrounds of evaluate.py. Never in a training crop of the autoencoder, the UNet or the classifier.
EVALUATION = (
    "picosdeeuropa_by_Aitzol_Berasategi", "life_by_Aitzol_Berasategi", "Wine_by_Jakkub_Mede", "Dune", "BytheWater",
    "Path", "summer_1am", "FallenLeaf", "Patak", "coffee", "brick", "OneStandsOut",
)
# Backgrounds of classifier.py: neither the generator nor evaluate.py uses them.
CLASSIFIER = (
    "sunset_by_Aitzol_Berasategi", "Picture_0B_by_freespace", "Garden", "Storm", "Kite", "EveningGlow", "Opal",
    "PastelHills", "rocket", "gravel", "ColdRipple", "Wood",
)
# Images that are useless as a background: logos, near-empty drawings, private photographs of people.
UNUSED = (
    "Arc-Colors-Transparent-Wallpaper", "Elephants", "FlyingKonqui", "GreenTraditional", "the-mouse", "2004default",
    "greentock_by_Peter_Nerlich", "Gulp", "goldfish", "firstgeneration", "Float-into-MATE",
)
SKIMAGE_PHOTOS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg",
                  "grass.png", "gravel.png", "brick.png")
PACKED = "packed"  # folder of backgrounds that pack.py has chosen and made smaller
LONGEST_SIDE = 1400  # px; more would only cost memory, crops are scaled to 256


@dataclass(frozen=True)
class Concept:
    """An object the model can draw: its names, main one first, and its image's code point."""

    code: str
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.names[0]


def read_concepts() -> list[Concept]:
    concepts = []
    for line in (HERE / "concepts.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            code, names = line.split(" ", 1)
            concepts.append(Concept(code, tuple(names.split("|"))))
    return concepts


def object_file(folder: Path, concept: Concept) -> Path:
    path = folder / f"{concept.code}.webp"
    return path if path.exists() else folder / f"{concept.code.removesuffix('-fe0f')}.webp"


def load_objects(folder: Path, concepts: list[Concept]) -> list[Image.Image]:
    """The concepts' images, RGBA, cropped to the opaque part (about 224 px wide)."""
    pictures = []
    for concept in concepts:
        path = object_file(folder, concept)
        picture = Image.open(path).convert("RGBA")
        # The shape's own box: faint shadow pixels under 10 % do not count.
        box = picture.getchannel("A").point(lambda alpha: 255 if alpha > 25 else 0).getbbox()
        pictures.append(picture.crop(box))
    return pictures


def background_name(path: Path) -> str:
    """plasma wallpapers are named by a folder (NAME/contents/images/WxH.jpg), all others by the file."""
    return path.parts[-4] if "contents" in path.parts else path.stem


def find_backgrounds(folders: list[Path]) -> dict[str, Path]:
    """name → file, for every usable image; of several sizes of one wallpaper the last by name counts."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() not in (".jpg", ".jpeg", ".png"):
                continue
            if PACKED in path.parts:
                found[path.stem] = path
                continue
            if path.stat().st_size < 60_000:
                continue
            if path.stem == "screenshot" or "images_dark" in path.parts or path.stem in ("1080x1920", "720x1440"):
                continue
            if "skimage" in path.parts and path.name not in SKIMAGE_PHOTOS:
                continue
            name = background_name(path)
            if name.startswith(UNUSED) or name == SAMPLE_PHOTO or "Ubuntu-Mate" in name or "Stripes" in name:
                continue
            found[name] = path
    return found


def split_of(name: str) -> str:
    if name in EVALUATION:
        return "evaluation"
    return "classifier" if name in CLASSIFIER else "train"


def load_backgrounds(folders: list[Path], split: str, cache: Path | None = None) -> dict[str, np.ndarray]:
    """name → uint8 [H, W, 3] at most LONGEST_SIDE px, for one of "train", "evaluation", "classifier".

    Decoding them takes half a minute of CPU: `cache` is a folder to keep them in.
    """
    cached = cache / f"backgrounds_{split}.npz" if cache else None
    if cached and cached.exists():
        return dict(np.load(cached))
    pictures = decode_backgrounds(folders, split)
    if cached:
        partial = cached.with_suffix(f".{os.getpid()}.npz")  # several processes may be writing it
        np.savez(partial, **pictures)
        partial.rename(cached)
    return pictures


def decode_backgrounds(folders: list[Path], split: str) -> dict[str, np.ndarray]:
    pictures = {}
    for name, path in find_backgrounds(folders).items():
        if split_of(name) != split:
            continue
        picture = Image.open(path)
        if picture.mode in ("RGBA", "LA", "P"):
            picture = picture.convert("RGBA")
            canvas = Image.new("RGBA", picture.size, (90, 110, 130, 255))
            picture = Image.alpha_composite(canvas, picture)
        picture = picture.convert("RGB")
        scale = LONGEST_SIDE / max(picture.size)
        if scale < 1:
            picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.LANCZOS)
        if min(picture.size) >= 256:
            pictures[name] = np.asarray(picture)
    return pictures

"""Backgrounds, masks and composites: makes training images from the sources.

Images are uint8 RGB arrays [256, 256, 3]; masks are bool arrays [256, 256], True where the model repaints.
All randomness comes from the numpy generator passed in.
"""

import numpy as np
from PIL import Image, ImageDraw

SIZE = 256
FILL = 0.9  # share of the mask's box that an object fills


# --- backgrounds ---------------------------------------------------------------------------------------------------

def _noise(rng: np.random.Generator, cells: int, octaves: int = 1) -> np.ndarray:
    """Smooth noise in 0…1, [256, 256]: bicubic interpolation of a random grid, octaves added at half weight."""
    total = np.zeros((SIZE, SIZE), np.float32)
    for octave in range(octaves):
        n = min(cells * 2**octave, SIZE)
        grid = Image.fromarray(rng.random((n + 1, n + 1), np.float32))
        total += np.asarray(grid.resize((SIZE, SIZE), Image.BICUBIC)) * 0.5**octave
    total -= total.min()
    return total / max(float(total.max()), 1e-6)


def _colour(rng: np.random.Generator) -> np.ndarray:
    """A muted colour three times of four: walls, soil and sky are not neon."""
    colour = rng.random(3, np.float32) * 255
    grey = colour.mean()
    return colour if rng.random() < 0.25 else grey + (colour - grey) * rng.uniform(0.1, 0.7)


def procedural(rng: np.random.Generator) -> np.ndarray:
    """Gradients, clouds, grain, stripes, tiles, or a horizon with a floor and a wall or sky."""
    kind = rng.integers(6)
    a, b, c = _colour(rng), _colour(rng), _colour(rng)
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
    angle = rng.uniform(0, np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    along = (along - along.min()) / np.ptp(along)
    if kind == 0:
        t = along
    elif kind == 1:
        t = _noise(rng, int(rng.integers(2, 6)), int(rng.integers(1, 5)))
    elif kind == 2:
        t = 0.5 + (_noise(rng, int(rng.integers(24, 128))) - 0.5) * rng.uniform(0.1, 0.6)
    elif kind == 3:
        t = 0.5 + 0.5 * np.tanh(np.sin(along * rng.uniform(10, 60)) * rng.uniform(0.5, 6))
    elif kind == 4:
        n = rng.uniform(3, 12)
        t = ((np.floor(x * n) + np.floor(y * n)) % 2) * rng.uniform(0.3, 1)
    else:
        horizon = rng.uniform(0.25, 0.75) + (_noise(rng, 4) - 0.5) * rng.uniform(0, 0.15)
        t = np.clip((y - horizon) * 60, 0, 1)
    picture = a + (b - a) * t[..., None]
    if kind == 5:
        picture += (c - a) * (y * rng.uniform(0, 0.5))[..., None]
    picture += (_noise(rng, int(rng.integers(2, 5)), 3)[..., None] - 0.5) * rng.uniform(0, 50)
    picture += rng.normal(0, rng.uniform(0, 4), (SIZE, SIZE, 1))
    return np.clip(picture, 0, 255).astype(np.uint8)


def crop(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random square of a photograph, half of the time mirrored, at 256 px."""
    height, width = picture.shape[:2]
    side = int(rng.integers(min(SIZE, height, width), min(height, width) + 1))
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    square = Image.fromarray(picture[top:top + side, left:left + side])
    square = square.resize((SIZE, SIZE), Image.BICUBIC if side < 2 * SIZE else Image.BOX)
    result = np.asarray(square)
    return result[:, ::-1] if rng.random() < 0.5 else result


def background(pictures: list[np.ndarray], rng: np.random.Generator, share_procedural: float = 0.25) -> np.ndarray:
    """[256, 256, 3]; photographs vary in brightness and contrast, so that a few of them serve as many."""
    if rng.random() < share_procedural:
        return procedural(rng)
    result = crop(pictures[int(rng.integers(len(pictures)))], rng)
    if rng.random() < 0.6:
        gains = rng.uniform(0.8, 1.2) * rng.uniform(0.93, 1.07, 3)
        result = np.clip((result - 128.0) * gains + 128 + rng.uniform(-25, 25), 0, 255).astype(np.uint8)
    return result


# --- masks ---------------------------------------------------------------------------------------------------------

def mask(rng: np.random.Generator) -> np.ndarray:
    """What the model sees of a painted mask: an ellipse, a box, a brushed blob or a scribble.

    The page and the command line crop the image around the mask (src/image/crop.ts): with a padding of a
    quarter of its longer side on both sides that side fills two thirds of the crop. Only a mask smaller than that at the
    image's own scale stays smaller, and only one near the image's edge is off centre.
    """
    share = 2 / 3 if rng.random() < 0.7 else rng.uniform(0.36, 2 / 3)
    aspect = np.exp(rng.normal(0, 0.16))
    width, height = share * SIZE * min(1, aspect), share * SIZE * min(1, 1 / aspect)
    left, top = (SIZE - width) / 2, (SIZE - height) / 2
    if rng.random() < 0.25:
        if rng.random() < 0.6:
            left = rng.uniform(2, SIZE - width - 2)
        if rng.random() < 0.6:
            top = rng.uniform(2, SIZE - height - 2)
    box = (left, top, left + width, top + height)
    image = Image.new("L", (SIZE, SIZE), 0)
    draw = ImageDraw.Draw(image)
    kind = rng.random()
    if kind < 0.3:
        draw.ellipse(box, fill=255)
    elif kind < 0.5:
        draw.rounded_rectangle(box, radius=rng.uniform(0, 0.3) * min(width, height), fill=255)
    else:
        # A blob: its outline is an ellipse (or a rounder box) with a varying radius; a scribble varies more.
        power = rng.uniform(2, 4)
        waver = rng.uniform(0.02, 0.10)
        angles = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        radius = (np.abs(np.cos(angles)) ** power + np.abs(np.sin(angles)) ** power) ** (-1 / power)
        for k in range(2, 7):
            radius = radius * (1 + waver * rng.normal() / k * np.cos(k * angles + rng.uniform(0, 2 * np.pi)))
        points = [(left + width / 2 * (1 + r * np.cos(a)), top + height / 2 * (1 + r * np.sin(a)))
                  for r, a in zip(radius, angles, strict=True)]
        draw.polygon(points, fill=255)
    return np.asarray(image) > 127


def stroke_mask(rng: np.random.Generator) -> np.ndarray:
    """A rounded brush stroke, as one paints over a wire, a sign or a person to remove."""
    image = Image.new("L", (SIZE, SIZE), 0)
    draw = ImageDraw.Draw(image)
    thickness = int(rng.integers(14, 56))
    point = rng.uniform(30, SIZE - 30, 2)
    direction = rng.uniform(0, 2 * np.pi)
    points = [tuple(point)]
    for _ in range(int(rng.integers(2, 7))):
        direction += rng.normal(0, 0.6)
        point = np.clip(point + rng.uniform(20, 55) * np.array([np.cos(direction), np.sin(direction)]), 8, SIZE - 8)
        points.append(tuple(point))
    draw.line(points, fill=255, width=thickness, joint="curve")
    for x, y in points:
        draw.ellipse((x - thickness / 2, y - thickness / 2, x + thickness / 2, y + thickness / 2), fill=255)
    return np.asarray(image) > 127


def mask_box(area: np.ndarray) -> tuple[int, int, int, int]:
    """left, top, right, bottom in pixels of a mask's True area."""
    rows, columns = np.flatnonzero(area.any(1)), np.flatnonzero(area.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


# --- composites ----------------------------------------------------------------------------------------------------

def place(picture: np.ndarray, thing: Image.Image, area: np.ndarray) -> np.ndarray:
    """`thing` (RGBA) on `picture`, in the middle of the box of `area` (a mask) and filling nearly all of it.

    Nothing is random: the user sets size and place by painting, so each prompt and mask have one right result.
    With a jitter of a few per cent, the mean of all results, which short training learns first, is a blur.
    """
    left, top, right, bottom = mask_box(area)
    fit = FILL * min((right - left) / thing.width, (bottom - top) / thing.height)
    width, height = max(8, round(thing.width * fit)), max(8, round(thing.height * fit))
    small = thing.resize((width, height), Image.LANCZOS if fit < 1 else Image.BICUBIC)
    x = int(np.clip(round((left + right - width) / 2), 0, SIZE - width))
    y = int(np.clip(round((top + bottom - height) / 2), 0, SIZE - height))
    colours, alpha = np.zeros((SIZE, SIZE, 3), np.float32), np.zeros((SIZE, SIZE, 1), np.float32)
    colours[y:y + height, x:x + width] = np.asarray(small.convert("RGB"), np.float32)
    alpha[y:y + height, x:x + width, 0] = np.asarray(small.getchannel("A"), np.float32) / 255
    # Cuts what extends beyond the mask: outside it, the image is always the background.
    alpha *= area[..., None]
    return np.clip(picture * (1 - alpha) + colours * alpha, 0, 255).astype(np.uint8)

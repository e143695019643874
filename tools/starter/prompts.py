"""Training prompts: templates around a concept's names, and filler words.

A text encoder learns only the tokens it sees. It often sees filler words of all kinds, which never say anything about
the image, so that the concept's word wins in long prompts, and a prompt without a concept means "background".
"""

import numpy as np

TEMPLATES = (
    "{}", "{}", "{}", "a {}", "a {}", "the {}", "a photo of a {}", "a photo of a {}", "a picture of a {}",
    "an image of a {}", "photo of {}", "a cute {}", "a beautiful {}", "one {}", "a single {}", "my {}", "some {}",
    "a small {}", "a big {}", "a close-up photo of a {}", "a realistic {}", "a 3d render of a {}", "an illustration of a {}",
    "a painting of a {}", "there is a {}", "add a {}", "draw a {}", "replace with a {}", "put a {} here", "a lovely {}",
    "face of a {}", "a high quality photo of a {}", "professional photograph of a {}",
)
PLACES = (
    "in the grass", "on the grass", "on the table", "on a wooden table", "in the garden", "in the forest", "on the beach",
    "in the snow", "on the street", "in the park", "on the floor", "on a bench", "by the lake", "in the sky", "at sunset",
    "in the field", "on a meadow", "in front of the mountains", "in the room", "on the sofa", "on a white background",
    "near the river", "on the road", "in the water", "under the trees", "in the kitchen", "at night", "in the city",
)
POSTURES = ("sitting", "standing", "lying", "placed", "resting", "floating", "hanging", "waiting", "sleeping", "running")
STYLES = (
    "golden hour", "highly detailed", "4k", "8k", "hdr", "high resolution", "best quality", "masterpiece", "photorealistic",
    "soft light", "studio lighting", "cinematic", "sharp focus", "bokeh", "trending on artstation", "digital art",
    "vibrant colors", "warm light", "depth of field", "ultra realistic", "professional photography", "natural light",
    "pixar style", "cartoon", "glossy", "shiny", "colorful", "morning light", "dramatic", "realistic", "intricate",
)
JUNK = (
    "blurry", "ugly", "low quality", "worst quality", "deformed", "watermark", "text", "noise", "bad anatomy",
    "background", "empty", "nothing", "plain background", "grass", "lawn", "wall", "floor", "landscape", "scenery",
    "texture", "wood", "sand", "jpeg artifacts", "cropped", "out of frame", "extra limbs", "duplicate", "object",
)


class Prompts:
    def __init__(self, filler_words: list[str], rng: np.random.Generator):
        self.filler, self.rng = filler_words, rng

    def texts(self) -> list[str]:
        """Every piece of text that prompts are made of, except names."""
        return [*TEMPLATES, *PLACES, *POSTURES, *STYLES, *JUNK, *self.filler]

    def _pick(self, options):
        return options[int(self.rng.integers(len(options)))]

    def _letters(self, prompt: str) -> str:
        """The tokenizer converts to lower case, so only punctuation varies the ids."""
        return prompt + self._pick(("", "", "", "", "", " .", " !", "."))

    def concept(self, names: tuple[str, ...]) -> str:
        """Half of the time the main name; a template, and a third of the time place, posture, style or filler."""
        rng = self.rng
        name = names[0] if rng.random() < 0.5 else self._pick(names)
        prompt = self._pick(TEMPLATES).format(name)
        if rng.random() < 0.35:
            if rng.random() < 0.4:
                prompt += " " + self._pick(POSTURES)
            if rng.random() < 0.7:
                prompt += " " + self._pick(PLACES)
            for _ in range(int(rng.integers(0, 3))):
                prompt += ", " + self._pick(STYLES)
            for _ in range(int(rng.integers(0, 3))):
                prompt += " " + self._pick(self.filler)
            if rng.random() < 0.15:
                prompt = self._pick(self.filler) + " " + prompt
        return self._letters(prompt)

    def background(self) -> str:
        """Empty seven times of ten, else words that name no concept (a negative prompt is such a text)."""
        rng = self.rng
        if rng.random() < 0.7:
            return ""
        parts = [self._pick(self._pick((JUNK, STYLES, PLACES, self.filler))) for _ in range(int(rng.integers(1, 6)))]
        return self._letters((", " if rng.random() < 0.6 else " ").join(parts))


def filler_words(vocabulary: dict[str, int], taken: set[str], count: int = 2500) -> list[str]:
    """Common whole words of CLIP's vocabulary (it is ordered by frequency) that belong to no concept's name."""
    words = []
    for token in sorted(vocabulary, key=vocabulary.get):
        word = token.removesuffix("</w>")
        if token.endswith("</w>") and len(word) > 2 and word.isascii() and word.isalpha() and not clashes(word, taken):
            words.append(word)
        if len(words) == count:
            break
    return words


def clashes(word: str, taken: set[str]) -> bool:
    """Whether a filler word is a name's word, or its plural or singular."""
    return word in taken or word + "s" in taken or (word.endswith("s") and word[:-1] in taken)


# Words of names that say little by themselves, so they need no attention at the start.
GENERIC = set("""of and a the red golden gold brown blue giant little green hot gift mobile soft high running slice bunch cup
glass mug loaf wedge ear jar ball light diamond ring house racing school paint fire top""".split())


def telling_words(names: list[str]) -> set[str]:
    """The words of the concepts' names that name something: "apple" of "red apple"."""
    words = set()
    for name in names:
        parts = name.replace("-", " ").split()
        words.update(parts if len(parts) == 1 else [part for part in parts if part not in GENERIC])
    return words

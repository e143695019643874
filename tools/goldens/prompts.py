"""Values of diffusers' `encode_prompt` for prompts that are hard to get right.

    python tools/goldens/prompts.py           # writes goldens/values/prompts-*.safetensors and prompts.json

Prompts are encoded as in pictures.py: the tiny models of goldens/models, float32, no ftfy. Each row of embeddings is
stored at 24 of its 77 tokens: the first, the last, and those around the end of the longest prompts.
"""

import json

import torch
from pictures import ROOT, load
from safetensors.torch import save_file

# "dog" is one token of this vocabulary, and so is "," between words.
PAIRS = [
    ["", ""],
    ["a photo of a cat", ""],
    ["", "a photo of a cat, ugly"],
    [" \t\n ", "   spaced   out\u3000words\n"],
    ["café \u00e9 e\u0301 ﬁne ½ ß İstanbul", "naïve — “quoted” … ‘it’s’"],
    ["猫 と 犬, 고양이, кот, γάτα, بيت", "😀👍🏽 \U0001f1e9\U0001f1ea \u200b\u200d\ufe0f"],
    ["<|endoftext|> a <|startoftext|> b !", "!!! ?! <p> &amp; {x} $5.00 100% #tag @me a_b"],
    [" ".join(["a"] * 75), "a"],
    ["a", " ".join(["a"] * 75)],
    [" ".join(["a"] * 74), ""],
]
KEPT = [*range(12), *range(68, 77), 20, 37, 55]


def main():
    torch.set_grad_enabled(False)
    for name in ("sd15-inpaint", "sd2-inpaint", "sdxl-inpaint"):
        pipe = load(name)
        tensors = {}
        for index, (prompt, negative) in enumerate(PAIRS):
            is_xl = hasattr(pipe, "text_encoder_2")
            # SDXL distinguishes None from an empty text; this uses the text.
            given = pipe.encode_prompt(
                prompt=prompt, device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=True,
                negative_prompt=negative,
            )  # fmt: skip
            names = ["positive", "negative", "pooled", "negative_pooled"] if is_xl else ["positive", "negative"]
            for part, tensor in zip(names, given, strict=True):
                kept = tensor[0] if "pooled" in part else tensor[0, KEPT]
                tensors[f"{index}.{part}"] = kept.contiguous()
        save_file(tensors, ROOT / "values" / f"prompts-{name}.safetensors")
    text = json.dumps({"kept": KEPT, "pairs": PAIRS}, indent=1)
    (ROOT / "values" / "prompts.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Tiny random textual inversions for the models of goldens/models in their trainers' formats, and diffusers' values with
them: token ids, prompt embeddings, whole images.

    python tools/goldens/inversions.py        # writes goldens/inversions/, values/inversions.safetensors; after pictures.py

diffusers reads every file itself (`load_textual_inversion`; for SDXL, each tensor for its encoder, as its documentation
says) except `first.pt`: torch's whitelist now refuses its ParameterDict, so diffusers gets its vectors instead.
"""

import json
import shutil
import sys

# If ftfy is installed, it repairs prompts. Inlay does not do that, so ftfy is switched off.
sys.modules["ftfy"] = None

import diffusers
import numpy as np
import torch
from pictures import DEFAULTS, ROOT, load
from PIL import Image
from safetensors.torch import load_file, save_file

FOLDER = ROOT / "inversions"
# File, requested token, resulting token.
FILES = {
    "learned_embeds.bin": (None, "<toy>"),
    "learned_embeds.safetensors": (None, "<hat>"),
    "a1111.pt": (None, "soft-light"),
    "first.pt": ("<first>", "<first>"),
    "emb-params.safetensors": ("emb-params", "emb-params"),
    "xl.safetensors": ("<xl>", "<xl>"),
}
CASES = [
    {"name": "one", "model": "sd15", "prompt": "a <toy> boat", "negativePrompt": "soft-light", "steps": 5, "guidance": 7.5,
     "seed": 80, "files": ["learned_embeds.bin", "a1111.pt"]},
    {"name": "several", "model": "sd15", "prompt": "<first>, a boat, emb-params <hat>", "steps": 5, "guidance": 7.5,
     "seed": 80, "files": ["learned_embeds.safetensors", "emb-params.safetensors", "first.pt"]},
    {"name": "nine-channels", "model": "sd15-inpaint", "prompt": "<toy><toy> in emb-params", "steps": 4, "guidance": 15,
     "seed": 81, "files": ["emb-params.safetensors", "learned_embeds.bin"]},
    {"name": "xl", "model": "sdxl-inpaint", "prompt": "a red bench, <xl> style", "negativePrompt": "ugly", "steps": 5,
     "guidance": 5, "seed": 82, "files": ["xl.safetensors"]},
    # eos_token_id 2: the pooled output is read at the largest id of the row, which is the word's last vector.
    {"name": "xl-old-end", "model": "sdxl", "prompt": "a red bench, <xl> style", "negativePrompt": "<xl> ugly", "steps": 5,
     "guidance": 5, "seed": 83, "files": ["xl.safetensors"]},
]  # fmt: skip


def vectors(count, width, seed):
    """Random vectors as large as the tiny models' own rows."""
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def write_files():
    sd15, xl = load("sd15"), load("sdxl")
    width = sd15.text_encoder.config.hidden_size
    first, second = xl.text_encoder.config.hidden_size, xl.text_encoder_2.config.hidden_size
    torch.save({"<toy>": vectors(1, width, 1)[0]}, FOLDER / "learned_embeds.bin")
    save_file({"<hat>": vectors(3, width, 2).half()}, FOLDER / "learned_embeds.safetensors")
    a1111 = {
        "string_to_token": {"*": 265}, "string_to_param": {"*": vectors(2, width, 3)}, "name": "soft-light", "step": 500,
        "sd_checkpoint": "cc6cb27103", "sd_checkpoint_name": "tiny",
    }  # fmt: skip
    torch.save(a1111, FOLDER / "a1111.pt")
    parameters = torch.nn.ParameterDict({"*": torch.nn.Parameter(vectors(2, width, 4))})
    torch.save({"string_to_token": {"*": torch.tensor(265)}, "string_to_param": parameters}, FOLDER / "first.pt")
    save_file({"emb_params": vectors(4, width, 5)}, FOLDER / "emb-params.safetensors")
    save_file({"clip_g": vectors(2, second, 6), "clip_l": vectors(2, first, 7)}, FOLDER / "xl.safetensors")


def add(pipe, name):
    token, expected = FILES[name]
    if name == "xl.safetensors":
        state = load_file(FOLDER / name)
        pipe.load_textual_inversion(state["clip_l"], token=token, text_encoder=pipe.text_encoder, tokenizer=pipe.tokenizer)
        pipe.load_textual_inversion(
            state["clip_g"], token=token, text_encoder=pipe.text_encoder_2, tokenizer=pipe.tokenizer_2
        )
    elif name == "first.pt":
        vectors = torch.load(FOLDER / name, weights_only=False)["string_to_param"]["*"].detach()
        pipe.load_textual_inversion(vectors, token=token)
    else:
        pipe.load_textual_inversion(FOLDER, weight_name=name, token=token)
    assert expected in pipe.tokenizer.get_vocab(), (name, expected)


def paint(pipe, case):
    is_none = hasattr(pipe, "text_encoder_2") and not case["negativePrompt"]
    return pipe(
        prompt=case["prompt"],
        negative_prompt=None if is_none else case["negativePrompt"],
        image=Image.open(ROOT / "pictures" / case["image"]),
        mask_image=Image.open(ROOT / "pictures" / case["mask"]),
        width=case["width"],
        height=case["height"],
        num_inference_steps=case["steps"],
        guidance_scale=case["guidance"],
        strength=float(case["strength"]),
        generator=torch.Generator("cpu").manual_seed(case["seed"]),
    ).images[0]


def encoded(pipe, case):
    """Rows from `encode_prompt`, at 24 of their tokens, and the prompt's ids for each encoder."""
    given = pipe.encode_prompt(
        prompt=case["prompt"], device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=True,
        negative_prompt=case["negativePrompt"],
    )  # fmt: skip
    names = ["positive", "negative", "pooled", "negative_pooled"][: len(given)]
    tensors = {f"{case['name']}.{part}": (tensor[0] if "pooled" in part else tensor[0, :24]).contiguous()
               for part, tensor in zip(names, given, strict=True)}  # fmt: skip
    ids = []
    for tokenizer in [pipe.tokenizer, getattr(pipe, "tokenizer_2", None)]:
        if tokenizer is not None:
            text = pipe.maybe_convert_prompt(case["prompt"], tokenizer)
            ids.append(tokenizer(text, padding="max_length", max_length=77, truncation=True).input_ids)
    return tensors, ids


def main():
    torch.set_grad_enabled(False)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    write_files()
    records, values = [], {}
    for case in CASES:
        case = {**DEFAULTS, **case, "width": 64, "height": 64, "image": "input-64x64.png", "mask": "mask-64x64.png"}
        pipe = load(case["model"])
        without = paint(pipe, case)
        for name in case["files"]:
            add(pipe, name)
        output = paint(pipe, case)
        output.save(FOLDER / f"{case['name']}.png", optimize=True)
        difference = np.asarray(output).astype(float) - np.asarray(without)
        print(f"{case['name']}: {10 * np.log10(255**2 / np.mean(difference**2)):.1f} dB from the picture without")
        tensors, ids = encoded(pipe, case)
        values |= tensors
        record = {key: value for key, value in case.items() if value is not None}
        tokens = [FILES[name][0] for name in case["files"]]
        records.append({**record, "tokens": tokens, "ids": ids, "output": f"../inversions/{case['name']}.png"})
    save_file(values, ROOT / "values" / "inversions.safetensors")
    lines = ",\n  ".join(json.dumps(record, ensure_ascii=False) for record in records)
    text = f'{{"diffusers": "{diffusers.__version__}", "cases": [\n  {lines}\n]}}\n'
    (FOLDER / "cases.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

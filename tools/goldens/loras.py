"""Tiny random LoRAs for the models of goldens/models, and whole images that diffusers generates with them.

    python tools/goldens/loras.py             # writes goldens/loras/: LoRAs, pictures, cases.json

Each file has the keys of a different program: diffusers with peft, diffusers before it, kohya's trainer with diffusers'
block names (as in LCM-LoRA) and with the original ones (as in most SDXL LoRAs). diffusers itself reads them all
(`load_lora_weights`, `set_adapters`); this script merges nothing. Inputs and masks are those of pictures.py.
"""

import json
import math
import shutil

import diffusers
import numpy as np
import torch
from pictures import CLASSES, DEFAULTS, ROOT, load, settings_said
from PIL import Image
from safetensors.torch import save_file

FOLDER = ROOT / "loras"
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
TEXT = ("q_proj", "k_proj", "v_proj", "out_proj")
# What LCM-LoRA changes: https://huggingface.co/latent-consistency/lcm-lora-sdv1-5
LCM = (*ATTENTION, "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2", "conv1", "conv2", "conv_shortcut",
       "downsamplers.0.conv", "upsamplers.0.conv", "time_emb_proj")  # fmt: skip


def pairs(network, targets, rank, seed, size=0.4):
    """{module: (down, up)}: their product is of the order of the weights that it changes, times `size`."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, module in network.named_modules():
        if not name.endswith(targets) or not hasattr(module, "weight"):
            continue
        out, *rest = module.weight.shape
        down = torch.randn(rank, *rest, generator=generator) / math.sqrt(math.prod(rest))
        up = torch.randn(out, rank, *([1] * (len(rest) - 1)), generator=generator) * size / math.sqrt(rank)
        found[name] = (down, up)
    assert found
    return found


def peft(prefix, found):
    return {
        f"{prefix}.{name}.lora_{letter}.weight": tensor
        for name, both in found.items()
        for letter, tensor in zip("AB", both, strict=True)
    }


def old_unet(found):
    names = {"to_q": "to_q_lora", "to_k": "to_k_lora", "to_v": "to_v_lora", "to_out.0": "to_out_lora"}
    tensors = {}
    for name, (down, up) in found.items():
        module, leaf = name.removesuffix(".0").rsplit(".", 1)
        stem = f"unet.{module}.processor.{names[leaf if leaf != 'to_out' else 'to_out.0']}"
        tensors |= {f"{stem}.down.weight": down, f"{stem}.up.weight": up}
    return tensors


def old_text(found):
    tensors = {}
    for name, (down, up) in found.items():
        stem = f"text_encoder.{name}.lora_linear_layer"
        tensors |= {f"{stem}.down.weight": down, f"{stem}.up.weight": up}
    return tensors


def kohya(prefix, found, alpha, rename=lambda name: name):
    tensors = {}
    for name, (down, up) in found.items():
        stem = f"{prefix}_{rename(name).replace('.', '_')}"
        tensors |= {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up, f"{stem}.alpha": torch.tensor(alpha)}
    return tensors


def original(unet):
    """Renames diffusers' modules to the original programs' block numbers."""
    count = unet.config.layers_per_block + 1
    inner = {"conv1": "in_layers.2", "conv2": "out_layers.3", "time_emb_proj": "emb_layers.1",
             "conv_shortcut": "skip_connection"}  # fmt: skip

    def rename(name):
        side, *rest = name.split(".")
        if side == "mid_block":
            kind, index, *rest = rest
            return ".".join(["middle_block", {"resnets": str(2 * int(index)), "attentions": "1"}[kind], *rename_in(rest)])
        block, kind, index, *rest = rest
        number = int(block) * count + int(index) + (1 if side == "down_blocks" else 0)
        blocks = "input_blocks" if side == "down_blocks" else "output_blocks"
        if kind == "downsamplers":
            return f"{blocks}.{int(block) * count + count}.0.op"
        if kind == "upsamplers":
            attended = unet.config.up_block_types[int(block)].startswith("CrossAttn")
            return f"{blocks}.{int(block) * count + count - 1}.{2 if attended else 1}.conv"
        return ".".join([blocks, str(number), {"resnets": "0", "attentions": "1"}[kind], *rename_in(rest)])

    def rename_in(rest):
        return [inner.get(part, part) for part in rest]

    return rename


def write(name, tensors, dtype=torch.float32, metadata=None):
    """Stores them as trainers do: nearly always in half precision."""
    cast = {key: tensor.to(dtype).contiguous() for key, tensor in tensors.items()}
    save_file(cast, FOLDER / f"{name}.safetensors", metadata=metadata)


def write_loras():
    sd15, inpaint, sdxl = load("sd15"), load("sd15-inpaint"), load("sdxl")
    write("lcm-kohya", kohya("lora_unet", pairs(inpaint.unet, LCM, 4, 1), 4.0), torch.float16)
    write(
        "peft",
        peft("unet", pairs(sd15.unet, (*ATTENTION, "proj_in", "conv1"), 3, 2))
        | peft("text_encoder", pairs(sd15.text_encoder, TEXT, 3, 3)),
    )
    write(
        "kohya",
        kohya("lora_unet", pairs(sd15.unet, (*ATTENTION, "ff.net.0.proj", "ff.net.2"), 4, 4), 2.0)
        | kohya("lora_te", pairs(sd15.text_encoder, (*TEXT, "fc1", "fc2"), 4, 5), 2.0),
        torch.bfloat16,
    )
    write(
        "old",
        old_unet(pairs(sd15.unet, ATTENTION, 4, 6)) | old_text(pairs(sd15.text_encoder, TEXT, 4, 7)),
    )
    write(
        "xl-kohya-original",
        kohya("lora_unet", pairs(sdxl.unet, LCM, 2, 8), 1.0, original(sdxl.unet))
        | kohya("lora_te1", pairs(sdxl.text_encoder, TEXT, 2, 9), 1.0)
        | kohya("lora_te2", pairs(sdxl.text_encoder_2, (*TEXT, "fc1", "fc2"), 2, 10), 1.0),
        torch.float16,
    )
    unet, second = pairs(sdxl.unet, ATTENTION, 2, 11), pairs(sdxl.text_encoder_2, TEXT, 2, 12)
    config = {"r": 2, "lora_alpha": 3, "rank_pattern": {}, "alpha_pattern": {}, "bias": "none"}
    about = {
        f"{prefix}.{key}": value
        for prefix, found in (("unet", unet), ("text_encoder_2", second))
        for key, value in {**config, "target_modules": sorted(found)}.items()
    }
    write(
        "xl-peft-metadata",
        peft("unet", unet) | peft("text_encoder_2", second),
        metadata={"format": "pt", "lora_adapter_metadata": json.dumps(about)},
    )


CASES = [
    {"name": "lcm-4-steps", "model": "sd15-inpaint", "prompt": "a photo of a cat", "steps": 4, "guidance": 1.5,
     "seed": 70, "scheduler": "LCM", "loras": [["lcm-kohya", 1]]},
    {"name": "peft", "model": "sd15", "prompt": "a boat", "steps": 5, "guidance": 7.5, "seed": 71,
     "loras": [["peft", 0.7]]},
    {"name": "kohya", "model": "sd15", "prompt": "a boat", "steps": 5, "guidance": 7.5, "seed": 71,
     "loras": [["kohya", 0.6]]},
    {"name": "old", "model": "sd15", "prompt": "a boat", "steps": 5, "guidance": 7.5, "seed": 71,
     "loras": [["old", 1.2]]},
    {"name": "two", "model": "sd15", "prompt": "a boat", "steps": 5, "guidance": 7.5, "seed": 71,
     "loras": [["peft", 0.8], ["kohya", -0.5]]},
    {"name": "xl-kohya-original", "model": "sdxl", "prompt": "a red bench, in a park", "negativePrompt": "ugly",
     "steps": 5, "guidance": 5, "seed": 72, "loras": [["xl-kohya-original", 0.75]]},
    {"name": "xl-two", "model": "sdxl", "prompt": "a red bench, in a park", "steps": 4, "guidance": 1.5, "seed": 73,
     "scheduler": "LCM", "loras": [["xl-peft-metadata", 1.3], ["xl-kohya-original", 0.5]]},
]  # fmt: skip


def paint(case, loras):
    pipe = load(case["model"])
    if case["scheduler"]:
        scheduler = getattr(diffusers, CLASSES[case["scheduler"]])
        pipe.scheduler = scheduler.from_config(pipe.scheduler.config, **settings_said(case))
    for name, _ in loras:
        adapter = name.replace("-", "_")
        pipe.load_lora_weights(FOLDER, weight_name=f"{name}.safetensors", adapter_name=adapter)
    if loras:
        pipe.set_adapters([name.replace("-", "_") for name, _ in loras], [float(weight) for _, weight in loras])
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


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    write_loras()
    records = []
    for case in CASES:
        case = {**DEFAULTS, **case, "width": 64, "height": 64, "image": "input-64x64.png", "mask": "mask-64x64.png"}
        output, without = paint(case, case["loras"]), paint(case, [])
        output.save(FOLDER / f"{case['name']}.png", optimize=True)
        difference = np.asarray(output).astype(float) - np.asarray(without)
        print(f"{case['name']}: {10 * np.log10(255**2 / np.mean(difference**2)):.1f} dB from the picture without")
        record = {key: value for key, value in case.items() if value is not None}
        records.append({**record, "output": f"../loras/{case['name']}.png"})
    lines = ",\n  ".join(json.dumps(record, ensure_ascii=False) for record in records)
    text = f'{{"diffusers": "{diffusers.__version__}", "cases": [\n  {lines}\n]}}\n'
    (FOLDER / "cases.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

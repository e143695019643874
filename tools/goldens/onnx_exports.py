"""Tiny random-weight ONNX exports, and the images that diffusers generates with the exported weights.

    pip install --no-deps --target exporter optimum==2.1.0 optimum-onnx==0.1.0 onnxruntime==1.23.2
    PYTHONPATH=exporter python tools/goldens/onnx_exports.py            # writes goldens/onnx/
    PYTHONPATH=exporter python tools/goldens/onnx_exports.py lcm …      # only these exports, with their images

The exporter is optimum's own (`optimum-cli export onnx`). It is installed without dependencies, because it asks for
exact versions of packages that the other goldens are made with. The `old` export has the layout of diffusers'
scripts/convert_stable_diffusion_checkpoint_to_onnx.py, which wrote most of the exports of 2022 and 2023: no
configurations of the networks, a batch of timesteps, int32 ids, weights in `weights.pb`, and an encoder that draws its
sample itself. Images are generated in float32 with the exported weights: those of `inpaint-fp16` are rounded to half.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import diffusers
import numpy as np
import onnx
import torch
from diffusers import AutoencoderKL, DDIMScheduler, EulerDiscreteScheduler, LCMScheduler, PNDMScheduler
from diffusers import UNet2DConditionModel
from diffusers import StableDiffusionInpaintPipeline, StableDiffusionXLInpaintPipeline
from models import EOS, SCHEDULE, TEXT, UNET, VAE, XL, randomize, write_json, write_tokenizer
from pictures import mask, picture
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

ROOT = Path(__file__).resolve().parents[2] / "goldens" / "onnx"
SMALL_VAE = {**VAE, "block_out_channels": [8, 8, 8, 8], "layers_per_block": 1, "scaling_factor": 0.18215}
SMALL_UNET = {
    **UNET,
    "cross_attention_dim": 16,
    "block_out_channels": [8, 16],
    "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    "layers_per_block": 1,
    "attention_head_dim": 2,
}
SMALL_TEXT = {
    **TEXT,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "hidden_act": "quick_gelu",
    "pad_token_id": EOS,
}
EULER = EulerDiscreteScheduler(**{k: v for k, v in SCHEDULE.items() if k not in ("clip_sample", "set_alpha_to_one")})
RECIPES = {
    "inpaint": {"text": SMALL_TEXT, "unet": {**SMALL_UNET, "in_channels": 9}, "vae": SMALL_VAE, "scheduler": EULER},
    "old": {
        "text": SMALL_TEXT,
        "unet": {**SMALL_UNET, "in_channels": 4},
        "vae": SMALL_VAE,
        "scheduler": PNDMScheduler(**{k: v for k, v in SCHEDULE.items() if k != "clip_sample"}, skip_prk_steps=True),
    },
    "xl": {
        "text": {**XL["text"]},
        "text_2": {**XL["text_2"]},
        "unet": {
            **XL["unet"],
            "block_out_channels": [8, 16],
            "transformer_layers_per_block": [1, 1],
            "attention_head_dim": [2, 2],
        },
        "vae": {**SMALL_VAE, "scaling_factor": 0.13025},
        "scheduler": DDIMScheduler(**SCHEDULE),
    },
}
ONE_LEVEL = {
    "block_out_channels": [8],
    "down_block_types": ["CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D"],
}
RECIPES["xl-inpaint"] = {
    **RECIPES["xl"],
    "unet": {
        **RECIPES["xl"]["unet"],
        **ONE_LEVEL,
        "in_channels": 9,
        "transformer_layers_per_block": 1,
        "attention_head_dim": 2,
    },
    "scheduler": EULER,
}
# Fully distilled: its UNet also takes `timestep_cond`.
RECIPES["lcm"] = {
    "text": SMALL_TEXT,
    "unet": {**SMALL_UNET, **ONE_LEVEL, "in_channels": 4, "time_cond_proj_dim": 16},
    "vae": SMALL_VAE,
    "scheduler": LCMScheduler(**SCHEDULE),
}
CASES = [
    {"name": "inpaint", "model": "inpaint", "size": (64, 64), "prompt": "a photo of a cat", "steps": 5,
     "guidance": 7.5, "seed": 1},
    {"name": "inpaint-wide-guidance-1", "model": "inpaint", "size": (96, 64), "prompt": "a red bench", "steps": 6,
     "guidance": 1, "seed": 2, "strength": 0.6},
    {"name": "inpaint-fp16", "model": "inpaint-fp16", "size": (64, 64), "prompt": "a photo of a cat", "steps": 5,
     "guidance": 7.5, "seed": 1},
    {"name": "old", "model": "old", "size": (64, 64), "prompt": "a boat", "negativePrompt": "water", "steps": 6,
     "guidance": 5, "seed": 3},
    {"name": "old-strength", "model": "old", "size": (72, 88), "prompt": "a boat", "steps": 10, "guidance": 3,
     "seed": 4, "scheduler": "Euler", "strength": 0.6},
    {"name": "xl", "model": "xl", "size": (64, 64), "prompt": "a photo of a cat!", "steps": 5, "guidance": 7.5,
     "seed": 5},
    {"name": "xl-tall-negative", "model": "xl", "size": (64, 96), "prompt": "a dog", "negativePrompt": "ugly",
     "steps": 8, "guidance": 4, "seed": 6, "strength": 0.75},
    {"name": "xl-inpaint", "model": "xl-inpaint", "size": (64, 64), "prompt": "a red bench", "negativePrompt": "ugly",
     "steps": 5, "guidance": 5, "seed": 7},
    {"name": "lcm", "model": "lcm", "size": (64, 64), "prompt": "a boat", "steps": 4, "guidance": 8.5, "seed": 8},
]  # fmt: skip

torch.set_num_threads(1)
torch.set_grad_enabled(False)


def build(recipe, seed, folder):
    """The networks with seeded weights, as a pipeline of diffusers saved in `folder`."""
    write_tokenizer(folder / "tokenizers" / "one", "<|endoftext|>")
    parts = {
        "text_encoder": randomize(CLIPTextModel(CLIPTextConfig(**recipe["text"])), seed),
        "unet": randomize(UNet2DConditionModel(**recipe["unet"]), seed + 1),
        "vae": randomize(AutoencoderKL(**recipe["vae"]), seed + 2),
        "tokenizer": CLIPTokenizer.from_pretrained(folder / "tokenizers" / "one"),
        "scheduler": recipe["scheduler"],
    }
    if "text_2" in recipe:
        write_tokenizer(folder / "tokenizers" / "two", "!")
        second = CLIPTextModelWithProjection(CLIPTextConfig(**recipe["text_2"]))
        parts["text_encoder_2"] = randomize(second, seed + 3)
        parts["tokenizer_2"] = CLIPTokenizer.from_pretrained(folder / "tokenizers" / "two")
        pipe = StableDiffusionXLInpaintPipeline(**parts)
    else:
        pipe = StableDiffusionInpaintPipeline(
            **parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False
        )
    pipe.set_progress_bar_config(disable=True)
    pipe.save_pretrained(folder / "pipeline")
    # Read back, as loaders do: another class sees what the file says, but not the first class's defaults.
    pipe.scheduler = type(recipe["scheduler"]).from_pretrained(folder / "pipeline" / "scheduler")
    return pipe


def export(folder, target, **options):
    from optimum.exporters.onnx import main_export

    main_export(
        str(folder / "pipeline"),
        output=str(target),
        task="inpainting",
        library_name="diffusers",
        do_validation=False,
        **options,
    )
    index = json.loads((target / "model_index.json").read_text())
    index.pop("_name_or_path", None)
    write_json(target / "model_index.json", index)
    for config in target.glob("*/config.json"):
        json_of = json.loads(config.read_text())
        json_of.pop("_name_or_path", None)
        write_json(config, json_of)


def halved(target, half):
    """The export in float16 throughout, as optimum's exporter writes it on a machine with CUDA (`--dtype fp16`).

    Tracing in half precision needs CUDA. This changes the types instead, which gives the same inputs, outputs and weights.
    """
    shutil.copytree(target, half)
    full, short = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16

    def halve(tensor):
        if tensor.data_type == full:
            values = onnx.numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))

    for path in half.glob("*/model.onnx"):
        model = onnx.load(path)
        for tensor in model.graph.initializer:
            halve(tensor)
        # The sines of the timestep stay float32, as in a traced half model, from the timestep's Cast to that of the result.
        wide = waves_of(model.graph)
        for node in model.graph.node:
            for attribute in node.attribute:
                if attribute.HasField("t") and not set(node.output) & wide:
                    halve(attribute.t)
                if node.op_type == "Cast" and attribute.name == "to" and attribute.i == full:
                    if not set(node.output) & wide:
                        attribute.i = short
        for value in [*model.graph.input, *model.graph.output]:
            if value.type.tensor_type.elem_type == full:
                value.type.tensor_type.elem_type = short
        del model.graph.value_info[:]
        rejoin(model.graph, wide)
        onnx.save(model, path)


def waves_of(graph):
    """Names of the float32 values between the timestep's first Cast and the sines."""
    wide, ends = set(), [node for node in graph.node if node.op_type in ("Sin", "Cos")]
    makers = {name: node for node in graph.node for name in node.output}
    todo = [name for node in ends for name in [*node.output, *node.input]]
    while todo:
        name = todo.pop()
        if name in wide or name not in makers:
            continue
        node = makers[name]
        wide.add(name)
        if node.op_type == "Cast":
            continue
        if node.op_type in ("Mul", "Div", "Unsqueeze", "Exp", "Sin", "Cos", "Constant"):
            todo += [name for name in node.input if makers.get(name, node).op_type != "Shape"]
    return wide


def rejoin(graph, wide):
    """Adds a Cast to half if the nodes that read the sines are half."""
    nodes = list(graph.node)
    made = []
    for node in nodes:
        made.append(node)
        if node.op_type in ("Sin", "Cos"):
            inner = f"{node.output[0]}_float32"
            outer = node.output[0]
            node.output[0] = inner
            made.append(onnx.helper.make_node("Cast", [inner], [outer], name=f"{outer}_half", to=onnx.TensorProto.FLOAT16))
    del graph.node[:]
    graph.node.extend(made)


class Half(torch.nn.Module):
    """Wraps a method of a network as a network, for the exporter."""

    def __init__(self, call, module):
        super().__init__()
        self.call, self.module = call, module

    def forward(self, *inputs):
        return self.call(self.module, *inputs)


def export_old(pipe, target):
    """Exports like convert_stable_diffusion_checkpoint_to_onnx.py of diffusers 0.36, opset 14."""
    tokenizer, unet, vae = pipe.tokenizer, pipe.unet, pipe.vae

    def write(name, module, inputs, names, outputs, axes):
        (target / name).mkdir(parents=True)
        path = target / name / "model.onnx"
        torch.onnx.export(
            module, inputs, str(path), input_names=names, output_names=outputs, dynamic_axes=axes,
            do_constant_folding=True, opset_version=14, dynamo=False,
        )  # fmt: skip
        return path

    ids = tokenizer("A sample prompt", padding="max_length", max_length=77, return_tensors="pt").input_ids.to(torch.int32)
    text = Half(lambda m, ids: tuple(m(ids, return_dict=False)), pipe.text_encoder)
    write("text_encoder", text, (ids,), ["input_ids"], ["last_hidden_state", "pooler_output"],
          {"input_ids": {0: "batch", 1: "sequence"}})  # fmt: skip

    denoiser = Half(lambda m, *inputs: m(*inputs, return_dict=False), unet)
    inputs = (torch.randn(2, unet.config.in_channels, 8, 8), torch.randn(2), torch.randn(2, 77, 16))
    path = write("unet", denoiser, inputs, ["sample", "timestep", "encoder_hidden_states"], ["out_sample"],
                 {"sample": {0: "batch", 1: "channels", 2: "height", 3: "width"}, "timestep": {0: "batch"},
                  "encoder_hidden_states": {0: "batch", 1: "sequence"}})  # fmt: skip
    model = onnx.load(path)
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    onnx.save_model(model, str(path), save_as_external_data=True, all_tensors_to_one_file=True,
                    location="weights.pb", convert_attribute=False)  # fmt: skip

    spatial = {0: "batch", 1: "channels", 2: "height", 3: "width"}
    encoder = Half(lambda m, sample: m.encode(sample, return_dict=False)[0].sample(), vae)
    write("vae_encoder", encoder, (torch.randn(1, 3, 64, 64),), ["sample"], ["latent_sample"], {"sample": spatial})
    decoder = Half(lambda m, latents: m.decode(latents, return_dict=False)[0], vae)
    write("vae_decoder", decoder, (torch.randn(1, 4, 8, 8),), ["latent_sample"], ["sample"], {"latent_sample": spatial})

    tokenizer.save_pretrained(target / "tokenizer")
    pipe.scheduler.save_pretrained(target / "scheduler")
    onnx_model = ["diffusers", "OnnxRuntimeModel"]
    write_json(
        target / "model_index.json",
        {
            "_class_name": "OnnxStableDiffusionPipeline",
            "_diffusers_version": diffusers.__version__,
            "feature_extractor": [None, None],
            "requires_safety_checker": False,
            "safety_checker": [None, None],
            "scheduler": ["diffusers", "PNDMScheduler"],
            "text_encoder": onnx_model,
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": onnx_model,
            "vae_decoder": onnx_model,
            "vae_encoder": onnx_model,
        },
    )


def paint(pipe, case):
    width, height = case["size"]
    if "scheduler" in case:
        pipe.scheduler = EulerDiscreteScheduler.from_config(pipe.scheduler.config)
    is_none = isinstance(pipe, StableDiffusionXLInpaintPipeline) and not case["negativePrompt"]
    output = pipe(
        prompt=case["prompt"],
        negative_prompt=None if is_none else case["negativePrompt"],
        image=picture(width, height),
        mask_image=mask(width, height),
        width=width,
        height=height,
        num_inference_steps=case["steps"],
        guidance_scale=case["guidance"],
        strength=float(case["strength"]),
        generator=torch.Generator("cpu").manual_seed(case["seed"]),
    ).images[0]
    output.save(ROOT / "pictures" / f"{case['name']}.png", optimize=True)
    print(f"{case['name']}: standard deviation {np.asarray(output).astype(float).std():.1f}")


def record_of(case):
    width, height = case["size"]
    stem = f"{width}x{height}"
    record = {key: value for key, value in case.items() if key != "size"}
    record |= {"width": width, "height": height, "image": f"input-{stem}.png", "mask": f"mask-{stem}.png"}
    return {**record, "output": f"{case['name']}.png"}


def main():
    chosen = sys.argv[1:]
    for folder in [ROOT / name for name in chosen] or [ROOT]:
        shutil.rmtree(folder, ignore_errors=True)
    (ROOT / "pictures").mkdir(parents=True, exist_ok=True)
    pipes = {}
    for seed, (name, recipe) in enumerate(RECIPES.items()):
        if chosen and name not in chosen:
            continue
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            pipes[name] = build(recipe, 70_000 + 10 * seed, folder)
            if name == "old":
                export_old(pipes[name], ROOT / name)
                continue
            # Weights in a separate file, as optimum writes them for networks of 2 GB and more.
            os.environ["FORCE_ONNX_EXTERNAL_DATA"] = "1" if "text_2" in recipe else "0"
            export(folder, ROOT / name)
            if name == "inpaint":
                halved(ROOT / name, ROOT / "inpaint-fp16")
                half = build(recipe, 70_000 + 10 * seed, folder / "half")
                for part in (half.unet, half.vae, half.text_encoder):
                    part.half().float()
                pipes["inpaint-fp16"] = half
    records = []
    for case in CASES:
        case = {"negativePrompt": "", "strength": 1, **case}
        records.append(record_of(case))
        if case["model"] not in pipes:
            continue
        width, height = case["size"]
        picture(width, height).save(ROOT / "pictures" / f"input-{width}x{height}.png", optimize=True)
        mask(width, height).save(ROOT / "pictures" / f"mask-{width}x{height}.png", optimize=True)
        paint(pipes[case["model"]], case)
    lines = ",\n  ".join(json.dumps(record, ensure_ascii=False) for record in records)
    text = f'{{"diffusers": "{diffusers.__version__}", "cases": [\n  {lines}\n]}}\n'
    (ROOT / "pictures" / "cases.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Writes a full-size ONNX export of Stable Diffusion 1.5 inpainting with meaningless weights: 4.3 GB.

    python tools/exports/true_size.py FOLDER [--attention sdpa|baddbmm]    # Python as of tools/goldens/requirements.txt
    npx tsx bench/exportMemory.ts FOLDER 512                              # measures its memory use

It has optimum's layout, with each network's weights in `model.onnx_data`. `sdpa` is the attention of diffusers since
torch 2; `baddbmm` is the earlier form, found in exports of 2022 and 2023. Needs about 8 GB of memory.
"""

import argparse
import gc
import json
import shutil
from pathlib import Path

import onnx
import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTextConfig, CLIPTextModel

ROOT = Path(__file__).resolve().parents[2]
TOKENIZER = ROOT / "goldens" / "onnx" / "inpaint" / "tokenizer"
UNET = {"in_channels": 9, "cross_attention_dim": 768, "attention_head_dim": 8, "sample_size": 64}
VAE = {
    "block_out_channels": [128, 256, 512, 512],
    "layers_per_block": 2,
    "latent_channels": 4,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "sample_size": 512,
}
TEXT = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12}

torch.set_num_threads(1)
torch.set_grad_enabled(False)


class Call(torch.nn.Module):
    """Wraps a method of a network as a network, for the exporter."""

    def __init__(self, module, call):
        super().__init__()
        self.module, self.call = module, call

    def forward(self, *inputs):
        return self.call(self.module, *inputs)


def write(folder, module, inputs, axes, outputs):
    """Traces a network; its weights go into one file next to the graph."""
    parts = folder / "parts"
    parts.mkdir(parents=True)
    torch.onnx.export(
        module, inputs, str(parts / "model.onnx"), input_names=list(axes), output_names=outputs, dynamic_axes=axes,
        do_constant_folding=True, opset_version=18, dynamo=False,
    )  # fmt: skip
    model = onnx.load(parts / "model.onnx")
    shutil.rmtree(parts)
    onnx.save_model(
        model, str(folder / "model.onnx"), save_as_external_data=True, all_tensors_to_one_file=True,
        location="model.onnx_data", size_threshold=1024, convert_attribute=False,
    )  # fmt: skip
    print(f"{folder.name}: {len(model.graph.node)} nodes, {(folder / 'model.onnx_data').stat().st_size} bytes", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--attention", choices=["sdpa", "baddbmm"], default="sdpa")
    arguments = parser.parse_args()
    folder = arguments.folder
    spatial = {0: "batch", 2: "height", 3: "width"}

    # 1. The networks, one at a time
    text = CLIPTextModel(CLIPTextConfig(**TEXT)).eval()
    write(
        folder / "text_encoder", Call(text, lambda m, ids: m(ids, return_dict=False)[0]),
        (torch.zeros(1, 77, dtype=torch.int64),), {"input_ids": {0: "batch", 1: "sequence"}}, ["last_hidden_state"],
    )  # fmt: skip
    vae = AutoencoderKL(**VAE).eval()
    write(
        folder / "vae_encoder", Call(vae, lambda m, x: m.quant_conv(m.encoder(x))), (torch.zeros(1, 3, 64, 64),), {"sample": spatial},
        ["latent_parameters"],
    )  # fmt: skip
    write(
        folder / "vae_decoder", Call(vae, lambda m, x: m.decode(x, return_dict=False)[0]), (torch.zeros(1, 4, 8, 8),),
        {"latent_sample": spatial}, ["sample"],
    )  # fmt: skip
    del text, vae
    gc.collect()
    unet = UNet2DConditionModel(**UNET).eval()
    if arguments.attention == "baddbmm":
        unet.set_attn_processor(AttnProcessor())
    config = dict(unet.config)
    write(
        folder / "unet", Call(unet, lambda m, *inputs: m(*inputs, return_dict=False)[0]),
        (torch.zeros(2, 9, 16, 16), torch.tensor(1), torch.zeros(2, 77, 768)),
        {"sample": spatial, "timestep": {}, "encoder_hidden_states": {0: "batch", 1: "sequence"}}, ["out_sample"],
    )  # fmt: skip

    # 2. The other files
    configs = {"unet": config, "vae_encoder": VAE, "vae_decoder": VAE, "text_encoder": TEXT}
    for name, values in configs.items():
        (folder / name / "config.json").write_text(json.dumps(values, indent=2, default=str))
    EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear").save_pretrained(
        folder / "scheduler"
    )
    shutil.copytree(TOKENIZER, folder / "tokenizer")
    model = ["optimum.onnxruntime.modeling_diffusion", "ORTModel"]
    index = {name: model for name in configs} | {"_class_name": "ORTStableDiffusionInpaintPipeline"}
    (folder / "model_index.json").write_text(json.dumps(index, indent=2))


main()

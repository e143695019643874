"""Writes the model in the diffusers layout, fp16 safetensors under the Hub's classic keys.

    python tools/starter/export.py --work DIR --out public/models/starter
    python tools/starter/export.py --random --out DIR        # untrained weights, to try the layout
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

import diffusion
import sources
import vae as autoencoder
from tokenizer import write_tokenizer

# DPM++ 2M. Its last sigma is not quite 0 in the schedule: "lower_order_final" keeps few-step pictures clean.
SCHEDULER = dict(
    _class_name="DPMSolverMultistepScheduler", _diffusers_version="0.36.0", **diffusion.SCHEDULE,
    algorithm_type="dpmsolver++", solver_order=2, solver_type="midpoint", lower_order_final=True,
    thresholding=False, timestep_spacing="linspace", steps_offset=1, use_karras_sigmas=False,
)
MODEL_INDEX = {
    # Read by Inlay alone: the ground of what it draws comes from elsewhere (src/pipeline/drawThing.ts).
    "_draws_things": True,
    "_class_name": "StableDiffusionInpaintPipeline", "_diffusers_version": "0.36.0",
    "feature_extractor": [None, None], "image_encoder": [None, None], "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DPMSolverMultistepScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
MOST_BYTES = 40_000_000


def half(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """fp16 copies of the weights, without position buffers, which aren't weights."""
    result = {}
    for key, value in state.items():
        if key.endswith("position_ids"):
            continue
        result[key] = value.detach().to(torch.float16).contiguous()
        if not torch.isfinite(result[key]).all():
            raise ValueError(f"{key}: does not fit into fp16")
    return result


def write_json(path: Path, value: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def export(out: Path, vae, text_encoder, unet) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "model_index.json", MODEL_INDEX)
    write_json(out / "scheduler" / "scheduler_config.json", SCHEDULER)
    write_tokenizer(out / "tokenizer")
    metadata = {"format": "pt"}
    for name, model in (("vae", vae), ("unet", unet)):
        config = {key: value for key, value in dict(model.config).items() if not key.startswith("_")}
        write_json(out / name / "config.json",
                   {"_class_name": type(model).__name__, "_diffusers_version": "0.36.0", **config})
        save_file(half(model.state_dict()), out / name / "diffusion_pytorch_model.safetensors", metadata)
    write_json(out / "text_encoder" / "config.json", {
        "architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "torch_dtype": "float16",
        "attention_dropout": 0.0, "initializer_factor": 1.0, "initializer_range": 0.02, **diffusion.TEXT_CONFIG})
    save_file(half(diffusion.classic_keys(text_encoder.state_dict())), out / "text_encoder" / "model.safetensors", metadata)
    write_json(out / "concepts.json", [
        {"name": concept.name, "synonyms": list(concept.names[1:]), "codePoint": concept.code}
        for concept in sources.read_concepts()])
    total = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {total / 1e6:.1f} MB")
    if total > MOST_BYTES:
        raise ValueError(f"{total} bytes: more than the {MOST_BYTES} allowed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--random", action="store_true")
    args = parser.parse_args()

    torch.manual_seed(0)
    vae, text_encoder, unet = autoencoder.make_vae(), diffusion.make_text_encoder(), diffusion.make_unet()
    if not args.random:
        vae.load_state_dict(torch.load(args.work / "vae.pt", weights_only=True))
        # The measured scale of the latents, see encode_pool.py.
        vae.register_to_config(scaling_factor=json.loads((args.work / "latents.json").read_text())["scaling_factor"])
        weights = torch.load(args.work / "unet.pt", weights_only=True, map_location="cpu")["average"]
        diffusion.load_classic(text_encoder, weights["text_encoder"])
        unet.load_state_dict(weights["unet"])
    if args.out.exists():
        for part in ("tokenizer", "text_encoder", "unet", "vae", "scheduler"):
            shutil.rmtree(args.out / part, ignore_errors=True)
    export(args.out, vae, text_encoder, unet)


if __name__ == "__main__":
    main()

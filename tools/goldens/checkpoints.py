"""Writes tiny models in the other formats of Stable Diffusion, and the tensors that reading them must give.

    python tools/goldens/checkpoints.py            # writes goldens/checkpoints/; run models.py before

| written | what |
|---|---|
| `sd15.ckpt` | goldens/models/sd15 in one PyTorch file of the original layout, as training leaves it: wrapped in
  `state_dict`, with EMA copies, the noise schedule, callbacks and tensors that are views |
| `sd15-bin/` | its autoencoder and text encoder as `.bin` files |
| `sd2.safetensors`, `sdxl.safetensors` | two more families in one file, float16, and `*.json`: the SHA-256 of every
  tensor that the components must have |
| `layouts/*.json.gz` | keys and shapes of the true Stable Diffusion 1.5, 2.1 and XL in both layouts, without weights |
| `pickles/*.ckpt` | files that must be refused |

The original layout is made by inverting what diffusers' loaders do. Every file is verified by running diffusers' own
conversion on it and comparing the result with its source model, tensor by tensor. Neither Inlay nor its tests need
this script.
"""

import gzip
import hashlib
import io
import json
import pickle
import re
import shutil
import zipfile
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders import single_file_utils as reference
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from models import ROOT, randomize

OUT = ROOT / "checkpoints"
torch.set_num_threads(1)
torch.set_grad_enabled(False)

# ---- diffusers' keys to the original's -------------------------------------------------------------------------

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}


def original_unet(state, config):
    """The original numbers resnets and samplers of all levels in one sequence; an attention shares its resnet's number."""
    per_level = config["layers_per_block"] + 1
    attends_up = ["CrossAttn" in kind for kind in config["up_block_types"]]

    def place(key):
        stem, leaf = key.rsplit(".", 1)
        if stem in UNET_ENDS:
            return f"{UNET_ENDS[stem]}.{leaf}"
        parts = stem.split(".")
        if parts[0] == "mid_block":
            kind, number, rest = parts[1], int(parts[2]), parts[3:]
            slot = f"middle_block.{1 if kind == 'attentions' else 2 * number}"
        else:
            level, kind, number, rest = int(parts[1]), parts[2], int(parts[3]), parts[4:]
            if kind == "downsamplers":
                return f"input_blocks.{per_level * (level + 1)}.0.op.{leaf}"
            if kind == "upsamplers":
                slot = 2 if attends_up[level] else 1
                return f"output_blocks.{per_level * level + per_level - 1}.{slot}.conv.{leaf}"
            down = parts[0] == "down_blocks"
            row = per_level * level + number + (1 if down else 0)
            slot = f"{'input' if down else 'output'}_blocks.{row}.{1 if kind == 'attentions' else 0}"
        rest = ".".join(rest)
        return f"{slot}.{rest if kind == 'attentions' else RESNET[rest]}.{leaf}"

    return {place(key): value for key, value in state.items()}


VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def original_vae(state, config):
    levels = len(config["block_out_channels"])
    original = {}
    for key, value in state.items():
        stem, leaf = key.rsplit(".", 1)
        side, *parts = stem.split(".")
        if side not in ("encoder", "decoder"):
            original[key] = value
            continue
        rest = ".".join(parts)
        if rest in ("conv_in", "conv_out"):
            new = rest
        elif rest == "conv_norm_out":
            new = "norm_out"
        elif parts[0] == "mid_block" and parts[1] == "resnets":
            new = f"mid.block_{int(parts[2]) + 1}.{parts[3].replace('conv_shortcut', 'nin_shortcut')}"
        elif parts[0] == "mid_block":
            new = f"mid.attn_1.{VAE_ATTENTION['.'.join(parts[3:])]}"
            if leaf == "weight" and value.ndim == 2:
                value = value[:, :, None, None]
        else:
            level = int(parts[1])
            if side == "decoder":
                level = levels - 1 - level
            name = "down" if side == "encoder" else "up"
            if parts[2] == "resnets":
                new = f"{name}.{level}.block.{parts[3]}.{parts[4].replace('conv_shortcut', 'nin_shortcut')}"
            else:
                new = f"{name}.{level}.{name}sample.conv"
        original[f"{side}.{new}.{leaf}"] = value
    return original


OPEN_CLIP = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "self_attn.out_proj": "attn.out_proj",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}
OPEN_CLIP_ENDS = {
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.final_layer_norm.weight": "ln_final.weight",
    "text_model.final_layer_norm.bias": "ln_final.bias",
}


def original_open_clip(state, extra_layer):
    """OpenCLIP has query, key and value in one matrix, and its projection transposed."""
    original = {}
    for key, value in state.items():
        layer = re.match(r"text_model\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)$", key)
        if key in OPEN_CLIP_ENDS:
            original[OPEN_CLIP_ENDS[key]] = value
        elif key == "text_projection.weight":
            original["text_projection"] = value.T.contiguous()
        elif layer[2] in OPEN_CLIP:
            original[f"transformer.resblocks.{layer[1]}.{OPEN_CLIP[layer[2]]}.{layer[3]}"] = value
        elif layer[2] == "self_attn.q_proj":
            stem = f"text_model.encoder.layers.{layer[1]}.self_attn"
            thirds = [state[f"{stem}.{which}_proj.{layer[3]}"] for which in "qkv"]
            original[f"transformer.resblocks.{layer[1]}.attn.in_proj_{layer[3]}"] = torch.cat(thirds)
    width = original["ln_final.weight"].shape[0]
    if extra_layer:
        # The layer that Stable Diffusion 2 leaves out, and the projection behind it.
        last = max(int(key.split(".")[2]) for key in original if "resblocks" in key)
        for key in [key for key in original if f"resblocks.{last}." in key]:
            original[key.replace(f"resblocks.{last}.", f"resblocks.{last + 1}.")] = original[key] + 1
        original["text_projection"] = torch.ones(width, width, dtype=value.dtype, device=value.device)
    original["logit_scale"] = torch.ones((), dtype=value.dtype, device=value.device)
    return original


def prefixed(prefix, state):
    return {prefix + key: value for key, value in state.items()}


# ---- verification by diffusers ---------------------------------------------------------------------------------


def assert_same(converted, state, what, allow=lambda key: False):
    extra = [key for key in converted if key not in state and not allow(key)]
    absent = [key for key in state if key not in converted]
    assert not extra and not absent, f"{what}: extra {extra[:4]}, absent {absent[:4]}"
    for key, value in state.items():
        assert converted[key].shape == value.shape, f"{what}: {key}: {converted[key].shape} for {value.shape}"
        assert value.is_meta or torch.equal(converted[key], value), f"{what}: {key}"


def verify(family, original, parts, configs):
    """Checks that diffusers reads the file as the model that it was made from."""
    assert_same(reference.convert_ldm_unet_checkpoint(original, configs["unet"]), parts["unet"], f"{family} unet")
    assert_same(reference.convert_ldm_vae_checkpoint(dict(original), configs["vae"]), parts["vae"], f"{family} vae")
    text = SimpleNamespace(config=SimpleNamespace(hidden_size=configs["text_encoder"]["hidden_size"]))
    not_weights = lambda key: key.endswith("position_ids") or key == "logit_scale"
    if family == "sd2":
        # diffusers leaves out layer 23 by its number; a tiny model's last layer has a different one.
        layers = configs["text_encoder"]["num_hidden_layers"]
        dropped = lambda key: key.startswith(f"text_model.encoder.layers.{layers}.") or key == "text_projection.weight"
        converted = reference.convert_open_clip_checkpoint(text, original)
        assert_same(converted, parts["text_encoder"], "sd2 text", dropped)
    else:
        assert_same(reference.convert_ldm_clip_checkpoint(original), parts["text_encoder"], f"{family} clip", not_weights)
    if family == "sdxl":
        converted = reference.convert_open_clip_checkpoint(text, original, prefix="conditioner.embedders.1.model.")
        assert_same(converted, parts["text_encoder_2"], "sdxl text 2")


def to_original(family, parts, configs, extra_layer=True):
    original = prefixed("model.diffusion_model.", original_unet(parts["unet"], configs["unet"]))
    original |= prefixed("first_stage_model.", original_vae(parts["vae"], configs["vae"]))
    text = parts["text_encoder"]
    positions = {"text_model.embeddings.position_ids": torch.arange(77)[None]}
    if family == "sd1":
        original |= prefixed("cond_stage_model.transformer.", text | positions)
    elif family == "sd2":
        original |= prefixed("cond_stage_model.model.", original_open_clip(text, extra_layer))
    else:
        original |= prefixed("conditioner.embedders.0.transformer.", text | positions)
        second = original_open_clip(parts["text_encoder_2"], False)
        original |= prefixed("conditioner.embedders.1.model.", second)
    return original


# ---- true layouts without weights ------------------------------------------------------------------------------

VAE = {
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "scaling_factor": 0.18215,
    "sample_size": 512,
}
CLIP = {"vocab_size": 49408, "max_position_embeddings": 77, "bos_token_id": 49406, "eos_token_id": 49407}
CLIP_L = CLIP | {
    "hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12,
    "hidden_act": "quick_gelu", "projection_dim": 768,
}  # fmt: skip
CLIP_H = CLIP | {
    "hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 23,
    "hidden_act": "gelu", "projection_dim": 512,
}  # fmt: skip
CLIP_G = CLIP | {
    "hidden_size": 1280, "intermediate_size": 5120, "num_attention_heads": 20, "num_hidden_layers": 32,
    "hidden_act": "gelu", "projection_dim": 1280,
}  # fmt: skip
UNET = {
    "in_channels": 4,
    "out_channels": 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "norm_eps": 1e-5,
    "block_out_channels": [320, 640, 1280, 1280],
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
}
# As the repositories' own config.json files have it: stable-diffusion-v1-5, stable-diffusion-2-1 and
# stable-diffusion-xl-base-1.0.
TRUE = {
    "sd1": {
        "unet": UNET | {"attention_head_dim": 8, "cross_attention_dim": 768, "sample_size": 64},
        "vae": VAE,
        "text_encoder": CLIP_L,
    },
    "sd2": {
        "unet": UNET
        | {
            "attention_head_dim": [5, 10, 20, 20],
            "cross_attention_dim": 1024,
            "sample_size": 96,
            "upcast_attention": True,
            "use_linear_projection": True,
        },
        "vae": VAE | {"sample_size": 768},
        "text_encoder": CLIP_H,
    },
    "sdxl": {
        "unet": UNET
        | {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 256,
            "attention_head_dim": [5, 10, 20],
            "block_out_channels": [320, 640, 1280],
            "cross_attention_dim": 2048,
            "down_block_types": ["DownBlock2D"] + ["CrossAttnDownBlock2D"] * 2,
            "projection_class_embeddings_input_dim": 2816,
            "sample_size": 128,
            "transformer_layers_per_block": [1, 2, 10],
            "up_block_types": ["CrossAttnUpBlock2D"] * 2 + ["UpBlock2D"],
            "use_linear_projection": True,
        },
        "vae": VAE | {"sample_size": 1024, "scaling_factor": 0.13025, "force_upcast": True},
        "text_encoder": CLIP_L,
        "text_encoder_2": CLIP_G,
    },
}


def networks(configs):
    text_2 = configs.get("text_encoder_2")
    made = {
        "unet": UNet2DConditionModel(**configs["unet"]),
        "vae": AutoencoderKL(**configs["vae"]),
        "text_encoder": CLIPTextModel(CLIPTextConfig(**configs["text_encoder"])),
    }
    if text_2:
        made["text_encoder_2"] = CLIPTextModelWithProjection(CLIPTextConfig(**text_2))
    return made


def states(made):
    return {name: network.state_dict() for name, network in made.items()}


def write_json(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n", encoding="utf-8")


def write_layout(family, configs):
    with torch.device("meta"):
        parts = states(networks(configs))
        original = to_original(family, parts, configs)
    verify(family, original, parts, configs)
    shapes = lambda state: {key: list(value.shape) for key, value in state.items()}
    layout = {
        "original": shapes(original),
        "components": {name: shapes(state) for name, state in parts.items()},
        "configs": configs,
    }
    packed = gzip.compress(json.dumps(layout, separators=(",", ":")).encode(), 9, mtime=0)
    (OUT / "layouts" / f"{family}.json.gz").write_bytes(packed)
    return f"{len(original)} tensors, {sum(value.numel() for value in original.values()) / 1e6:.0f} M values"


# ---- tiny files ------------------------------------------------------------------------------------------------

TINY_CLIP = {"vocab_size": 64, "intermediate_size": 16, "num_hidden_layers": 2, "max_position_embeddings": 77}
TINY_VAE = {
    "block_out_channels": [4, 8],
    "down_block_types": ["DownEncoderBlock2D"] * 2,
    "up_block_types": ["UpDecoderBlock2D"] * 2,
    "layers_per_block": 1,
    "latent_channels": 4,
    "norm_num_groups": 4,
    "sample_size": 32,
}
TINY_UNET = {"layers_per_block": 1, "norm_num_groups": 4, "out_channels": 4, "use_linear_projection": True}
TINY = {
    "sd2": {
        "unet": TINY_UNET
        | {
            "in_channels": 9,
            "block_out_channels": [8, 16],
            "cross_attention_dim": 8,
            "attention_head_dim": [1, 2],
            "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
            "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
        },
        "vae": TINY_VAE,
        "text_encoder": TINY_CLIP | {"hidden_size": 8, "num_attention_heads": 2, "hidden_act": "gelu"},
    },
    "sdxl": {
        "unet": TINY_UNET
        | {
            "in_channels": 4,
            "block_out_channels": [8, 8, 16],
            "cross_attention_dim": 20,
            "attention_head_dim": [1, 2, 2],
            "transformer_layers_per_block": [1, 1, 2],
            "down_block_types": ["DownBlock2D"] + ["CrossAttnDownBlock2D"] * 2,
            "up_block_types": ["CrossAttnUpBlock2D"] * 2 + ["UpBlock2D"],
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 4,
            "projection_class_embeddings_input_dim": 10 + 6 * 4,
        },
        "vae": TINY_VAE,
        "text_encoder": TINY_CLIP | {"hidden_size": 8, "num_attention_heads": 2, "hidden_act": "quick_gelu"},
        # The projection's width differs from the encoder's, so a missing transposition shows.
        "text_encoder_2": TINY_CLIP
        | {"hidden_size": 12, "num_attention_heads": 3, "hidden_act": "gelu", "projection_dim": 10},
    },
}


def write_tiny(family, configs, seed):
    made = networks(configs)
    for number, network in enumerate(made.values()):
        randomize(network, seed + number).half()
    parts = {name: {key: value.contiguous() for key, value in state.items()} for name, state in states(made).items()}
    original = {key: value.contiguous() for key, value in to_original(family, parts, configs).items()}
    verify(family, original, parts, configs)
    save_file(original, OUT / f"{family}.safetensors", metadata={"format": "pt"})
    (OUT / f"{family}.safetensors").chmod(0o644)
    digest = lambda value: hashlib.sha256(value.numpy().tobytes()).hexdigest()[:16]
    components = {
        name: {key: [list(value.shape), digest(value)] for key, value in state.items()} for name, state in parts.items()
    }
    write_json(OUT / f"{family}.json", {"configs": configs, "components": components})
    return f"{len(original)} tensors"


def ckpt_of_sd15():
    """A file as CompVis' trainer writes it, with everything that real ones have besides weights."""
    folder = ROOT / "models" / "sd15"
    parts = {
        "unet": load_file(folder / "unet" / "diffusion_pytorch_model.safetensors"),
        "vae": load_file(folder / "vae" / "diffusion_pytorch_model.safetensors"),
        "text_encoder": load_file(folder / "text_encoder" / "model.safetensors"),
    }
    configs = {name: json.loads((folder / name / "config.json").read_text()) for name in parts}
    original = to_original("sd1", parts, configs)
    verify("sd1", original, parts, configs)
    # Views with an offset and a transposition, as left by optimizers that keep all weights in one buffer.
    flat = torch.cat([original["model.diffusion_model.out.2.bias"].flip(0), original["model.diffusion_model.out.2.bias"]])
    original["model.diffusion_model.out.2.bias"] = flat[4:]
    turned = "model.diffusion_model.time_embed.0.weight"
    original[turned] = original[turned].T.contiguous().T
    wide = "model.diffusion_model.time_embed.2.weight"
    original[wide] = torch.stack([original[wide], original[wide] + 1], dim=-1)[..., 0]
    assert not original[turned].is_contiguous() and not original[wide].is_contiguous()
    state = OrderedDict(original)
    state["betas"] = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    state["model_ema.decay"] = torch.tensor(0.9999)
    state["model_ema.num_updates"] = torch.tensor(7, dtype=torch.int32)
    state["model_ema.diffusion_modelout2bias"] = torch.zeros(4)
    return {"epoch": 1, "global_step": 470000, "pytorch-lightning_version": "1.4.2", "state_dict": state}


def write_sd15():
    # Lightning's callbacks as real files have them: a class as a key, and a state.
    module = "pytorch_lightning.callbacks.model_checkpoint"
    fake = type("ModelCheckpoint", (), {"__module__": module})
    checkpoint = ckpt_of_sd15() | {"callbacks": {fake: {"monitor": "val/loss", "best": torch.tensor(0.5)}}}
    with importable(module, fake):
        torch.save(checkpoint, OUT / "sd15.ckpt")
    folder = ROOT / "models" / "sd15"
    for component, stem, source in [
        ("vae", "diffusion_pytorch_model", "diffusion_pytorch_model"),
        ("text_encoder", "pytorch_model", "model"),
    ]:
        target = OUT / "sd15-bin" / component
        target.mkdir(parents=True)
        torch.save(load_file(folder / component / f"{source}.safetensors"), target / f"{stem}.bin")


class importable:
    """Makes a name importable that is not installed, because pickle needs it for writing."""

    def __init__(self, module, *members):
        import sys

        self.modules, self.name, self.members = sys.modules, module, members

    def __enter__(self):
        parts = self.name.split(".")
        for end in range(1, len(parts) + 1):
            self.modules[".".join(parts[:end])] = SimpleNamespace()
        for member in self.members:
            setattr(self.modules[self.name], member.__name__, member)

    def __exit__(self, *_):
        parts = self.name.split(".")
        for end in range(1, len(parts) + 1):
            del self.modules[".".join(parts[:end])]


# ---- pickles ---------------------------------------------------------------------------------------------------


def write_archive(name, data):
    with zipfile.ZipFile(OUT / "pickles" / f"{name}.ckpt", "w", zipfile.ZIP_STORED) as archive:
        for entry, content in {"data.pkl": data, "version": b"3\n"}.items():
            archive.writestr(zipfile.ZipInfo(f"archive/{entry}"), content)


class Calls:
    """Pickles as a call of `function(*arguments)`."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def write_pickles():
    import os
    import subprocess

    # By REDUCE: what most malicious checkpoints do.
    write_archive("system-reduce", pickle.dumps({"state_dict": Calls(os.system, "echo pwned")}, protocol=2))
    # The same with the name taken from the stack, as protocol 4 writes it.
    write_archive("system-stack-global", pickle.dumps({"state_dict": Calls(os.system, "echo pwned")}, protocol=4))
    nested = Calls(eval, "__import__('os')")
    write_archive("eval-nested", pickle.dumps({"state_dict": {"a": [({"b": nested},)]}}, protocol=2))
    write_archive("popen", pickle.dumps({"hyper_parameters": Calls(subprocess.Popen, ["id"])}, protocol=2))
    # BUILD passes a state to __setstate__, which the first BUILD set to os.system; no REDUCE is needed.
    build = b"\x80\x02ccollections\nOrderedDict\n)\x81}X\x0c\x00\x00\x00__setstate__cposix\nsystem\nsbX\x02\x00\x00\x00idb."
    write_archive("system-build", build)
    # A module path that looks like a known library's but leads out of it.
    write_archive("dotted-name", b"\x80\x04\x8c\x0fomegaconf.utils\x8c\x09os.system\x93\x8c\x02id\x85R.")
    # A tensor built by another function than torch's.
    write_archive("getattr", b"\x80\x02cbuiltins\ngetattr\nctorch\nFloatStorage\nX\x03\x00\x00\x00foo\x86R.")
    # Each list holds the one before it ten times: 10^200 leaves for a reader that unfolds them.
    laughs = b"\x80\x02]q\x00"
    for level in range(200):
        laughs += b"](" + (b"h" + bytes([level])) * 10 + b"eq" + bytes([level + 1])
    write_archive("laughs", laughs + b".")
    # Nested lists, deeper than a call stack.
    write_archive("deep", b"\x80\x02" + b"]" * 30_000 + b"a" * 29_999 + b".")
    write_archive("itself", b"\x80\x02}q\x00X\x0a\x00\x00\x00state_dicth\x00s.")
    torch.save({"a": torch.zeros(2)}, OUT / "pickles" / "legacy.ckpt", _use_new_zipfile_serialization=False)
    compressed = io.BytesIO()
    with zipfile.ZipFile(compressed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), b"\x80\x02}.", zipfile.ZIP_DEFLATED)
    (OUT / "pickles" / "compressed.ckpt").write_bytes(compressed.getvalue())
    # Tensors past their storage, and one value spread over a shape of 2^40.
    torch.save({"a": torch.zeros(1).expand(2**20, 2**20)}, OUT / "pickles" / "expanded.ckpt")
    good = io.BytesIO()
    torch.save({"a": torch.zeros(6)}, good)
    data = bytearray(good.getvalue())
    shape = data.index(b"K\x06\x85q")
    data[shape + 1] = 7  # the shape (6,) becomes (7,)
    (OUT / "pickles" / "past-storage.ckpt").write_bytes(data)


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    for folder in ("layouts", "pickles"):
        (OUT / folder).mkdir(parents=True)
    for model_family, model_configs in TRUE.items():
        print("layout", model_family, write_layout(model_family, model_configs))
    for seed, (model_family, model_configs) in enumerate(TINY.items()):
        print("tiny", model_family, write_tiny(model_family, model_configs, 3_000 + 10 * seed))
    write_sd15()
    write_pickles()
    print("bytes", sum(path.stat().st_size for path in OUT.rglob("*") if path.is_file()))

"""Tiny random-weight Stable Diffusion checkpoints in the diffusers layout, and reference values of their networks.

    python tools/goldens/models.py            # writes goldens/models/ and goldens/values/{clip,clip2,unet,vae}-*
    python tools/goldens/models.py sdxl …     # only these models

Each model varies what real checkpoints vary: input channels, conv or linear projection, number of heads as an
integer or a list, levels, activation of the text encoder, prediction type. The weights are seeded, and scaled so that
every network's output is of the order of 1: an absolute error of 1e-4 then means something.
"""

import gzip
import json
import math
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DDPMScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
    PNDMScheduler,
    UNet2DConditionModel,
)
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

ROOT = Path(__file__).resolve().parents[2] / "goldens"
MERGES = 486  # 256 byte symbols, the same with </w>, 486 merges, 2 specials: 1000 tokens
BOS, EOS = 998, 999

torch.set_num_threads(1)
torch.set_grad_enabled(False)


def byte_symbols():
    """CLIP's printable stand-ins for the 256 bytes, in the order of its vocabulary."""
    kept = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    moved = [byte for byte in range(256) if byte not in kept]
    return [chr(byte) for byte in kept] + [chr(256 + index) for index in range(len(moved))]


def write_tokenizer(folder, pad_token):
    """CLIP's own tokenizer with its vocabulary cut after the first merges."""
    # Located without an import, which would need packages that only its models use.
    package = Path(find_spec("open_clip").origin).parent
    packed = (package / "bpe_simple_vocab_16e6.txt.gz").read_bytes()
    merges = gzip.decompress(packed).decode("utf-8").split("\n")[1 : MERGES + 1]
    symbols = byte_symbols()
    tokens = symbols + [symbol + "</w>" for symbol in symbols]
    tokens += [merge.replace(" ", "") for merge in merges] + ["<|startoftext|>", "<|endoftext|>"]
    assert len(tokens) == len(set(tokens)) == EOS + 1
    folder.mkdir(parents=True)
    write_json(folder / "vocab.json", {token: index for index, token in enumerate(tokens)}, indent=None)
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")

    def special(content):
        return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}

    end = special("<|endoftext|>")
    write_json(
        folder / "special_tokens_map.json",
        {"bos_token": special("<|startoftext|>"), "eos_token": end, "pad_token": pad_token, "unk_token": end},
    )
    write_json(
        folder / "tokenizer_config.json",
        {
            "add_prefix_space": False,
            "bos_token": {"__type": "AddedToken", **special("<|startoftext|>")},
            "do_lower_case": True,
            "eos_token": {"__type": "AddedToken", **end},
            "errors": "replace",
            "model_max_length": 77,
            "pad_token": pad_token,
            "tokenizer_class": "CLIPTokenizer",
            "unk_token": {"__type": "AddedToken", **end},
        },
    )
    ids = CLIPTokenizer.from_pretrained(folder)("a photo of a cat").input_ids
    assert ids[0] == BOS and ids[-1] == EOS, ids


def write_json(path, value, indent=2):
    path.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")


def randomize(module, seed):
    """Weights of variance 1 / fan-in, small biases, norms near the identity: activations stay of the order of 1."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in module.named_parameters():
        values = torch.randn(parameter.shape, generator=generator)
        if "embedding" in name and name.endswith(".weight") and parameter.ndim == 2 and "linear" not in name:
            parameter.copy_(values * 0.5)
        elif parameter.ndim >= 2:
            parameter.copy_(values / math.sqrt(parameter[0].numel()))
        elif name.endswith(".bias"):
            parameter.copy_(values * 0.1)
        else:
            parameter.copy_(1 + values * 0.2)
    return module.eval()


SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
TEXT = {
    "vocab_size": EOS + 1,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "max_position_embeddings": 77,
    "projection_dim": 32,
    "bos_token_id": BOS,
    "eos_token_id": EOS,
}
VAE = {
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "latent_channels": 4,
    "norm_num_groups": 8,
    "sample_size": 64,
}
UNET = {"sample_size": 8, "out_channels": 4, "norm_num_groups": 8, "cross_attention_dim": 32}
# A small SDXL: the first encoder is 16 wide, the second 24, its pooled output 20; six numbers of 8 waves each.
XL = {
    "pad_token": "<|endoftext|>",
    "text": {
        **TEXT,
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "hidden_act": "quick_gelu",
        "pad_token_id": EOS,
    },
    "text_2": {
        **TEXT,
        "hidden_size": 24,
        "intermediate_size": 48,
        "num_attention_heads": 2,
        "num_hidden_layers": 3,
        "hidden_act": "gelu",
        "projection_dim": 20,
        "pad_token_id": 0,
    },
    "unet": {
        **UNET,
        "in_channels": 4,
        "block_out_channels": [8, 24],
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
        "layers_per_block": 1,
        "cross_attention_dim": 40,
        "transformer_layers_per_block": [1, 2],
        "attention_head_dim": [2, 4],
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 68,
    },
    "vae": {**VAE, "block_out_channels": [8, 8, 8, 16], "layers_per_block": 1, "scaling_factor": 0.13025},
}

MODELS = {
    # As SD 1.5's inpainting checkpoint: conv projection, heads as an integer, quick_gelu, PNDM.
    "sd15-inpaint": {
        "seed": 15_009,
        "pad_token": "<|endoftext|>",
        "text": {**TEXT, "num_hidden_layers": 2, "hidden_act": "quick_gelu", "pad_token_id": EOS},
        "unet": {
            **UNET,
            "in_channels": 9,
            "block_out_channels": [16, 32, 32],
            "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
            "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
            "layers_per_block": 2,
            "attention_head_dim": 4,
        },
        "vae": {**VAE, "block_out_channels": [8, 16, 16, 32], "layers_per_block": 2, "scaling_factor": 0.18215},
        "scheduler": PNDMScheduler(**{k: v for k, v in SCHEDULE.items() if k != "clip_sample"}, skip_prk_steps=True),
    },
    # As SD 2's inpainting checkpoint, with 2.1's v-prediction: linear projection, heads as a list, gelu, DDIM trailing.
    "sd2-inpaint": {
        "seed": 20_009,
        "pad_token": "!",
        "text": {**TEXT, "num_hidden_layers": 3, "hidden_act": "gelu", "pad_token_id": 0},
        "unet": {
            **UNET,
            "in_channels": 9,
            "block_out_channels": [16, 32],
            "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
            "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
            "layers_per_block": 1,
            "attention_head_dim": [2, 4],
            "use_linear_projection": True,
        },
        "vae": {**VAE, "block_out_channels": [8, 8, 16, 16], "layers_per_block": 1, "scaling_factor": 0.18215},
        "scheduler": DDIMScheduler(**SCHEDULE, prediction_type="v_prediction", timestep_spacing="trailing"),
    },
    # As SD 1.5 itself: 4 channels.
    "sd15": {
        "seed": 15_004,
        "pad_token": "<|endoftext|>",
        "text": {**TEXT, "num_hidden_layers": 2, "hidden_act": "quick_gelu", "pad_token_id": EOS},
        "unet": {
            **UNET,
            "in_channels": 4,
            "block_out_channels": [16, 32],
            "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
            "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
            "layers_per_block": 2,
            "attention_head_dim": 4,
        },
        "vae": {**VAE, "block_out_channels": [8, 8, 16, 16], "layers_per_block": 1, "scaling_factor": 0.18215},
        "scheduler": PNDMScheduler(**{k: v for k, v in SCHEDULE.items() if k != "clip_sample"}, skip_prk_steps=True),
    },
    # As SDXL's inpainting checkpoint; the pooled output is read at the end token's id.
    "sdxl-inpaint": {
        **XL,
        "seed": 10_009,
        "unet": {**XL["unet"], "in_channels": 9},
        "scheduler": EulerDiscreteScheduler(
            **{k: v for k, v in SCHEDULE.items() if k not in ("clip_sample", "set_alpha_to_one")},
            timestep_spacing="leading",
        ),
    },
    # As SDXL itself: 4 channels, and eos_token_id 2 as in its old file, which means the largest id of a row. A
    # steps_offset of 0, which only StableDiffusionInpaintPipeline corrects to 1, tells the two pipelines apart.
    "sdxl": {
        **XL,
        "seed": 10_004,
        "text_2": {**XL["text_2"], "eos_token_id": 2},
        "scheduler": DDIMScheduler(**{**SCHEDULE, "steps_offset": 0}),
    },
    # As SDXL Turbo.
    "sdxl-turbo": {
        **XL,
        "seed": 10_001,
        "scheduler": EulerAncestralDiscreteScheduler(
            **{k: v for k, v in SCHEDULE.items() if k not in ("clip_sample", "set_alpha_to_one")},
            timestep_spacing="trailing",
        ),
    },
    # As SD Turbo, a Stable Diffusion 2.
    "sd-turbo": {
        "seed": 21_001,
        "pad_token": "!",
        "text": {**XL["text"], "hidden_act": "gelu", "pad_token_id": 0},
        "unet": {
            **UNET,
            "in_channels": 4,
            "cross_attention_dim": 16,
            "block_out_channels": [8, 24],
            "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
            "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
            "layers_per_block": 1,
            "attention_head_dim": [2, 4],
            "use_linear_projection": True,
        },
        "vae": {**XL["vae"], "scaling_factor": 0.18215},
        "scheduler": EulerDiscreteScheduler(
            **{k: v for k, v in SCHEDULE.items() if k not in ("clip_sample", "set_alpha_to_one")},
            timestep_spacing="trailing",
        ),
    },
}
# As SimianLuo/LCM_Dreamshaper_v7: a fully distilled UNet, which gets the guidance as well as the timestep.
MODELS["lcm"] = {
    **MODELS["sd-turbo"],
    "seed": 7_004,
    "pipeline": "LatentConsistencyModelPipeline",
    "unet": {**MODELS["sd-turbo"]["unet"], "use_linear_projection": False, "time_cond_proj_dim": 20},
    "scheduler": LCMScheduler(**SCHEDULE),
}

# What no published model has, each a field that diffusers uses only in some places: activations that are not SiLU, heads
# that do not divide the channels, no padding on the way down, a shift of the latents that its inpainting pipelines ignore,
# sixteen pixels a latent. Its scheduler is the one that models are trained with.
MODELS["odd"] = {
    **XL,
    "seed": 10_016,
    "unet": {
        **XL["unet"],
        "in_channels": 9,
        "act_fn": "gelu",
        "attention_head_dim": [2, 5],
        "downsample_padding": 0,
    },
    "vae": {
        **XL["vae"],
        "down_block_types": ["DownEncoderBlock2D"] * 5,
        "up_block_types": ["UpDecoderBlock2D"] * 5,
        "block_out_channels": [8, 8, 8, 8, 16],
        "act_fn": "relu",
        "shift_factor": 0.4,
    },
    "scheduler": DDPMScheduler(**{k: v for k, v in SCHEDULE.items() if k != "set_alpha_to_one"}),
}


def write_model(name, recipe):
    folder = ROOT / "models" / name
    shutil.rmtree(folder, ignore_errors=True)
    write_tokenizer(folder / "tokenizer", recipe["pad_token"])
    text = randomize(CLIPTextModel(CLIPTextConfig(**recipe["text"])), recipe["seed"])
    text_2 = None
    if "text_2" in recipe:
        write_tokenizer(folder / "tokenizer_2", "!")
        text_2 = CLIPTextModelWithProjection(CLIPTextConfig(**recipe["text_2"]))
        randomize(text_2, recipe["seed"] + 4).save_pretrained(folder / "text_encoder_2")
    unet = randomize(UNet2DConditionModel(**recipe["unet"]), recipe["seed"] + 1)
    vae = randomize(AutoencoderKL(**recipe["vae"]), recipe["seed"] + 2)
    text.save_pretrained(folder / "text_encoder")
    unet.save_pretrained(folder / "unet")
    vae.save_pretrained(folder / "vae")
    recipe["scheduler"].save_pretrained(folder / "scheduler")
    families = {
        "StableDiffusionInpaintPipeline": {"requires_safety_checker": False, "safety_checker": [None, None]},
        "StableDiffusionXLInpaintPipeline": {
            "force_zeros_for_empty_prompt": True,
            "requires_aesthetics_score": False,
            "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
            "tokenizer_2": ["transformers", "CLIPTokenizer"],
        },
    }
    pipeline = "StableDiffusionInpaintPipeline" if text_2 is None else "StableDiffusionXLInpaintPipeline"
    write_json(
        folder / "model_index.json",
        {
            "_class_name": recipe.get("pipeline", pipeline),
            "_diffusers_version": "0.36.0",
            "feature_extractor": [None, None],
            "image_encoder": [None, None],
            **families[pipeline],
            "scheduler": ["diffusers", type(recipe["scheduler"]).__name__],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"],
        },
    )
    return text, unet, vae, text_2


def write_values(name, seed, text, unet, vae, text_2):
    """One safetensors file per network, with inputs and outputs; square and other sizes, batches of one and two."""
    generator = torch.Generator().manual_seed(seed + 3)

    def randn(*shape):
        return torch.randn(shape, generator=generator)

    def save(kind, tensors):
        folder = ROOT / "values"
        folder.mkdir(parents=True, exist_ok=True)
        save_file({key: value.contiguous() for key, value in tensors.items()}, folder / f"{kind}-{name}.safetensors")

    prompts = ["", "a photo of a cat, sitting on a wooden bench"]

    def token_ids(folder):
        tokenizer = CLIPTokenizer.from_pretrained(ROOT / "models" / name / folder)
        return tokenizer(prompts, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids

    ids = token_ids("tokenizer")
    hidden = text(ids, output_hidden_states=True)
    save(
        "clip",
        {
            "input_ids": ids.to(torch.int32),
            "last_hidden_state": hidden.last_hidden_state,
            "penultimate": hidden.hidden_states[-2],
        },
    )

    context = hidden.last_hidden_state
    added = {}
    if text_2 is not None:
        ids_2 = token_ids("tokenizer_2")
        second = text_2(ids_2, output_hidden_states=True)
        save(
            "clip2",
            {
                "input_ids": ids_2.to(torch.int32),
                "penultimate": second.hidden_states[-2],
                "pooled": second.text_embeds,
            },
        )
        context = torch.cat([hidden.hidden_states[-2], second.hidden_states[-2]], dim=-1)
        time_ids = torch.tensor([[64.0, 96.0, 0.0, 0.0, 64.0, 96.0], [1024.0, 768.0, 8.0, 16.0, 512.0, 512.0]])
        added = {"text_embeds": second.text_embeds, "time_ids": time_ids}

    predictions = {"encoder_hidden_states": context, **added}
    # 9 x 5 latents: not a multiple of the UNet's downscale, which upsampling must undo exactly.
    for case, (batch, height, width, timestep) in {
        "square": (2, 8, 8, 981.0),
        "wide": (1, 8, 16, 1.0),
        "odd": (2, 9, 5, 500.25),
    }.items():
        sample = randn(batch, unet.config.in_channels, height, width)
        predictions[f"{case}.sample"] = sample
        predictions[f"{case}.timestep"] = torch.tensor([timestep])
        rows = {key: value[:batch] for key, value in added.items()} or None
        prediction = unet(sample, torch.tensor(timestep), context[:batch], added_cond_kwargs=rows).sample
        predictions[f"{case}.prediction"] = prediction
    save("unet", predictions)

    values = {}
    for case, (height, width) in {"square": (64, 64), "tall": (96, 40)}.items():
        pixels = randn(1, 3, height, width).clamp(-1, 1)
        latents = randn(1, 4, height // 8, width // 8)
        values[f"{case}.pixels"] = pixels
        values[f"{case}.moments"] = vae.encode(pixels).latent_dist.parameters
        values[f"{case}.latents"] = latents
        values[f"{case}.decoded"] = vae.decode(latents).sample
    save("vae", values)
    outputs = {
        "text": hidden.last_hidden_state,
        "unet": predictions["square.prediction"],
        "moments": values["square.moments"],
        "decoded": values["square.decoded"],
    }
    return {kind: f"mean {tensor.mean():.3f} std {tensor.std():.3f}" for kind, tensor in outputs.items()}


if __name__ == "__main__":
    chosen = sys.argv[1:]
    for model_name, model_recipe in MODELS.items():
        if chosen and model_name not in chosen:
            continue
        networks = write_model(model_name, model_recipe)
        # The turbo models differ from others only in their schedulers, `lcm` in one layer, and `odd` in its sizes: for
        # these, whole images are enough.
        if "turbo" not in model_name and model_name not in ("lcm", "odd"):
            print(model_name, write_values(model_name, model_recipe["seed"], *networks))

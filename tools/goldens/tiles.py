"""The VAE in tiles, by diffusers' `enable_tiling`; run it after models.py.

    python tools/goldens/tiles.py             # writes goldens/values/vae-tiles-*
"""

import torch
from diffusers import AutoencoderKL
from models import ROOT
from safetensors.torch import save_file

# Tiles of 64 pixels start every 48: three rows of two, the last ones 2 latents high and 5 wide.
TILE, HEIGHT, WIDTH = 64, 112, 88

for name, seed in {"sd15-inpaint": 1, "sdxl": 2}.items():
    vae = AutoencoderKL.from_pretrained(ROOT / "models" / name / "vae").eval()
    vae.enable_tiling()
    vae.tile_sample_min_size = TILE
    vae.tile_latent_min_size = TILE // 8
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randn((1, 3, HEIGHT, WIDTH), generator=generator).clamp(-1, 1)
    latents = torch.randn((1, 4, HEIGHT // 8, WIDTH // 8), generator=generator)
    values = {
        "pixels": pixels,
        "moments": vae.encode(pixels).latent_dist.parameters,
        "latents": latents,
        "decoded": vae.decode(latents).sample,
    }
    whole = AutoencoderKL.from_pretrained(ROOT / "models" / name / "vae").eval().decode(latents).sample
    print(name, "tiles against the whole, largest difference:", (whole - values["decoded"]).abs().max().item())
    save_file({key: value.contiguous() for key, value in values.items()}, ROOT / "values" / f"vae-tiles-{name}.safetensors")

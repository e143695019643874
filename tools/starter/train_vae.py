"""Trains the VAE: small crops, squared error plus L1 and the L1 of gradients at four scales, no adversary.

It departs from the usual recipe in two ways, both to help the UNet:
- instead of a KL term, the latents' channels are pulled to mean 0 and standard deviation 0.5 over the batch, so that
  one scaling_factor fits all and no channel has an offset (AutoencoderKL has no shift);
- the decoder sees latents with noise of 0.05: it forgives the UNet's small errors.

    python tools/starter/train_vae.py --work DIR --objects DIR --backgrounds DIR… --crop 64 --minutes 8
    python tools/starter/train_vae.py …the same… --crop 128 --batch 4 --lr 8e-4 --minutes 8
Checkpoint: WORK/vae.pt. Continues from it if it exists. --decoder-only keeps the latents unchanged.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import compose
import shared_training
import sources
from vae import LOG_VARIANCE, make_vae

DEVIATION = 0.5  # of each latent channel: what make_vae() starts from
LATENT_NOISE = 0.05


def crops(objects, pictures, size: int, rng: np.random.Generator):
    """uint8 [3, size, size] without end: composites and backgrounds, some with a grey hole, like masked images."""
    while True:
        picture = compose.background(pictures, rng, 0.2)
        area = compose.mask(rng)
        if rng.random() < 0.75:
            picture = compose.place(picture, objects[int(rng.integers(len(objects)))], area)
        if rng.random() < 0.15:
            picture = np.where(area[..., None], np.uint8(127), picture)  # 0 in -1…1
        left, top, right, bottom = compose.mask_box(area)
        for _ in range(4 if size < 128 else 2):  # several per image, because composing costs more than cropping
            cx, cy = rng.uniform(left, right), rng.uniform(top, bottom)
            x = int(np.clip(cx - size / 2, 0, compose.SIZE - size))
            y = int(np.clip(cy - size / 2, 0, compose.SIZE - size))
            yield torch.from_numpy(picture[y:y + size, x:x + size].transpose(2, 0, 1).copy())


def gradient_loss(a: torch.Tensor, b: torch.Tensor, scales: int = 4) -> torch.Tensor:
    """L1 between horizontal and vertical differences at 1, 1/2, 1/4, 1/8 size: edges count as much as areas."""
    loss = a.new_zeros(())
    for _ in range(scales):
        loss = loss + F.l1_loss(a[..., 1:] - a[..., :-1], b[..., 1:] - b[..., :-1])
        loss = loss + F.l1_loss(a[..., 1:, :] - a[..., :-1, :], b[..., 1:, :] - b[..., :-1, :])
        a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return loss


def moments_loss(mean: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    """Pulls each latent channel [B, 4, h, w] to mean 0, deviation 0.5, and the posterior's deviation to 0.05."""
    channel_mean = mean.mean((0, 2, 3))
    channel_deviation = mean.std((0, 2, 3))
    return (channel_mean**2).mean() + ((channel_deviation - DEVIATION) ** 2).mean() + 0.1 * ((logvar - LOG_VARIANCE) ** 2).mean()


def worker(rank: int, args, vae, optimizer) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)
    rng = np.random.default_rng([args.seed, rank])
    torch.manual_seed(args.seed * 100 + rank)
    objects = sources.load_objects(args.objects, sources.read_concepts())
    pictures = list(sources.load_backgrounds(args.backgrounds, "train", args.work).values())
    if rank == 0:
        print(len(objects), "objects,", len(pictures), "backgrounds", flush=True)
    stream = crops(objects, pictures, args.crop, rng)
    start, saved, losses = time.time(), time.time(), []
    while (progress := (time.time() - start) / (args.minutes * 60)) < 1:
        # On a shared machine the number of steps can't be known ahead, so the schedule follows the clock.
        rate = args.lr * min(1, (int(optimizer.count) + 1) / 50) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        pixels = torch.stack([next(stream) for _ in range(args.batch)]).to(device).float().div(127.5).sub(1)
        with torch.set_grad_enabled(not args.decoder_only):
            posterior = vae.encode(pixels).latent_dist
        noise = torch.randn_like(posterior.mean) * LATENT_NOISE
        decoded = vae.decode(posterior.mean + noise).sample
        loss = F.mse_loss(decoded, pixels) + args.sharpness * (gradient_loss(decoded, pixels) + F.l1_loss(decoded, pixels))
        if not args.decoder_only:
            loss = loss + 0.05 * moments_loss(posterior.mean, posterior.logvar)
        vae.zero_grad(set_to_none=True)
        loss.backward()
        count = optimizer.step(rate)
        losses.append(F.mse_loss(decoded, pixels).item())
        if rank == 0 and len(losses) % 50 == 0:
            psnr = 10 * math.log10(4 / np.mean(losses[-50:]))
            deviation = [round(value, 2) for value in posterior.mean.std((0, 2, 3)).tolist()]
            print(f"{time.strftime('%H:%M:%S')} step {count} psnr {psnr:.2f} dB, latents' deviation {deviation}, "
                  f"{count * args.batch / (time.time() - start):.1f} crops/s", flush=True)
        if rank == 0 and time.time() - saved > 60:
            save(args, vae, optimizer)
            saved = time.time()


def save(args, vae, optimizer) -> None:
    torch.save({**vae.state_dict(), **optimizer.average}, args.work / "vae.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--objects", type=Path, required=True)
    parser.add_argument("--backgrounds", type=Path, nargs="+", required=True)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=128, help="pixels; 64 first: the number of steps is what counts there")
    parser.add_argument("--lr", type=float, default=2e-4)
    parser.add_argument("--sharpness", type=float, default=0.1,
                        help="weight of the L1 terms; with 1 it learns flat grey first")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--start", type=Path, help="an exported model whose weights to begin with")
    parser.add_argument("--decoder-only", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    vae = make_vae().to("cuda" if torch.cuda.is_available() else "cpu")
    if (args.work / "vae.pt").exists():
        vae.load_state_dict(torch.load(args.work / "vae.pt", weights_only=True))
    elif args.start:
        vae.load_state_dict(load_file(args.start / "vae" / "diffusion_pytorch_model.safetensors"))
    if args.decoder_only:
        vae.encoder.requires_grad_(False)
        vae.quant_conv.requires_grad_(False)
    if not torch.cuda.is_available():
        vae.share_memory()
    optimizer = shared_training.SharedAdamW(
        {key: value for key, value in vae.named_parameters() if value.requires_grad}, average_decay=0.99, betas=(0.9, 0.995),
        share=not torch.cuda.is_available())
    shared_training.run(worker, args.processes, args, vae, optimizer)
    save(args, vae, optimizer)
    print("done", int(optimizer.count), flush=True)


if __name__ == "__main__":
    main()

"""The starter's VAE: diffusers' AutoencoderKL, small, 8 pixels of side to 1 latent, 4 latent channels."""

import torch
from diffusers import AutoencoderKL
from diffusers.models.attention_processor import Attention
from diffusers.models.resnet import Downsample2D, ResnetBlock2D, Upsample2D

CONFIG = dict(
    in_channels=3,
    out_channels=3,
    latent_channels=4,
    sample_size=256,
    block_out_channels=(16, 32, 64, 128),
    layers_per_block=1,
    # 8 channels per group if there are 16. In groups of 2, colours could not pass: a normalised pair is always ±1.
    norm_num_groups=2,
    down_block_types=("DownEncoderBlock2D",) * 4,
    up_block_types=("UpDecoderBlock2D",) * 4,
    scaling_factor=1.0,
)
# The pipeline samples the masked image's latents: a deviation of 0.05 is negligible next to their own of 0.5.
LOG_VARIANCE = -6.0
COLOURS = 3  # channels 0…2 carry the colours
CONSTANTS = {3: 1.0, 4: -1.0}  # channels of these signs carry a constant
LEVEL = 3.0  # its size
LIFT = 3.5  # added before SiLU, which passes such values nearly unchanged


def make_vae() -> AutoencoderKL:
    """An untrained autoencoder that already passes the mean colour of each 8 x 8 pixels, in latents 0…2.

    From a random start it spends its first few thousand steps learning that colours matter, because the normalisations
    remove them. Here channels 3 and 4 hold a constant so large that normalising their group only scales it, the
    residual branches start at zero, and what remains is averaging and repeating. Everything else starts at random.
    """
    vae = AutoencoderKL(**CONFIG)
    with torch.no_grad():
        for module in vae.modules():
            if isinstance(module, ResnetBlock2D):
                zero(module.conv2)
                if module.conv_shortcut is not None:
                    pass_through(module.conv_shortcut)
            elif isinstance(module, Attention):
                zero(module.to_out[0])
            elif isinstance(module, Downsample2D):
                pass_through(module.conv, (slice(0, 2), slice(0, 2)), 0.25)
            elif isinstance(module, Upsample2D):
                pass_through(module.conv)
        for half in (vae.encoder, vae.decoder):
            pass_through(half.conv_in)
            for channel, sign in CONSTANTS.items():
                half.conv_in.weight[channel] = 0
                half.conv_in.bias[channel] = sign * LEVEL
            group = half.conv_norm_out.num_channels // CONFIG["norm_num_groups"]
            deviation = LEVEL * (len(CONSTANTS) / group) ** 0.5
            half.conv_norm_out.bias[:COLOURS] = LIFT
            # SiLU near LIFT is value + slope · difference; conv_out undoes both.
            sigmoid = torch.sigmoid(torch.tensor(LIFT)).item()
            value, slope = LIFT * sigmoid, sigmoid * (1 + LIFT * (1 - sigmoid))
            pass_through(half.conv_out, gain=deviation / slope)
            half.conv_out.bias[:COLOURS] = -value * deviation / slope
        for convolution in (vae.quant_conv, vae.post_quant_conv):
            pass_through(convolution)
        vae.quant_conv.weight[4:] = 0  # rows 4…7 give the log variance
        vae.quant_conv.bias[4:] = LOG_VARIANCE
    return vae


def zero(layer: torch.nn.Module) -> None:
    layer.weight.zero_()
    layer.bias.zero_()


def pass_through(convolution: torch.nn.Conv2d, taps=None, gain: float = 1.0) -> None:
    """Rows of the colours' and the constants' channels copy their channel; other rows keep a third of their start."""
    size = convolution.kernel_size[0]
    taps = taps or (size // 2, size // 2)
    rows = min(COLOURS + len(CONSTANTS), convolution.out_channels)
    convolution.weight *= 0.3
    convolution.weight[:rows] *= 0.1
    for channel in range(min(rows, convolution.in_channels)):
        if channel < COLOURS or convolution.out_channels > 8:
            convolution.weight[channel] = 0
            convolution.weight[(channel, channel, *taps)] = gain
    convolution.bias.zero_()

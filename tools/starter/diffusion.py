"""The denoising half of the starter: text encoder, UNet, noise schedule. Shapes in latents are [B, C, 32, 32]."""

import torch
from diffusers import Transformer2DModel, UNet2DConditionModel
from diffusers.models.resnet import ResnetBlock2D
from transformers import CLIPTextConfig, CLIPTextModel

TEXT_WIDTH = 128
TRAIN_STEPS = 1000

TEXT_CONFIG = dict(
    vocab_size=49408, hidden_size=TEXT_WIDTH, intermediate_size=4 * TEXT_WIDTH, num_hidden_layers=2,
    num_attention_heads=4, max_position_embeddings=77, hidden_act="quick_gelu", layer_norm_eps=1e-5,
    projection_dim=TEXT_WIDTH, bos_token_id=49406, eos_token_id=49407, pad_token_id=49407,
)
# Attention only at 16 x 16 and 8 x 8 latents: at 32 x 32 it would cost more than all else together on a CPU.
UNET_CONFIG = dict(
    sample_size=32, in_channels=9, out_channels=4, block_out_channels=(64, 96, 192), layers_per_block=1,
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    cross_attention_dim=TEXT_WIDTH, attention_head_dim=6, norm_num_groups=32,
)
# Stable Diffusion's noise schedule, with v as the target: large shapes, decided at high noise, weigh more than with
# epsilon, and guidance stays stable there.
SCHEDULE = dict(
    num_train_timesteps=TRAIN_STEPS, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
    prediction_type="v_prediction",
)


def make_text_encoder(vocab_size: int = TEXT_CONFIG["vocab_size"]) -> CLIPTextModel:
    """Training uses a table of fewer tokens, see CompactVocabulary. Special ids: the compact table's are its own."""
    return CLIPTextModel(CLIPTextConfig(**{**TEXT_CONFIG, "vocab_size": vocab_size}))


def make_unet() -> UNet2DConditionModel:
    unet = UNet2DConditionModel(**UNET_CONFIG)
    with torch.no_grad():
        # Residual branches start at nothing, as in the original diffusion UNets: training starts faster.
        lasts = [module.conv2 for module in unet.modules() if isinstance(module, ResnetBlock2D)]
        lasts += [module.proj_out for module in unet.modules() if isinstance(module, Transformer2DModel)]
        for module in [*lasts, unet.conv_out]:
            module.weight.zero_()
            module.bias.zero_()
    return unet


def alphas_cumprod() -> torch.Tensor:
    """[1000] float32: the share of the signal's power left at each timestep."""
    betas = torch.linspace(SCHEDULE["beta_start"]**0.5, SCHEDULE["beta_end"]**0.5, TRAIN_STEPS, dtype=torch.float64)**2
    return torch.cumprod(1 - betas, 0).float()

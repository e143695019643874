"""The denoising half of the starter: text encoder, UNet, noise schedule. Shapes in latents are [B, C, 32, 32]."""

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.resnet import ResnetBlock2D
from transformers import CLIPTextConfig, CLIPTextModel

TEXT_WIDTH = 128
TRAIN_STEPS = 1000
FLAG = 8.0  # channel 0 of a concept's word; its other channels have deviation 1.2
SLOTS = slice(1, 33)  # channels of the position embedding
GRID = 7  # the last GRID * GRID positions hold the named thing's picture, see train_text.py

TEXT_CONFIG = dict(
    vocab_size=49408, hidden_size=TEXT_WIDTH, intermediate_size=8 * TEXT_WIDTH, num_hidden_layers=3,
    num_attention_heads=4, max_position_embeddings=77, hidden_act="quick_gelu", layer_norm_eps=1e-5,
    projection_dim=TEXT_WIDTH, bos_token_id=49406, eos_token_id=49407, pad_token_id=49407,
)
# Attention only on the way up, at 8 x 8 and 16 x 16 latents: at 32 x 32 it would cost more than all else together on a
# CPU, and on the way down a pixel does not know its place in the mask yet, by which it picks from the text.
UNET_CONFIG = dict(
    sample_size=32, in_channels=9, out_channels=4, block_out_channels=(40, 80, 160), layers_per_block=1,
    down_block_types=("DownBlock2D",) * 3,
    up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    cross_attention_dim=TEXT_WIDTH, attention_head_dim=8,
    # At least 10 channels a group, as in Stable Diffusion. With 32 groups, pairs, a thousand steps left noise.
    norm_num_groups=4,
)
# Far noisier than Stable Diffusion's schedule (0.00085 to 0.012): above timestep 60 next to no signal is left, and the
# last step of 30 still starts from 92 % noise. The model thus draws what the text says in one or two steps' worth of
# denoising and repeats it in the others. With Stable Diffusion's schedule this little training (some 60,000 samples)
# leaves the middle noise levels unlearnt and images are coloured noise; README.md says how to go back to it with a GPU.
SCHEDULE = dict(
    num_train_timesteps=TRAIN_STEPS, beta_start=0.08, beta_end=0.0001, beta_schedule="scaled_linear",
    prediction_type="v_prediction",
)


# transformers 4 keeps the encoder's layers in a part of this name, transformers 5 has them at the top. Checkpoints, and all
# files here, have the name.
PART = "text_model."


def classic_keys(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A text encoder's weights under the keys of checkpoints, whatever the library calls them."""
    return {key if key.startswith(PART) else PART + key: value for key, value in state.items()}


def load_classic(text_encoder: CLIPTextModel, state: dict[str, torch.Tensor]) -> None:
    """Loads weights under the keys of checkpoints. Position ids aren't weights: they may be missing or there."""
    own = {key if key.startswith(PART) else PART + key: key for key in text_encoder.state_dict()}
    known = {own[key]: value for key, value in state.items() if key in own}
    missing = [key for key in own if not key.endswith("position_ids") and key not in state]
    if missing:
        raise KeyError(f"the text encoder's weights lack {missing}")
    text_encoder.load_state_dict(known, strict=False)


def make_text_encoder(vocab_size: int = TEXT_CONFIG["vocab_size"]) -> CLIPTextModel:
    """Training uses a smaller token table, see CompactVocabulary, which has its own special ids."""
    return CLIPTextModel(CLIPTextConfig(**{**TEXT_CONFIG, "vocab_size": vocab_size}))


@torch.no_grad()
def point_at_names(text_encoder: CLIPTextModel, concept_of: dict[int, int]) -> None:
    """Initializes the text encoder so that each position after a concept's word says something different about that word.

    From a random start the concept is one token of 77, and a thousand steps pass before the UNet listens to it
    (measured: the loss under another image's prompt was the same). Here channel 0 of the embedding flags words of
    concepts' names, the first layer's keys read the flag, its queries are constant, and its values copy the word: the
    many padding positions all know the concept. `concept_of` maps the tokens of concepts' names
    to the concepts' indices. Channels 1…32 hold the position and the others the word; random
    features of both, in the layers' own MLPs, make each position's state a different view of the concept, which the
    UNet's pixels can choose from by position. With equal states they can only tell its mean colour (measured too).
    """
    model = getattr(text_encoder, "text_model", text_encoder)
    table = model.embeddings.token_embedding.weight
    table.normal_(0, 0.02)
    words = 1.2 * torch.randn(max(concept_of.values()) + 1, TEXT_WIDTH)
    words[:, 0] = FLAG
    words[:, SLOTS] = 0
    for token, concept in concept_of.items():
        table[token] = words[concept]  # synonyms start as one
    positions = model.embeddings.position_embedding.weight
    positions.normal_(0, 0.01)
    positions[:, SLOTS] = 1.2 * torch.randn(positions.shape[0], SLOTS.stop - SLOTS.start)
    positions[-GRID * GRID:, SLOTS] = grid_codes()
    first = model.encoder.layers[0].self_attn
    head = TEXT_WIDTH // TEXT_CONFIG["num_attention_heads"]
    first.q_proj.weight.mul_(0.1)
    first.q_proj.bias.fill_(1.0)
    first.k_proj.weight.mul_(0.1)
    # The normalised flag is about 5; the score is head · 1 · key / sqrt(head): 8 more than any other word's.
    first.k_proj.weight[:, 0] = 8 / (5 * head**0.5)
    for projection in (first.v_proj, first.out_proj):
        projection.weight.copy_(torch.eye(TEXT_WIDTH))
        projection.bias.zero_()
    # The flag would shrink all else in the next normalisation; the word's own position says nothing.
    first.v_proj.weight[:SLOTS.stop] = 0
    for layer in model.encoder.layers:
        layer.mlp.fc1.weight.normal_(0, 0.125)
        layer.mlp.fc2.weight.normal_(0, 0.04)


def grid_codes() -> torch.Tensor:
    """[49, 32]: waves over the 7 x 7 grid of train_text.py, so that neighbouring cells have similar codes.

    A pixel of the UNet that knows roughly where it is in the mask then attends to roughly the right cells, and can get
    better at it step by step; with random codes, no place was better than any other (measured).
    """
    axis = torch.linspace(-1, 1, GRID) * torch.pi / 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    waves = lambda t, k: (torch.sin(k * t), torch.cos(k * t))  # noqa: E731
    codes = [wave for k in (1, 2, 3, 4) for t in (y, x) for wave in waves(t, k)]
    codes += [a * b for k, m in ((1, 1), (2, 2), (1, 2), (2, 1)) for a in waves(y, k) for b in waves(x, m)]
    codes = torch.stack([code.flatten() for code in codes], 1)
    codes = codes - codes.mean(0)
    return 1.2 * codes / codes.std(0)


def make_unet() -> UNet2DConditionModel:
    unet = UNet2DConditionModel(**UNET_CONFIG)
    with torch.no_grad():
        # Convolutions' residual branches start at zero, as in the original diffusion UNets. Those of transformers don't:
        # the text has no other way in.
        lasts = [module.conv2 for module in unet.modules() if isinstance(module, ResnetBlock2D)]
        for module in [*lasts, unet.conv_out]:
            module.weight.zero_()
            module.bias.zero_()
    return unet


@torch.no_grad()
def point_at_cells(unet: UNet2DConditionModel, states: torch.Tensor) -> None:
    """Initializes the UNet's cross-attention with keys that say where on the grid a position is.

    `states` [B, 77, width] are a trained text encoder's (train_text.py) for some prompts: the keys are the linear map
    that reads the lowest waves of grid_codes() from them best. Queries and values are learnt.
    """
    cells = states[:, -GRID * GRID:].reshape(-1, states.shape[-1]).double()
    codes = grid_codes().double().repeat(len(states), 1)
    read = torch.linalg.lstsq(cells, codes).solution.float()  # [width, 32]
    for name, module in unet.named_modules():
        if name.endswith(".attn2"):
            size = module.to_k.weight.shape[0] // module.heads
            module.to_k.weight.copy_(read[:, :size].T.repeat(module.heads, 1))
    explained = 1 - (cells.float() @ read - codes.float()).var(0) / codes.float().var(0)
    print("keys explain of the grid's waves:", [round(value, 2) for value in explained.tolist()], flush=True)


def alphas_cumprod() -> torch.Tensor:
    """[1000] float32: the share of the signal's power left at each timestep."""
    betas = torch.linspace(SCHEDULE["beta_start"]**0.5, SCHEDULE["beta_end"]**0.5, TRAIN_STEPS, dtype=torch.float64)**2
    return torch.cumprod(1 - betas, 0).float()

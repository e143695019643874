"""Embeddings of long and weighted prompts, for pipelines of diffusers that take `prompt_embeds`.

A second implementation of src/pipeline/conditioning/promptEmbeddings.ts, from the description of AUTOMATIC1111's web UI:
rows of 75 tokens, each encoded separately; hidden states times the weights of their tokens; each row scaled back to its
former mean, unless that change is outside the range of the weights. Prompts are already split into parts, so that the
tests also check the parser.
"""

import torch


def rows_of(tokenizer, parts):
    """[(75 or fewer ids, their weights)]; one part at least."""
    ids, weights = [], []
    for text, weight in parts:
        own = tokenizer(text, add_special_tokens=False).input_ids
        ids += own
        weights += [weight] * len(own)
    cuts = range(0, max(len(ids), 1), 75)
    return [(ids[cut : cut + 75], weights[cut : cut + 75]) for cut in cuts]


def encode(tokenizer, encoder, rows, is_xl):
    """Hidden states [1, 77 · rows, width], and the first element of the encoder's output for the first row."""
    states, first = [], None
    for ids, weights in rows:
        filled = [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id]
        filled += [tokenizer.pad_token_id] * (77 - len(filled))
        output = encoder(torch.tensor([filled]), output_hidden_states=True)
        first = output[0] if first is None else first
        row = (output.hidden_states[-2] if is_xl else output.last_hidden_state).double()
        if any(weight != 1 for weight in weights):
            factors = torch.ones(77, dtype=torch.float64)
            factors[1 : 1 + len(weights)] = torch.tensor(weights, dtype=torch.float64)
            weighted = row * factors[None, :, None]
            change = (weighted.mean() / row.mean()).item()
            low, high = factors.min().item(), factors.max().item()
            row = weighted / change if low <= change <= high and change > 0 else weighted
            print(f"  mean changes by {change:.4f}, weights {low:.3g} to {high:.3g}")
        states.append(row.float())
    return torch.cat(states, dim=1), first


@torch.no_grad()
def embed(pipe, positive, negative):
    """Keyword arguments for the pipeline. A prompt is [(text, weight), …]; None: zeros, as SDXL has it."""
    is_xl = hasattr(pipe, "text_encoder_2")
    pairs = [(pipe.tokenizer, pipe.text_encoder)]
    if is_xl:
        pairs.append((pipe.tokenizer_2, pipe.text_encoder_2))
    prompts = [positive] if negative is None else [positive, negative]
    rows = [[rows_of(tokenizer, parts) for tokenizer, _ in pairs] for parts in prompts]
    longest = max(len(own) for prompt in rows for own in prompt)
    results = []
    for prompt in rows:
        encoded = [
            encode(tokenizer, encoder, own + [([], [])] * (longest - len(own)), is_xl)
            for (tokenizer, encoder), own in zip(pairs, prompt)
        ]
        results.append((torch.cat([states for states, _ in encoded], dim=-1), encoded[-1][1]))
    if negative is None:
        results.append(tuple(torch.zeros_like(tensor) for tensor in results[0]))
    arguments = {"prompt_embeds": results[0][0], "negative_prompt_embeds": results[1][0]}
    if is_xl:
        arguments |= {"pooled_prompt_embeds": results[0][1], "negative_pooled_prompt_embeds": results[1][1]}
    return arguments

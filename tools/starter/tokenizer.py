"""CLIP's tokenizer files (vocab.json, merges.txt, configs) from open_clip_torch's bpe_simple_vocab_16e6.txt.gz (MIT).

    python tools/starter/tokenizer.py OUT_DIR
Where open_clip is not installed, they are copied from the committed model.
"""

import gzip
import json
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

MERGES = 49152 - 256 - 2  # CLIP keeps this many lines of the file, its first line being a header


COMMITTED = Path(__file__).resolve().parents[2] / "public" / "models" / "starter" / "tokenizer"


def byte_symbols() -> list[str]:
    """GPT-2's printable stand-ins of the 256 bytes, in the order CLIP numbers them."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(len(others))]


def write_tokenizer(out: Path) -> None:
    open_clip = find_spec("open_clip")
    if open_clip is None:
        shutil.copytree(COMMITTED, out, dirs_exist_ok=True)
        return
    source = Path(open_clip.origin).parent / "bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.open(source, "rt", encoding="utf-8").read().split("\n")
    merges = lines[1:MERGES + 1]
    symbols = byte_symbols()
    tokens = symbols + [symbol + "</w>" for symbol in symbols] + ["".join(merge.split()) for merge in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    if len(vocabulary) != 49408:
        raise ValueError(f"the vocabulary has {len(vocabulary)} tokens, CLIP's has 49408")

    out.mkdir(parents=True, exist_ok=True)
    (out / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    (out / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")

    def special(content: str) -> dict:
        return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}

    start, end = special("<|startoftext|>"), special("<|endoftext|>")
    (out / "tokenizer_config.json").write_text(json.dumps({
        "add_prefix_space": False,
        # If they are listed, no other file is requested.
        "added_tokens_decoder": {
            str(vocabulary[token["content"]]): {**token, "special": True} for token in (start, end)
        },
        "bos_token": {"__type": "AddedToken", **start}, "do_lower_case": True,
        "eos_token": {"__type": "AddedToken", **end}, "errors": "replace", "model_max_length": 77,
        "pad_token": "<|endoftext|>", "tokenizer_class": "CLIPTokenizer",
        "unk_token": {"__type": "AddedToken", **end},
    }, indent=2) + "\n")
    (out / "special_tokens_map.json").write_text(json.dumps(
        {"bos_token": start, "eos_token": end, "pad_token": "<|endoftext|>", "unk_token": end}, indent=2) + "\n")


if __name__ == "__main__":
    write_tokenizer(Path(sys.argv[1]))

"""Token ids of transformers' CLIPTokenizer (the slow one, which diffusers loads), without ftfy.

    python tools/goldens/tokens.py            # writes goldens/values/tokens.json, clip-merges.txt.gz

The vocabulary is CLIP's own: its merges come from the open_clip package (MIT); vocab.json follows from them by
CLIP's rule, so only the merges are kept.
"""

import gzip
import json
import tempfile
from importlib.util import find_spec
from pathlib import Path

import transformers
from models import byte_symbols
from transformers import CLIPTokenizer

ROOT = Path(__file__).resolve().parents[2] / "goldens"
PROMPTS = [
    "", " ", "a photo of a cat", "A Photo  of\ta\nCAT", "a cat, sitting on a bench; 4k, ultra-detailed!!!",
    "it's we're they'll I'd you've I'm don't", "12345 3.14 2nd 50% #1 @home", "café naïve Ångström e\u0301",
    "ИНТЕРЬЕР кухни", "猫と犬が好きです", "中文 提示词", "한국어 프롬프트", "🐱 🎉👍🏽 emoji❤️", "a (red:1.3) [ball] {x|y} <lora:z:1>",
    "“curly” ‘quotes’ – dashes — and…", "under_score snake_case kebab-case", "x" * 200, "a very long prompt about many things " * 20,
    "soft\u00adhyphen zero\u200bwidth bell\u0007 nbsp\u00a0space \ufffd", "ΣΊΣΥΦΟΣ İstanbul ﬁne ½ ²", "<|endoftext|>", "a <|startoftext|> b",
    "!!! ??? ... ,,, '''' \"\"", "masterpiece, best quality, (photorealistic:1.4), raw photo, 8k uhd, dslr, soft lighting, film grain",
    "deformed, ugly, low-res, bad anatomy, blurry, watermark", "\U0001F1E9\U0001F1EA flag", "a\u2028b\u3000c", "1girl", "'s 's's",
    "constructor toString __proto__ hasOwnProperty",
]  # fmt: skip


def write_vocabulary(folder):
    packed = (Path(find_spec("open_clip").origin).parent / "bpe_simple_vocab_16e6.txt.gz").read_bytes()
    merges = gzip.decompress(packed).decode("utf-8").split("\n")[1 : 49152 - 256 - 2 + 1]
    symbols = byte_symbols()
    tokens = symbols + [symbol + "</w>" for symbol in symbols]
    tokens += [merge.replace(" ", "") for merge in merges] + ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(tokens)}))
    text = "\n".join(["#version: 0.2", *merges, ""])
    (folder / "merges.txt").write_text(text, encoding="utf-8")
    (ROOT / "values" / "clip-merges.txt.gz").write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))


def trimmed(ids, pad):
    """Ids without the padding, which the test adds again."""
    ids = list(ids)
    while len(ids) > 2 and ids[-1] == pad and ids[-2] == pad:
        ids.pop()
    return ids


def main():
    cases = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_vocabulary(folder)
        for pad in ["<|endoftext|>", "!"]:
            tokenizer = CLIPTokenizer(
                folder / "vocab.json", folder / "merges.txt", pad_token=pad, model_max_length=77
            )
            assert tokenizer.fix_text is None, "ftfy is installed: its repairs are not what is recorded here"
            for prompt in PROMPTS if pad != "!" else PROMPTS[:5]:
                ids = tokenizer(prompt, padding="max_length", max_length=77, truncation=True).input_ids
                count = len(tokenizer(prompt, add_special_tokens=False).input_ids)
                case = {"text": prompt, "pad": pad, "count": count, "ids": trimmed(ids, tokenizer.pad_token_id)}
                cases.append(case)
    lines = ",\n  ".join(json.dumps(case, ensure_ascii=True) for case in cases)
    text = '{"transformers": "%s", "cases": [\n  %s\n]}\n' % (transformers.__version__, lines)
    (ROOT / "values" / "tokens.json").write_text(text)


if __name__ == "__main__":
    main()

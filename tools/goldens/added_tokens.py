"""Token ids of tokenizers with added tokens, by transformers' CLIPTokenizer (the slow one), for prompts converted by
diffusers' `maybe_convert_prompt`.

    python tools/goldens/added_tokens.py      # writes goldens/values/added-tokens.json; run it after models.py

The vocabulary is that of the tiny models (1000 tokens). Each form is a set of files that a tokenizer/ folder may hold
besides vocab.json and merges.txt.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

# If ftfy is installed, it repairs prompts. Inlay does not do that, so ftfy is switched off.
sys.modules["ftfy"] = None

import diffusers
import transformers
from diffusers.loaders import TextualInversionLoaderMixin
from transformers import AddedToken, CLIPTokenizer

ROOT = Path(__file__).resolve().parents[2] / "goldens"
BASE = ROOT / "models" / "sd15-inpaint" / "tokenizer"
PROMPTS = [
    "a photo of <my-toy>", "<my-toy>", "<my-toy><my-toy>, <my-toy>.", "a<my-toy>b", "a <MY-TOY> b", "<my-toy",
    "a <multi> in <multi>", "<multi>_2", "easynegative, EasyNegative, easynegative2", "<left>  x", "x  <left>",
    "x  <both>  y", "a<word>b, <word> c <word>.", "<word>", "<word> ", " <word>x", "<my-toy>-two <my-toy>-t", "<MY-toy> <Caps>",
    "<|endoftext|> a <|EndOfText|> <|startoftext|>", "a\t<my-toy>\n<multi> b", "", "é<my-toy>猫", "<left><word><both>", "special>a <special>",
    "<both> \u00a0 <both>", "<my-toy> " * 60,
]  # fmt: skip
PLAIN = ["<my-toy>", "<multi>", "<multi>_1", "<multi>_2", "easynegative", "<Caps>", "<my-toy>-two"]
FLAGGED = [
    AddedToken("<left>", lstrip=True, normalized=False),
    AddedToken("<both>", lstrip=True, rstrip=True),
    AddedToken("<word>", single_word=True),
]


def files_of(folder):
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())
            if path.name not in ("vocab.json", "merges.txt")}  # fmt: skip


def forms(folder):
    """Yields the folder in each form, under the form's name."""
    tokenizer = CLIPTokenizer.from_pretrained(BASE)
    tokenizer.add_tokens(PLAIN)
    tokenizer.add_tokens(FLAGGED)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<special>"]})
    tokenizer.save_pretrained(folder)
    yield "decoder in the configuration"

    config = json.loads((folder / "tokenizer_config.json").read_text())
    listed = config.pop("added_tokens_decoder")
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    yield "added_tokens.json"

    # As the `tokenizers` library lists them.
    (folder / "added_tokens.json").unlink()
    added = [{"id": int(index), **{key: value for key, value in token.items()}} for index, token in listed.items()]
    vocabulary = json.loads((folder / "vocab.json").read_text())
    merges = (folder / "merges.txt").read_text().strip().split("\n")[1:]
    whole = {"added_tokens": added, "model": {"type": "BPE", "vocab": vocabulary, "merges": merges}}
    (folder / "tokenizer.json").write_text(json.dumps(whole, ensure_ascii=False))
    yield "tokenizer.json"

    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "pad_token": "!"}))
    (folder / "special_tokens_map.json").write_text(json.dumps({"pad_token": "<my-pad>"}))
    (folder / "added_tokens.json").write_text(json.dumps({"<my-toy>": 1000, "<my-pad>": 1003}))
    yield "a pad token of its own"


def main():
    records = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(BASE, folder, dirs_exist_ok=True)
        for form in forms(folder):
            tokenizer = CLIPTokenizer.from_pretrained(folder)
            cases = []
            for prompt in PROMPTS:
                converted = TextualInversionLoaderMixin().maybe_convert_prompt(prompt, tokenizer)
                ids = tokenizer(converted, padding="max_length", max_length=77, truncation=True).input_ids
                while len(ids) > 2 and ids[-1] == ids[-2] == tokenizer.pad_token_id:
                    ids.pop()
                cases.append({"text": prompt, "ids": ids})
            files = files_of(folder)
            # The test adds vocabulary and merges again.
            if "tokenizer.json" in files:
                files["tokenizer.json"] = json.dumps({"added_tokens": json.loads(files["tokenizer.json"])["added_tokens"]})
            records.append({"form": form, "pad": tokenizer.pad_token_id, "files": files, "cases": cases})
    text = ",\n  ".join(json.dumps(record, ensure_ascii=True) for record in records)
    about = f'"transformers": "{transformers.__version__}", "diffusers": "{diffusers.__version__}"'
    (ROOT / "values" / "added-tokens.json").write_text(f'{{{about}, "forms": [\n  {text}\n]}}\n')


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes expected-tokens.json: what llama.cpp makes of strings.json.

Needs llama-cpp-python and gguf. Special tokens are parsed, none are added. The vocabularies are those
beside this script and in Models, as they are or with some metadata changed; of the strings every
fourth or sixth is taken where many vocabularies test the same code. Usage: make-expected-tokens.py
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent.parent
sys.path.insert(0, str(ROOT / "Benchmarks/tokenizers"))
from compare import Peer, rewritten  # noqa: E402

GPT2 = HERE / "byte-level-gpt2.gguf"
RULES = ["qwen2", "qwen35", "tekken", "gpt-4o", "deepseek-llm", "deepseek-coder", "deepseek-v3", "falcon", "seed-coder",
         "ufakzeka", "minicpm5", "laguna", "bloom", "viking", "superbpe"]

if __name__ == "__main__":
    strings = json.loads((HERE / "strings.json").read_text())
    vocabularies = {
        "reader": (ROOT / "Models/reader.gguf", {}, 1),
        "embedding": (ROOT / "Models/embedding.gguf", {}, 1),
        "llama-bpe": (HERE / "byte-level-llama.gguf", {}, 1),
        "gpt-2": (GPT2, {}, 1),
        "smollm": (GPT2, {"tokenizer.ggml.pre": "smollm"}, 4),
        "default": (GPT2, {"tokenizer.ggml.pre": "default"}, 4),
        "sentencepiece": (HERE / "sentencepiece.gguf", {}, 1),
        "sentencepiece-bare": (HERE / "sentencepiece.gguf", {"tokenizer.ggml.add_space_prefix": False}, 4),
        "characters": (HERE / "characters.gguf", {}, 1),
        "unigram": (HERE / "unigram.gguf", {}, 1),
        "unigram-bare": (HERE / "unigram.gguf", {
            "tokenizer.ggml.add_space_prefix": False, "tokenizer.ggml.remove_extra_whitespaces": False,
            "tokenizer.ggml.precompiled_charsmap": None}, 4),
        "wordpiece": (HERE / "wordpiece.gguf", {}, 1),
        "wordpiece-cased": (HERE / "wordpiece.gguf", {"tokenizer.ggml.normalizer.lowercase": False}, 4),
    }
    for rule in RULES:
        vocabularies[rule] = (GPT2, {"tokenizer.ggml.pre": rule}, 6)
    expected = {}
    for index, (name, (path, changes, step)) in enumerate(vocabularies.items()):
        peer = Peer(rewritten(path, changes) if changes else path)
        first = index % step
        expected[name] = {"first": first, "step": step,
                          "tokens": [peer.encode(text, False, True) for text in strings[first::step]]}
    (HERE / "expected-tokens.json").write_text(json.dumps(expected, separators=(",", ":")))

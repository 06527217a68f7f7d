#!/usr/bin/env python3
"""Writes recipes.json beside this script: the types that llama_model_quantize gives every tensor.

The models have the names and row lengths of real ones and two rows in each matrix. Needs numpy, gguf
and llama-cpp-python.
"""

import json
import pathlib
import tempfile

import gguf
import llama_cpp
import numpy as np

HERE = pathlib.Path(__file__).parent
RECIPES = {
    "F32": 0, "F16": 1, "BF16": 32, "Q8_0": 7, "Q4_0": 2, "Q4_1": 3, "Q5_0": 8, "Q5_1": 9,
    "IQ4_NL": 25, "Q2_K": 10, "Q3_K_S": 11, "Q3_K_M": 12, "Q3_K_L": 13, "Q4_K_S": 14,
    "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18,
}
DECODER = ["attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate",
           "ffn_up", "ffn_down"]
FUSED = ["attn_norm", "attn_qkv", "attn_output", "ffn_norm", "ffn_up", "ffn_down"]
ENCODER = ["attn_q", "attn_k", "attn_v", "attn_output", "attn_output_norm", "ffn_up", "ffn_down",
           "layer_output_norm"]
LETTERS = {
    "F32": "F", "F16": "H", "BF16": "B", "Q8_0": "8", "Q4_0": "a", "Q4_1": "b", "Q5_0": "c",
    "Q5_1": "d", "Q2_K": "2", "Q3_K": "3", "Q4_K": "4", "Q5_K": "5", "Q6_K": "6", "IQ4_NL": "n",
}
SHORT = ["attn_k", "attn_v", "ffn_down"]
MODELS = [
    ("llama", 16, 8, 8, 256, False, DECODER), ("llama", 16, 8, 2, 256, True, DECODER),
    ("llama", 10, 4, 4, 288, True, DECODER), ("llama", 80, 64, 8, 256, False, SHORT),
    ("phi3", 12, 8, 8, 256, False, FUSED), ("bert", 6, 12, 12, 384, True, ENCODER),
    ("llama", 4, 5, 5, 100, False, DECODER),
]


def tensors(architecture, layers, width, tied, parts):
    names = [("token_embd.weight", 2)]
    if architecture == "bert":
        names += [("position_embd.weight", 2), ("token_types.weight", 2),
                  ("token_embd_norm.weight", 1)]
    else:
        names += [("output_norm.weight", 1)]
    if not tied:
        names.append(("output.weight", 2))
    for layer in range(layers):
        for part in parts:
            names.append((f"blk.{layer}.{part}.weight", 1 if part.endswith("norm") else 2))
    return names


def write(path, architecture, layers, heads, kv_heads, width, tied, parts):
    w = gguf.GGUFWriter(path, architecture)
    w.add_block_count(layers)
    w.add_context_length(128)
    w.add_embedding_length(width)
    w.add_feed_forward_length(width)
    w.add_head_count(heads)
    w.add_head_count_kv(kv_heads)
    w.add_vocab_size(2)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_layer_norm_eps(1e-5)
    if architecture == "bert":
        w.add_causal_attention(False)
    for name, dimensions in tensors(architecture, layers, width, tied, parts):
        shape = (2, width) if dimensions == 2 else (width,)
        w.add_tensor(name, np.ones(shape, np.float16 if dimensions == 2 else np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def types(source, target, file_type):
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = file_type
    params.nthread = 1
    params.allow_requantize = True
    if llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), params) != 0:
        raise SystemExit(f"llama.cpp refuses {source} as {file_type}")
    return {t.name: t.tensor_type.name for t in gguf.GGUFReader(target).tensors}


def main():
    golden = []
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder) / "a.gguf", pathlib.Path(folder) / "b.gguf"
        for model in MODELS:
            architecture, layers, heads, kv_heads, width, tied, parts = model
            write(source, *model)
            names = tensors(architecture, layers, width, tied, parts)
            matrices = [name for name, dimensions in names if dimensions == 2]
            chosen = {}
            for recipe, file_type in RECIPES.items():
                found = types(source, target, file_type)
                assert all(found[n] == "F32" for n in found if n not in matrices), "a norm changed"
                chosen[recipe] = "".join(LETTERS[found[name]] for name in matrices)
            golden.append({
                "architecture": architecture, "layers": layers, "heads": heads,
                "keyValueHeads": kv_heads, "width": width, "matrices": " ".join(matrices),
                "types": chosen})
    letters = {letter: name for name, letter in LETTERS.items()}
    text = json.dumps({"letters": letters, "models": golden}, indent=1)
    (HERE / "recipes.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

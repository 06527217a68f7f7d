#!/usr/bin/env python3
"""Asks llama.cpp for the logits of the tiny models and writes tiny-golden.json beside this script.

Needs llama-cpp-python. The key-value cache is float32 and flash attention is off; weights that are
quantised still meet activations that llama.cpp quantises in its own way, so compare with a
tolerance. `reference` holds float64 logits of the dequantised weights, in which only keys and values
are rounded, to the float16 in which this engine stores them.
"""

import json
import pathlib

import gguf
import llama_cpp
import numpy as np

HERE = pathlib.Path(__file__).parent
TOKENS = [1, 260, 263, 270, 259, 299, 3, 130, 258, 262, 262, 262, 281, 274, 290, 265, 268, 40, 77,
          200, 259, 261, 285, 264]
ROWS = [0, 7, 15, 21, 22, 23]
NAMES = ["tiny-q8_0", "tiny-q4_0", "tiny-f16", "tiny-bf16", "tiny-mixed", "tiny-odd"]


def llama_cpp_logits(path):
    mp = llama_cpp.llama_model_default_params()
    mp.n_gpu_layers = 0
    mp.use_mmap = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), mp)
    cp = llama_cpp.llama_context_default_params()
    cp.n_ctx = 64
    cp.n_batch = cp.n_ubatch = 64
    cp.n_threads = cp.n_threads_batch = 1
    cp.type_k = cp.type_v = 0
    cp.flash_attn_type = 0
    context = llama_cpp.llama_init_from_model(model, cp)
    batch = llama_cpp.llama_batch_init(len(TOKENS), 0, 1)
    batch.n_tokens = len(TOKENS)
    for i, token in enumerate(TOKENS):
        batch.token[i] = token
        batch.pos[i] = i
        batch.n_seq_id[i] = 1
        batch.seq_id[i][0] = 0
        batch.logits[i] = 1
    assert llama_cpp.llama_decode(context, batch) == 0
    n = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    return np.stack([
        np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, i), (n,)).copy()
        for i in range(len(TOKENS))
    ])


def reference_logits(path):
    """The plain definition in float64, with rotary pairs (2i, 2i + 1)."""
    r = gguf.GGUFReader(path)
    t = {x.name: gguf.quants.dequantize(x.data, x.tensor_type).astype(np.float64) for x in r.tensors}
    field = lambda k: r.fields["llama." + k].contents()
    heads, kv_heads = field("attention.head_count"), field("attention.head_count_kv")
    size, layers = field("attention.key_length"), field("block_count")
    n = len(TOKENS)
    angle = np.outer(np.arange(n), field("rope.freq_base") ** (-np.arange(0, size, 2) / size))

    def norm(x, w):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * w

    def rotate(x):
        a, b = x[..., 0::2], x[..., 1::2]
        c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
        return np.stack([a * c - b * s, a * s + b * c], -1).reshape(x.shape)

    x = t["token_embd.weight"][TOKENS]
    for i in range(layers):
        p = f"blk.{i}."
        h = norm(x, t[p + "attn_norm.weight"])
        q = rotate((h @ t[p + "attn_q.weight"].T).reshape(n, heads, size))
        k = rotate((h @ t[p + "attn_k.weight"].T).reshape(n, kv_heads, size))
        v = (h @ t[p + "attn_v.weight"].T).reshape(n, kv_heads, size)
        k, v = (y.astype(np.float16).astype(np.float64) for y in (k, v))
        k, v = (np.repeat(y, heads // kv_heads, axis=1) for y in (k, v))
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(size)
        scores = np.where(np.tril(np.ones((n, n), bool)), scores, -np.inf)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        x = x + np.einsum("hqk,khd->qhd", scores, v).reshape(n, -1) @ t[p + "attn_output.weight"].T
        h = norm(x, t[p + "ffn_norm.weight"])
        gate, up = h @ t[p + "ffn_gate.weight"].T, h @ t[p + "ffn_up.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ t[p + "ffn_down.weight"].T
    x = norm(x, t["output_norm.weight"])
    return x @ t.get("output.weight", t["token_embd.weight"]).T


if __name__ == "__main__":
    models = {}
    for name in NAMES:
        path = HERE / f"{name}.gguf"
        peer, exact = llama_cpp_logits(path), reference_logits(path)
        print(name, "largest difference", abs(peer - exact).max(), "logits up to", abs(exact).max())
        rows = lambda m: [[round(float(v), 5) for v in m[i]] for i in ROWS]
        models[name] = {"llamaCpp": rows(peer), "reference": rows(exact)}
    golden = {"tokens": TOKENS, "rows": ROWS, "models": models}
    (HERE / "tiny-golden.json").write_text(json.dumps(golden, separators=(",", ":")))

#!/usr/bin/env python3
"""Computes logits of the family models at every position and writes family-golden.json.

Needs llama-cpp-python. Two oracles:

- `llamaCpp`: llama.cpp, CPU, one thread, float16 key-value cache, no flash attention. Matrices stored
  as F16 are given to it as F32 of the same values, because it rounds activations to a matrix's type.
- `reference`: the definition in float64, keys and values rounded to float16 as both engines store them.

Values are base64 of little-endian float32, row after row.
"""

import base64
import json
import pathlib
import tempfile

import gguf
import llama_cpp
import numpy as np

HERE = pathlib.Path(__file__).parent
TOKENS = [(i * 37 + 5) % 64 for i in range(24)]


@llama_cpp.llama_log_callback
def quiet(level, text, data):
    pass


def fields(path):
    r = gguf.GGUFReader(path)
    architecture = r.fields["general.architecture"].contents()
    prefix = architecture + "."
    values = {k[len(prefix):]: v.contents() for k, v in r.fields.items() if k.startswith(prefix)}
    return architecture, values, r.tensors


def as_float32(path, folder):
    """A copy whose F16 matrices are F32; the path itself where there are none."""
    r = gguf.GGUFReader(path)
    if all(t.tensor_type != gguf.GGMLQuantizationType.F16 for t in r.tensors):
        return path
    copy = pathlib.Path(folder) / path.name
    w = gguf.GGUFWriter(copy, r.fields["general.architecture"].contents())
    for key, field in r.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        w.add_key_value(key, field.contents(), field.types[0])
    for t in r.tensors:
        shape = [int(n) for n in reversed(t.shape)]
        w.add_tensor(t.name, np.array(t.data).astype(np.float32).reshape(shape))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    return copy


def llama_cpp_logits(path, context):
    mp = llama_cpp.llama_model_default_params()
    mp.n_gpu_layers, mp.use_extra_bufts = 0, False
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), mp)
    cp = llama_cpp.llama_context_default_params()
    cp.n_ctx = context
    cp.n_batch = cp.n_ubatch = 128
    cp.n_threads = cp.n_threads_batch = 1
    cp.flash_attn_type = 0
    session = llama_cpp.llama_init_from_model(model, cp)
    tokens = TOKENS[:context]
    batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
    batch.n_tokens = len(tokens)
    for i, token in enumerate(tokens):
        batch.token[i], batch.pos[i], batch.logits[i] = token, i, 1
        batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
    assert llama_cpp.llama_decode(session, batch) == 0
    rows = [
        np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(session, i), (64,)).copy()
        for i in range(len(tokens))
    ]
    llama_cpp.llama_free(session)
    llama_cpp.llama_model_free(model)
    return np.stack(rows)


class Reference:
    """A decoder's definition, written down from the papers and the models' own configurations."""

    def __init__(self, path, context, window=None):
        self.architecture, self.f, tensors = fields(path)
        self.w = {
            t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float64)
            for t in tensors
        }
        self.tokens = TOKENS[:context]
        self.context = context
        self.heads = self.f["attention.head_count"]
        self.kv_heads = self.f["attention.head_count_kv"]
        self.size = self.f["attention.key_length"]
        self.is_gemma = self.architecture.startswith("gemma")
        self.window = window or self.f.get("attention.sliding_window")

    def is_local(self, layer):
        if not self.window:
            return False
        if not self.is_gemma:
            return True
        period = self.f.get("attention.sliding_window_pattern", 2)
        return layer % period < period - 1

    def norm(self, x, name):
        if name not in self.w:
            return x
        eps = np.float64(np.float32(1e-6))
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * self.w[name]

    def rotate(self, x, layer):
        pairs = self.f.get("rope.dimension_count", self.size) // 2
        base, scale = self.f.get("rope.freq_base", 1e4), self.f.get("rope.scaling.factor", 1)
        if self.architecture == "gemma3" and self.is_local(layer):
            base, scale = 1e4, 1
        frequency = base ** (-np.arange(pairs) / pairs) / scale
        length = "long" if self.context > self.f.get(
            "rope.scaling.original_context_length", 512) else "short"
        for name in ("rope_freqs.weight", f"rope_factors_{length}.weight"):
            frequency = frequency / self.w.get(name, 1)
        angle = np.outer(np.arange(len(x)), frequency)[:, None]
        magnitude = self.f.get("rope.scaling.attn_factor", 1)
        c, s = magnitude * np.cos(angle), magnitude * np.sin(angle)
        y = x.copy()
        first, second = (
            (slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2)) if self.architecture == "llama"
            else (slice(0, pairs), slice(pairs, 2 * pairs)))
        y[..., first] = x[..., first] * c - x[..., second] * s
        y[..., second] = x[..., first] * s + x[..., second] * c
        return y

    def projections(self, h, block):
        counts = np.cumsum([self.heads * self.size] + [self.kv_heads * self.size] * 2)
        if block + "attn_qkv.weight" in self.w:
            parts = np.split(h @ self.w[block + "attn_qkv.weight"].T, counts[:2], axis=1)
        else:
            parts = [
                h @ self.w[f"{block}attn_{n}.weight"].T + self.w.get(f"{block}attn_{n}.bias", 0)
                for n in "qkv"
            ]
        return [p.reshape(len(h), -1, self.size) for p in parts]

    def attention(self, h, layer):
        block = f"blk.{layer}."
        q, k, v = self.projections(h, block)
        q = self.rotate(self.norm(q, block + "attn_q_norm.weight"), layer)
        k = self.rotate(self.norm(k, block + "attn_k_norm.weight"), layer)
        group = self.heads // self.kv_heads
        k, v = (np.repeat(y.astype(np.float16).astype(np.float64), group, axis=1) for y in (k, v))
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(self.size)
        cap = self.f.get("attn_logit_softcapping")
        if cap:
            scores = cap * np.tanh(scores / cap)
        distance = np.subtract.outer(np.arange(len(h)), np.arange(len(h)))
        seen = distance >= 0
        if self.is_local(layer):
            seen &= distance < self.window
        scores = np.where(seen, scores, -np.inf)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = np.einsum("hqk,khd->qhd", scores, v).reshape(len(h), -1)
        return mixed @ self.w[block + "attn_output.weight"].T

    def feed_forward(self, h, layer):
        block = f"blk.{layer}."
        if block + "ffn_gate.weight" in self.w:
            gate, up = (h @ self.w[f"{block}ffn_{n}.weight"].T for n in ("gate", "up"))
        else:
            gate, up = np.split(h @ self.w[block + "ffn_up.weight"].T, 2, axis=1)
        if self.is_gemma:
            u = np.sqrt(2 / np.pi) * (gate + 0.044715 * gate**3)
            gate = gate / 2 * (1 + np.tanh(u))
        else:
            gate = gate / (1 + np.exp(-gate))
        return (gate * up) @ self.w[block + "ffn_down.weight"].T

    def logits(self):
        x = self.w["token_embd.weight"][self.tokens]
        if self.is_gemma:
            x = x * np.sqrt(x.shape[1])
        for layer in range(self.f["block_count"]):
            block = f"blk.{layer}."
            y = self.attention(self.norm(x, block + "attn_norm.weight"), layer)
            x = x + self.norm(y, block + "post_attention_norm.weight")
            y = self.feed_forward(self.norm(x, block + "ffn_norm.weight"), layer)
            x = x + self.norm(y, block + "post_ffw_norm.weight")
        x = self.norm(x, "output_norm.weight")
        logits = x @ self.w.get("output.weight", self.w["token_embd.weight"]).T
        cap = self.f.get("final_logit_softcapping")
        return cap * np.tanh(logits / cap) if cap else logits


def encoded(values):
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def case(name, context=512, window=None, folder=None):
    path = HERE / f"{name}.gguf"
    exact = Reference(path, context, window).logits()
    golden = {"model": name, "contextLength": context, "reference": encoded(exact)}
    if window:
        # llama.cpp ignores the window of these families, so only the definition is left.
        golden["window"] = window
        print(name, "window", window)
    else:
        peer = llama_cpp_logits(as_float32(path, folder), context)
        golden["llamaCpp"] = encoded(peer)
        rms = np.sqrt(((peer - exact) ** 2).mean(1)).max()
        print(f"{name} context {context}: rms {rms:.5f}, spread {exact.std():.2f},",
              "same tokens", bool((peer.argmax(1) == exact.argmax(1)).all()))
    return golden


if __name__ == "__main__":
    llama_cpp.llama_log_set(quiet, None)
    with tempfile.TemporaryDirectory() as folder:
        cases = [
            case("family-llama3", folder=folder),
            case("family-llama-linear", folder=folder),
            case("family-llama-linear", window=8),
            case("family-qwen2", folder=folder),
            case("family-qwen3", folder=folder),
            case("family-phi3", context=256, folder=folder),
            case("family-phi3", context=512, folder=folder),
            case("family-phi3", context=512, window=8),
            case("family-gemma2", folder=folder),
            case("family-gemma3", folder=folder),
            case("family-gemma3-q8_0", folder=folder),
        ]
    golden = {"tokens": TOKENS, "cases": cases}
    (HERE / "family-golden.json").write_text(json.dumps(golden, separators=(",", ":")))

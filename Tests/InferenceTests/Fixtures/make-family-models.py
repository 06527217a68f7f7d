#!/usr/bin/env python3
"""Writes tiny random decoders, one for each family, beside this script: family-*.gguf.

Needs numpy and gguf. The same seed gives the same bytes. Every feature of a family is switched on and
strong enough to change the logits of a short text: windows of 8 positions, small soft-caps, rotation
factors, biases as large as what they are added to. The files have no tokenizer.
"""

import pathlib

import numpy as np
import gguf
from gguf import GGMLQuantizationType as T

HERE = pathlib.Path(__file__).parent
VOCABULARY = 64
WIDTH = 32
FEED_FORWARD = 64
HEADS, KV_HEADS = 4, 2


class Model:
    """One file: metadata by method, then random tensors in the order in which they are asked for."""

    def __init__(self, name, architecture, seed, kind=T.F16, layers=2, head=16):
        self.name, self.layers, self.head, self.kind = name, layers, head, kind
        self.random = np.random.Generator(np.random.PCG64(seed))
        self.writer = w = gguf.GGUFWriter(HERE / f"{name}.gguf", architecture)
        w.add_name(name)
        w.add_vocab_size(VOCABULARY)
        w.add_context_length(512)
        w.add_embedding_length(WIDTH)
        w.add_block_count(layers)
        w.add_feed_forward_length(FEED_FORWARD)
        w.add_head_count(HEADS)
        w.add_head_count_kv(KV_HEADS)
        w.add_key_length(head)
        w.add_value_length(head)
        w.add_layer_norm_rms_eps(1e-6)
        w.add_tokenizer_model("no_vocab")

    def vector(self, name, count, centre=0.0, spread=0.3):
        values = centre + spread * self.random.standard_normal(count)
        self.writer.add_tensor(name, values.astype(np.float32))

    def matrix(self, name, rows, columns, scale=None):
        scale = columns**-0.5 if scale is None else scale
        values = (scale * self.random.standard_normal((rows, columns))).astype(np.float32)
        if self.kind == T.F16:
            self.writer.add_tensor(name, values.astype(np.float16))
        else:
            self.writer.add_tensor(
                name, gguf.quants.quantize(values, self.kind), raw_dtype=self.kind)

    def tensors(self, bias=False, head_norm=False, post_norm=False, fused=False, tied=False):
        q, kv = HEADS * self.head, KV_HEADS * self.head
        self.matrix("token_embd.weight", VOCABULARY, WIDTH, 0.5)
        for i in range(self.layers):
            block = f"blk.{i}."
            self.vector(block + "attn_norm.weight", WIDTH, 1)
            if fused:
                self.matrix(block + "attn_qkv.weight", q + 2 * kv, WIDTH)
            for name, rows in (("q", q), ("k", kv), ("v", kv)):
                if not fused:
                    self.matrix(f"{block}attn_{name}.weight", rows, WIDTH)
                if bias:
                    self.vector(f"{block}attn_{name}.bias", rows, spread=1)
                if head_norm and name != "v":
                    self.vector(f"{block}attn_{name}_norm.weight", self.head, 1.5)
            self.matrix(block + "attn_output.weight", WIDTH, q)
            if post_norm:
                self.vector(block + "post_attention_norm.weight", WIDTH, 1)
            self.vector(block + "ffn_norm.weight", WIDTH, 1)
            if fused:
                self.matrix(block + "ffn_up.weight", 2 * FEED_FORWARD, WIDTH)
            else:
                self.matrix(block + "ffn_gate.weight", FEED_FORWARD, WIDTH)
                self.matrix(block + "ffn_up.weight", FEED_FORWARD, WIDTH)
            self.matrix(block + "ffn_down.weight", WIDTH, FEED_FORWARD)
            if post_norm:
                self.vector(block + "post_ffw_norm.weight", WIDTH, 1)
        self.vector("output_norm.weight", WIDTH, 1)
        if not tied:
            self.matrix("output.weight", VOCABULARY, WIDTH, 0.5)

    def factors(self, name, largest, count):
        self.writer.add_tensor(name, np.geomspace(1, largest, count).astype(np.float32))

    def close(self):
        self.writer.write_header_to_file()
        self.writer.write_kv_data_to_file()
        self.writer.write_tensors_to_file()
        self.writer.close()


def llama3():
    m = Model("family-llama3", "llama", 11)
    m.writer.add_rope_dimension_count(m.head)
    m.writer.add_rope_freq_base(500000)
    m.factors("rope_freqs.weight", 8, m.head // 2)
    m.tensors(tied=True)
    m.close()


def llama_linear():
    m = Model("family-llama-linear", "llama", 12)
    m.writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    m.writer.add_rope_scaling_factor(4)
    m.tensors()
    m.close()


def qwen2():
    m = Model("family-qwen2", "qwen2", 13, head=WIDTH // HEADS)
    m.writer.add_rope_freq_base(1e6)
    m.tensors(bias=True)
    m.close()


def qwen3():
    m = Model("family-qwen3", "qwen3", 14, head=24)
    m.writer.add_rope_freq_base(1e6)
    m.tensors(head_norm=True, tied=True)
    m.close()


def phi3():
    m = Model("family-phi3", "phi3", 15, head=WIDTH // HEADS)
    m.writer.add_rope_dimension_count(6)
    m.writer.add_rope_scaling_orig_ctx_len(256)
    m.writer.add_rope_scaling_attn_factors(1.19)
    m.factors("rope_factors_short.weight", 1.5, 3)
    m.factors("rope_factors_long.weight", 20, 3)
    m.tensors(fused=True)
    m.close()


def gemma2():
    m = Model("family-gemma2", "gemma2", 16, layers=3)
    m.writer.add_sliding_window(8)
    m.writer.add_attn_logit_softcapping(1.5)
    m.writer.add_final_logit_softcapping(4)
    m.tensors(post_norm=True, tied=True)
    m.close()


def gemma3(name, kind):
    m = Model(name, "gemma3", 17, kind=kind, layers=4)
    m.writer.add_sliding_window(8)
    m.writer.add_sliding_window_pattern(3)
    m.writer.add_rope_freq_base(1e6)
    m.writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    m.writer.add_rope_scaling_factor(8)
    m.tensors(head_norm=True, post_norm=True, tied=True)
    m.close()


if __name__ == "__main__":
    llama3()
    llama_linear()
    qwen2()
    qwen3()
    phi3()
    gemma2()
    gemma3("family-gemma3", T.F16)
    gemma3("family-gemma3-q8_0", T.Q8_0)

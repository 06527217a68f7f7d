#!/usr/bin/env python3
"""Writes the tiny random Llama-architecture models beside this script.

Needs numpy and gguf. The same seed gives the same bytes. Awkward on purpose: grouped-query
attention with three heads to a key-value head, head sizes 16 and 20, rows that are no multiple
of 32, tied and untied output, every weight type the engine reads.
"""

import pathlib

import numpy as np
import gguf
from gguf import GGMLQuantizationType as T

HERE = pathlib.Path(__file__).parent
VOCABULARY = 300


def vocabulary():
    """A SentencePiece vocabulary: three control tokens, all bytes, letters and some joined pieces."""
    words = ["▁t", "▁a", "he", "in", "▁the", "an", "er", "on", "and", "ing", "▁and", "▁s", "re", "▁c"]
    letters = ["▁"] + list("etaoinshrdlucmfwypvbgk.,?!")
    pieces = words + letters
    pieces = pieces[: VOCABULARY - 259]
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + pieces
    types = [2, 3, 3] + [6] * 256 + [1] * len(pieces)
    scores = [0.0] * 259 + [-float(i) for i in range(len(pieces))]
    assert len(tokens) == VOCABULARY, len(tokens)
    return tokens, types, scores


def shapes(c):
    d, kv = c["width"], c["kv_heads"] * c["head"]
    yield "token_embd.weight", (VOCABULARY, d), 0.15
    for i in range(c["layers"]):
        q = c["heads"] * c["head"]
        yield f"blk.{i}.attn_norm.weight", (d,), 0
        yield f"blk.{i}.attn_q.weight", (q, d), d**-0.5
        yield f"blk.{i}.attn_k.weight", (kv, d), d**-0.5
        yield f"blk.{i}.attn_v.weight", (kv, d), d**-0.5
        yield f"blk.{i}.attn_output.weight", (d, q), q**-0.5
        yield f"blk.{i}.ffn_norm.weight", (d,), 0
        yield f"blk.{i}.ffn_gate.weight", (c["ff"], d), d**-0.5
        yield f"blk.{i}.ffn_up.weight", (c["ff"], d), d**-0.5
        yield f"blk.{i}.ffn_down.weight", (d, c["ff"]), c["ff"] ** -0.5
    yield "output_norm.weight", (d,), 0
    if not c["tied"]:
        yield "output.weight", (VOCABULARY, d), 0.2


def write(name, seed, types, width=96, heads=6, kv_heads=2, head=16, ff=160, layers=3,
          tied=False, rope_base=10000.0):
    c = dict(width=width, heads=heads, kv_heads=kv_heads, head=head, ff=ff, layers=layers, tied=tied)
    random = np.random.Generator(np.random.PCG64(seed))
    w = gguf.GGUFWriter(HERE / f"{name}.gguf", "llama")
    w.add_name(name)
    w.add_vocab_size(VOCABULARY)
    w.add_context_length(128)
    w.add_embedding_length(width)
    w.add_block_count(layers)
    w.add_feed_forward_length(ff)
    w.add_head_count(heads)
    w.add_head_count_kv(kv_heads)
    w.add_key_length(head)
    w.add_value_length(head)
    w.add_rope_dimension_count(head)
    w.add_rope_freq_base(rope_base)
    w.add_layer_norm_rms_eps(1e-5)
    tokens, kinds, scores = vocabulary()
    w.add_tokenizer_model("llama")
    w.add_token_list(tokens)
    w.add_token_types(kinds)
    w.add_token_scores(scores)
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    w.add_unk_token_id(0)
    matrix = 0
    for tensor, shape, scale in shapes(c):
        if len(shape) == 1:
            values = 1 + 0.1 * random.standard_normal(shape)
            w.add_tensor(tensor, values.astype(np.float32))
            continue
        values = (scale * random.standard_normal(shape)).astype(np.float32)
        kind = types[matrix % len(types)]
        matrix += 1
        if kind == T.F32:
            w.add_tensor(tensor, values)
        elif kind == T.F16:
            w.add_tensor(tensor, values.astype(np.float16))
        else:
            w.add_tensor(tensor, gguf.quants.quantize(values, kind), raw_dtype=kind)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


if __name__ == "__main__":
    write("tiny-q8_0", 1, [T.Q8_0])
    write("tiny-q4_0", 2, [T.Q4_0], tied=True)
    write("tiny-f16", 3, [T.F16], layers=2, tied=True)
    write("tiny-bf16", 4, [T.BF16], layers=2, tied=True)
    write("tiny-mixed", 5, [T.Q8_0, T.F16, T.Q4_0, T.BF16, T.Q8_0, T.F32, T.Q4_0],
          layers=2, rope_base=500000.0)
    write("tiny-odd", 6, [T.F32, T.F16], width=40, heads=2, kv_heads=1, head=20, ff=52)

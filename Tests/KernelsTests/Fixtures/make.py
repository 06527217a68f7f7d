#!/usr/bin/env python3
"""Blocks of pseudo-random bytes of every quantised type and what gguf-py widens them to.

Run with gguf-py and numpy: python3 make.py. Writes TYPE.bin beside itself: two blocks of 256 columns
(or sixteen of 32), then 512 little-endian float32.
"""
import pathlib

import gguf
import numpy as np

TYPES = ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"]
# Offsets of half-precision numbers in a block: their exponent is made an ordinary one.
HALVES = {"Q4_1": [0, 2], "Q5_1": [0, 2], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q2_K": [80, 82],
          "Q3_K": [108], "Q6_K": [208]}

random = np.random.default_rng(3)
for name in TYPES:
    kind = gguf.GGMLQuantizationType[name]
    columns, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (512 // columns, size), dtype=np.uint8)
    for offset in HALVES.get(name, [0]):
        blocks[:, offset + 1] = blocks[:, offset + 1] & 0x83 | 0x20
    widened = gguf.quants.dequantize(blocks.reshape(1, -1), kind).astype("<f4")
    assert widened.size == 512
    path = pathlib.Path(__file__).with_name(name + ".bin")
    path.write_bytes(blocks.tobytes() + widened.tobytes())

"""Random-weight GGUF files in the shapes of real models, for comparing speed only."""
import ctypes
import os

import llama_cpp
import numpy as np
from gguf import GGUFWriter

# name: (layers, width, heads, key-value heads, feed-forward, vocabulary, rope base)
SHAPES = {
    "SmolLM2-135M": (30, 576, 9, 3, 1536, 49152, 1e4),
    "SmolLM2-360M": (32, 960, 15, 5, 2560, 49152, 1e5),
    "Qwen2.5-0.5B": (24, 896, 14, 2, 4864, 151936, 1e6),
    "Llama-3.2-1B": (16, 2048, 32, 8, 8192, 128256, 5e5),
}
# llama.h, enum llama_ftype
FILE_TYPES = {"Q8_0": 7, "Q4_0": 2, "Q4_K_M": 15}
# Types that are mixtures by definition: llama.cpp chooses the type of each matrix.
MIXTURES = {"Q4_K_M"}


def write_random(shape, path):
    """Writes the shape with normally distributed float16 weights and tied output."""
    layers, width, heads, kv_heads, feed_forward, vocabulary, rope_base = SHAPES[shape]
    random = np.random.default_rng(0)
    head = width // heads
    writer = GGUFWriter(path, "llama")
    writer.add_name(shape + " shape")
    writer.add_block_count(layers)
    writer.add_context_length(8192)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(rope_base)
    writer.add_rope_dimension_count(head)
    writer.add_vocab_size(vocabulary)
    writer.add_tokenizer_model("no_vocab")
    writer.add_file_type(1)

    def matrix(name, rows, columns, scale=None):
        values = random.standard_normal((rows, columns), dtype=np.float32)
        values *= scale or columns ** -0.5
        writer.add_tensor(name, values.astype(np.float16))

    def ones(name):
        writer.add_tensor(name, np.ones(width, dtype=np.float32))

    matrix("token_embd.weight", vocabulary, width, 0.05)
    ones("output_norm.weight")
    for layer in range(layers):
        block = f"blk.{layer}."
        ones(block + "attn_norm.weight")
        ones(block + "ffn_norm.weight")
        matrix(block + "attn_q.weight", width, width)
        matrix(block + "attn_k.weight", kv_heads * head, width)
        matrix(block + "attn_v.weight", kv_heads * head, width)
        matrix(block + "attn_output.weight", width, width)
        matrix(block + "ffn_gate.weight", feed_forward, width)
        matrix(block + "ffn_up.weight", feed_forward, width)
        matrix(block + "ffn_down.weight", width, feed_forward)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def quantise(source, target, file_type):
    """Quantises with llama.cpp; `pure` gives every matrix the same type, the embedding too.

    Rows that are no multiple of 256 cannot hold K-quants: llama.cpp falls back to Q5_0 or Q8_0 there.
    """
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = FILE_TYPES[file_type]
    parameters.pure = file_type not in MIXTURES
    parameters.nthread = os.cpu_count()
    status = llama_cpp.llama_model_quantize(
        source.encode(), target.encode(), ctypes.byref(parameters))
    if status != 0:
        raise SystemExit(f"llama_model_quantize failed on {source}")


def prepare(shape, file_type, folder):
    """The path of the quantised file, made if it is not there yet."""
    os.makedirs(folder, exist_ok=True)
    target = os.path.join(folder, f"{shape}-{file_type}.gguf")
    if os.path.exists(target):
        return target
    source = os.path.join(folder, f"{shape}-F16.gguf")
    if not os.path.exists(source):
        write_random(shape, source + ".part")
        os.rename(source + ".part", source)
    quantise(source, target + ".part", file_type)
    os.rename(target + ".part", target)
    return target

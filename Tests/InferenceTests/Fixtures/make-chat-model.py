#!/usr/bin/env python3
"""Writes a tiny random chat model and two adapters of it: chat-tiny.gguf, chat-tiny-*.gguf.

Needs numpy and gguf. The same seed gives the same bytes. Every byte is a token, so that any text can be
given and comes out; the adapters change every matrix, strongly enough to change what is answered.
"""

import pathlib

import gguf
import numpy as np

HERE = pathlib.Path(__file__).parent
WIDTH, FEED_FORWARD, HEADS, KV_HEADS, HEAD, LAYERS = 32, 64, 4, 2, 16, 2
CONTEXT = 16384
ALPHA = 4.0
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content']"
    " + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
    "{% endif %}"
)


def byte_letters():
    """The letter that stands for each byte in a byte-level vocabulary (GPT-2)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, extra = {}, 0
    for byte in range(256):
        if byte in plain:
            letters[byte] = chr(byte)
        else:
            letters[byte], extra = chr(256 + extra), extra + 1
    return [letters[byte] for byte in range(256)]


def tensors():
    q, kv = HEADS * HEAD, KV_HEADS * HEAD
    for i in range(LAYERS):
        yield f"blk.{i}.attn_q.weight", q, WIDTH
        yield f"blk.{i}.attn_k.weight", kv, WIDTH
        yield f"blk.{i}.attn_v.weight", kv, WIDTH
        yield f"blk.{i}.attn_output.weight", WIDTH, q
        yield f"blk.{i}.ffn_gate.weight", FEED_FORWARD, WIDTH
        yield f"blk.{i}.ffn_up.weight", FEED_FORWARD, WIDTH
        yield f"blk.{i}.ffn_down.weight", WIDTH, FEED_FORWARD


def close(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_model():
    random = np.random.Generator(np.random.PCG64(101))
    w = gguf.GGUFWriter(HERE / "chat-tiny.gguf", "llama")
    w.add_name("chat-tiny")
    tokens = byte_letters() + ["\u0120t", "<|im_start|>", "<|im_end|>"]
    w.add_vocab_size(len(tokens))
    w.add_context_length(CONTEXT)
    w.add_embedding_length(WIDTH)
    w.add_block_count(LAYERS)
    w.add_feed_forward_length(FEED_FORWARD)
    w.add_head_count(HEADS)
    w.add_head_count_kv(KV_HEADS)
    w.add_key_length(HEAD)
    w.add_value_length(HEAD)
    w.add_rope_dimension_count(HEAD)
    w.add_layer_norm_rms_eps(1e-6)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("qwen2")
    w.add_token_list(tokens)
    w.add_token_types([1] * 257 + [3, 3])
    w.add_token_merges(["\u0120 t"])
    w.add_eos_token_id(258)
    w.add_chat_template(TEMPLATE)
    embedding = 0.5 * random.standard_normal((len(tokens), WIDTH))
    w.add_tensor("token_embd.weight", embedding.astype(np.float16))
    for name, rows, columns in tensors():
        values = columns**-0.5 * random.standard_normal((rows, columns))
        w.add_tensor(name, values.astype(np.float16))
    for name in [f"blk.{i}.{n}_norm" for i in range(LAYERS) for n in ("attn", "ffn")] + ["output_norm"]:
        w.add_tensor(name + ".weight", np.ones(WIDTH, np.float32))
    # Bytes other than letters and spaces have the logit 0, so that what comes out is text.
    output = 0.5 * random.standard_normal((len(tokens), WIDTH))
    output[[i for i in range(256) if not chr(i).isascii() or not (chr(i).isalpha() or i == 32)]] = 0
    w.add_tensor("output.weight", output.astype(np.float16))
    close(w)


def write_adapter(name, seed):
    random = np.random.Generator(np.random.PCG64(seed))
    w = gguf.GGUFWriter(HERE / f"chat-tiny-{name}.gguf", "llama")
    w.add_type("adapter")
    w.add_string("adapter.type", "lora")
    w.add_float32("adapter.lora.alpha", ALPHA)
    for name, rows, columns in tensors():
        w.add_tensor(name + ".lora_a", (0.2 * random.standard_normal((2, columns))).astype(np.float32))
        w.add_tensor(name + ".lora_b", (0.2 * random.standard_normal((rows, 2))).astype(np.float32))
    close(w)


if __name__ == "__main__":
    write_model()
    write_adapter("first", 102)
    write_adapter("second", 103)

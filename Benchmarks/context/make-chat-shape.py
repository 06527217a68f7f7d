#!/usr/bin/env python3
"""Writes a random chat model in the shape of SmolLM2-135M, for comparing costs only.

    Benchmarks/context/make-chat-shape.py Models/reader.gguf SHAPE-F16.gguf [LAYERS]
    tributary model quantize SHAPE-F16.gguf SHAPE-Q8_0.gguf Q8_0

Needs numpy and gguf. The tokenizer is that of the first file, its vocabulary filled up to 49,152 with
tokens that no text has, so that passages have as many tokens as with a real model, nearly, and the head
costs as much.
"""

import sys

import gguf
import numpy as np

LAYERS, WIDTH, HEADS, KV_HEADS, FEED_FORWARD, VOCABULARY = 30, 576, 9, 3, 1536, 49152
HEAD = WIDTH // HEADS
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content']"
    " + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
    "{% endif %}"
)


def main(donor, target, layers):
    fields = gguf.GGUFReader(donor).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    names = tokens + ["<|im_start|>", "<|im_end|>"]
    names += [f"<|unused{i}|>" for i in range(VOCABULARY - len(names))]
    types = types + [gguf.TokenType.CONTROL] * (VOCABULARY - len(types))

    w = gguf.GGUFWriter(target, "llama")
    w.add_name("SmolLM2-135M shape with chat")
    w.add_vocab_size(VOCABULARY)
    w.add_context_length(8192)
    w.add_embedding_length(WIDTH)
    w.add_block_count(layers)
    w.add_feed_forward_length(FEED_FORWARD)
    w.add_head_count(HEADS)
    w.add_head_count_kv(KV_HEADS)
    w.add_rope_dimension_count(HEAD)
    w.add_rope_freq_base(1e5)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_file_type(1)
    w.add_tokenizer_model(fields["tokenizer.ggml.model"].contents())
    w.add_tokenizer_pre(fields["tokenizer.ggml.pre"].contents())
    w.add_token_list(names)
    w.add_token_types([int(kind) for kind in types])
    w.add_token_merges(fields["tokenizer.ggml.merges"].contents())
    w.add_eos_token_id(names.index("<|im_end|>"))
    w.add_chat_template(TEMPLATE)

    random = np.random.default_rng(0)

    def matrix(name, rows, columns, scale=None):
        values = random.standard_normal((rows, columns), dtype=np.float32)
        values *= scale or columns**-0.5
        w.add_tensor(name, values.astype(np.float16))

    matrix("token_embd.weight", VOCABULARY, WIDTH, 0.05)
    w.add_tensor("output_norm.weight", np.ones(WIDTH, dtype=np.float32))
    for layer in range(layers):
        block = f"blk.{layer}."
        w.add_tensor(block + "attn_norm.weight", np.ones(WIDTH, dtype=np.float32))
        w.add_tensor(block + "ffn_norm.weight", np.ones(WIDTH, dtype=np.float32))
        matrix(block + "attn_q.weight", WIDTH, WIDTH)
        matrix(block + "attn_k.weight", KV_HEADS * HEAD, WIDTH)
        matrix(block + "attn_v.weight", KV_HEADS * HEAD, WIDTH)
        matrix(block + "attn_output.weight", WIDTH, WIDTH)
        matrix(block + "ffn_gate.weight", FEED_FORWARD, WIDTH)
        matrix(block + "ffn_up.weight", FEED_FORWARD, WIDTH)
        matrix(block + "ffn_down.weight", WIDTH, FEED_FORWARD)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if len(arguments) not in (2, 3):
        sys.exit(__doc__)
    main(arguments[0], arguments[1], int((arguments + [LAYERS])[2]))

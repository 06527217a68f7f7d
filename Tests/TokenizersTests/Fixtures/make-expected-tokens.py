#!/usr/bin/env python3
"""Writes expected-tokens.json: what the public implementations make of strings.json.

Needs tokenizers and llama-cpp-python. Usage:

    make-expected-tokens.py READER.json MINILM.json LLAMA.json GPT2.json

with the tokenizer.json of the reader, of all-MiniLM-L6-v2 and of the two small vocabularies. The
GGUF files are those beside this script and in Models. Special tokens are parsed, none are added.
"""

import json
import pathlib
import sys
import tempfile

import gguf
import llama_cpp
from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent


def hugging_face(path):
    tokenizer = Tokenizer.from_file(path)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def llama(path):
    parameters = llama_cpp.llama_model_default_params()
    parameters.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), parameters)
    vocabulary = llama_cpp.llama_model_get_vocab(model)

    def encode(text):
        utf8 = text.encode()
        room = 2 * len(utf8) + 16
        ids = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(vocabulary, utf8, len(utf8), ids, room, False, True)
        return list(ids[:count])

    return encode


def with_rule(path, rule):
    """A copy of a byte-level vocabulary that names another pre-tokenizer."""
    copy = tempfile.NamedTemporaryFile(suffix=".gguf", delete=False).name
    reader = gguf.GGUFReader(path)
    field = lambda key: reader.fields["tokenizer.ggml." + key].contents()
    w = gguf.GGUFWriter(copy, "llama")
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre(rule)
    w.add_token_list(field("tokens"))
    w.add_token_types(field("token_type"))
    w.add_token_merges(field("merges"))
    for add, value in ((w.add_context_length, 64), (w.add_embedding_length, 16), (w.add_block_count, 1),
                       (w.add_feed_forward_length, 16), (w.add_head_count, 1),
                       (w.add_layer_norm_rms_eps, 1e-5), (w.add_rope_dimension_count, 16)):
        add(value)  # llama.cpp opens no vocabulary without them
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    return copy


if __name__ == "__main__":
    reader, minilm, llama_json, gpt2_json = sys.argv[1:]
    gpt2 = HERE / "byte-level-gpt2.gguf"
    peers = {
        "reader": hugging_face(reader),
        "embedding": hugging_face(minilm),
        "llama-bpe": hugging_face(llama_json),
        "gpt-2": hugging_face(gpt2_json),
        "smollm": llama(with_rule(gpt2, "smollm")),
        "default": llama(with_rule(gpt2, "default")),
        "sentencepiece": llama(HERE / "sentencepiece.gguf"),
    }
    strings = json.loads((HERE / "strings.json").read_text())
    expected = {name: [encode(s) for s in strings] for name, encode in peers.items()}
    (HERE / "expected-tokens.json").write_text(json.dumps(expected, separators=(",", ":")))

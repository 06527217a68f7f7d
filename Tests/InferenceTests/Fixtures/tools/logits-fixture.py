"""Writes joint-golden.json: llama.cpp's logits of the shared models over fixed tokens.

usage: python logits-fixture.py FOLDER_OF_MODELS ../joint-golden.json
Needs the PyPI package llama-cpp-python. One thread, one token per batch, a float32 cache.
Every eighth logit is kept, and greedy tokens.
"""
import json
import os
import sys

import llama_cpp as ll
import numpy as np

READER_PROMPT = ("<|d1|><|s1|> The Orrin lighthouse was built in 1874 by the engineer Maud Terrell."
                 "<|s2|> It stands 41 metres tall.<|d2|><|s3|> The Sella bakery opens at six in the "
                 "morning.<|q|> How tall is the lighthouse?<|a|>")
MODELS = {
    "stories260K.gguf": "Once upon a time, there was a dragon.",
    "reader-q8_0.gguf": READER_PROMPT,
    "reader-independent-q8_0.gguf": READER_PROMPT,
    "reader-independent-f16.gguf": READER_PROMPT,
}


def tokenize(vocabulary, text):
    data = text.encode()
    buffer = (ll.llama_token * 512)()
    n = ll.llama_tokenize(vocabulary, data, len(data), buffer, 512, True, True)
    return list(buffer[:n])


class Model:
    def __init__(self, path):
        parameters = ll.llama_model_default_params()
        self.model = ll.llama_model_load_from_file(path.encode(), parameters)
        self.vocabulary = ll.llama_model_get_vocab(self.model)
        self.size = ll.llama_vocab_n_tokens(self.vocabulary)

    def run(self, tokens, greedy):
        """Logits after each token, then `greedy` more tokens chosen by the largest logit."""
        parameters = ll.llama_context_default_params()
        parameters.n_ctx, parameters.n_threads, parameters.n_threads_batch = 512, 1, 1
        parameters.type_k = parameters.type_v = 0  # GGML_TYPE_F32: no rounding of the cache
        parameters.flash_attn_type = 0
        context = ll.llama_init_from_model(self.model, parameters)
        rows, chosen, queue = [], [], list(tokens)
        while queue:
            buffer = (ll.llama_token * 1)(queue.pop(0))  # the batch points to it
            batch = ll.llama_batch_get_one(buffer, 1)
            assert ll.llama_decode(context, batch) == 0
            row = np.array(np.ctypeslib.as_array(ll.llama_get_logits(context), (self.size,)))
            rows.append(row)
            if not queue and len(chosen) < greedy:
                chosen.append(int(row.argmax()))
                queue.append(chosen[-1])
        ll.llama_free(context)
        return rows, chosen


def main(folder, target):
    ll.llama_backend_init()
    result = []
    for name, text in MODELS.items():
        model = Model(os.path.join(folder, name))
        tokens = tokenize(model.vocabulary, text)
        rows, greedy = model.run(tokens, 60 if name.startswith("stories") else 12)
        positions = [0, len(tokens) // 2, len(tokens) - 1, len(tokens) + 5]
        result.append({
            "model": name, "text": text, "tokens": tokens, "greedy": greedy, "stride": 8,
            "rows": [{"position": p, "logits": [round(float(v), 4) for v in rows[p][::8]]}
                     for p in positions]})
    story = Model(os.path.join(folder, "stories260K.gguf"))
    tokens = tokenize(story.vocabulary, "Once upon a time")
    _, greedy = story.run(tokens, 80)
    result.append({"model": "stories260K.gguf", "text": "Once upon a time", "tokens": tokens,
                   "greedy": greedy, "stride": 8, "rows": []})
    with open(target, "w") as out:
        json.dump(result, out, separators=(",", ":"))
        out.write("\n")


main(*sys.argv[1:])

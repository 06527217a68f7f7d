"""Times llama.cpp's embeddings: one round for every line on standard input.

usage: python llama_worker.py MODEL TEXTS THREADS
"""
import ctypes
import json
import sys
import time

import llama_cpp as ll


class Encoder:
    """All texts of a round in one batch, as many at a time as 4,096 tokens hold."""

    CAPACITY = 4096

    def __init__(self, path, threads):
        self.log = ll.llama_log_callback(lambda level, text, data: None)
        ll.llama_log_set(self.log, ctypes.c_void_p(0))
        ll.llama_backend_init()
        self.model = ll.llama_model_load_from_file(
            path.encode(), ll.llama_model_default_params())
        parameters = ll.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = self.CAPACITY
        parameters.n_seq_max = 64
        parameters.embeddings = True
        parameters.pooling_type = ll.LLAMA_POOLING_TYPE_MEAN
        parameters.n_threads = parameters.n_threads_batch = threads
        self.context = ll.llama_init_from_model(self.model, parameters)
        self.vocabulary = ll.llama_model_get_vocab(self.model)
        self.batch = ll.llama_batch_init(self.CAPACITY, 0, 64)

    def tokens(self, text):
        data = text.encode()
        buffer = (ll.llama_token * (len(data) + 2))()
        count = ll.llama_tokenize(
            self.vocabulary, data, len(data), buffer, len(buffer), True, False)
        return buffer[:count]

    def encode(self, texts):
        row, sequence = 0, 0
        for tokens in map(self.tokens, texts):
            if row + len(tokens) > self.CAPACITY or sequence == 64:
                self.run(row, sequence)
                row, sequence = 0, 0
            for position, token in enumerate(tokens):
                self.batch.token[row] = token
                self.batch.pos[row] = position
                self.batch.n_seq_id[row] = 1
                self.batch.seq_id[row][0] = sequence
                self.batch.logits[row] = True
                row += 1
            sequence += 1
        self.run(row, sequence)

    def run(self, rows, sequences):
        self.batch.n_tokens = rows
        if ll.llama_encode(self.context, self.batch) != 0:
            raise SystemExit("llama_encode failed")
        for sequence in range(sequences):
            ll.llama_get_embeddings_seq(self.context, sequence)[0]


def main(path, file, threads):
    encoder = Encoder(path, int(threads))
    with open(file) as lines:
        texts = lines.read().splitlines()
    encoder.encode(texts)
    for _ in sys.stdin:
        start = time.perf_counter()
        encoder.encode(texts)
        print(json.dumps({"texts": len(texts) / (time.perf_counter() - start)}), flush=True)


main(*sys.argv[1:])

"""Times llama.cpp: one round for every line on standard input, one JSON line for each.

usage: python llama_worker.py MODEL THREADS DECODE PREFILL...
"""
import ctypes
import json
import sys
import time

import llama_cpp as ll

# Tokens that are read unmeasured before each round: it follows a pause, in which threads sleep.
WARM_UP = 64


class Session:
    def __init__(self, path, threads):
        self.log = ll.llama_log_callback(lambda level, text, data: None)
        ll.llama_log_set(self.log, ctypes.c_void_p(0))
        ll.llama_backend_init()
        self.model = ll.llama_model_load_from_file(
            path.encode(), ll.llama_model_default_params())
        parameters = ll.llama_context_default_params()
        parameters.n_ctx, parameters.n_batch, parameters.n_ubatch = 1024, 512, 512
        parameters.n_threads = parameters.n_threads_batch = threads
        self.context = ll.llama_init_from_model(self.model, parameters)
        vocabulary = ll.llama_model_get_vocab(self.model)
        self.size = ll.llama_vocab_n_tokens(vocabulary)

    def decode(self, tokens):
        buffer = (ll.llama_token * len(tokens))(*tokens)  # the batch points to it
        batch = ll.llama_batch_get_one(buffer, len(tokens))
        if ll.llama_decode(self.context, batch) != 0:
            raise SystemExit("llama_decode failed")
        ll.llama_synchronize(self.context)

    def clear(self):
        ll.llama_memory_clear(ll.llama_get_memory(self.context), True)

    def prefill(self, count):
        """Tokens per second over one batch, logits of the last token included."""
        self.clear()
        tokens = [(i * 7919) % self.size for i in range(count)]
        start = time.perf_counter()
        self.decode(tokens)
        return count / (time.perf_counter() - start)

    def generate(self, count):
        """Tokens per second, one at a time, after 16 tokens of prompt."""
        self.clear()
        self.decode([(i * 7919) % self.size for i in range(16)])
        start = time.perf_counter()
        for i in range(count):
            self.decode([(i * 104729) % self.size])
        return count / (time.perf_counter() - start)


def main(path, threads, decode, *prefills):
    session = Session(path, int(threads))
    for _ in sys.stdin:
        session.prefill(WARM_UP)
        result = {"prefill" + n: session.prefill(int(n)) for n in prefills}
        result["decode"] = session.generate(int(decode))
        print(json.dumps(result), flush=True)


main(*sys.argv[1:])

#!/usr/bin/env python3
"""Writes a random adapter of family-llama3.gguf, and logits with it: adapter-*.

Two oracles, as in make-family-goldens.py: llama.cpp, and the definition in float64.

Needs numpy, gguf and llama-cpp-python. Every matrix of both layers is changed, by ranks 4 and 3, strongly
enough to move every logit. The base model's F16 matrices are given to llama.cpp as F32 of the same values,
as in make-family-goldens.py, because it rounds activations to a matrix's type.
"""

import ctypes
import importlib.util
import json
import pathlib
import tempfile

import gguf
import llama_cpp
import numpy as np

HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("goldens", HERE / "make-family-goldens.py")
goldens = importlib.util.module_from_spec(spec)
spec.loader.exec_module(goldens)
BASE = HERE / "family-llama3.gguf"
ADAPTER = HERE / "adapter-llama3.gguf"
ALPHA = 6.0


def write_adapter():
    random = np.random.Generator(np.random.PCG64(77))
    reader = gguf.GGUFReader(BASE)
    writer = gguf.GGUFWriter(ADAPTER, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", ALPHA)
    for t in reader.tensors:
        if not t.name.startswith("blk.") or "norm" in t.name:
            continue
        columns, rows = (int(n) for n in t.shape)
        rank = 3 if "ffn" in t.name else 4
        down = 0.2 * random.standard_normal((rank, columns)).astype(np.float32)
        up = 0.2 * random.standard_normal((rows, rank)).astype(np.float32)
        writer.add_tensor(t.name + ".lora_a", down)
        writer.add_tensor(t.name + ".lora_b", up)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def logits(path, scale):
    mp = llama_cpp.llama_model_default_params()
    mp.n_gpu_layers, mp.use_extra_bufts = 0, False
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), mp)
    adapter = llama_cpp.llama_adapter_lora_init(model, str(ADAPTER).encode())
    assert adapter
    cp = llama_cpp.llama_context_default_params()
    cp.n_ctx, cp.n_batch, cp.n_ubatch = 256, 128, 128
    cp.n_threads = cp.n_threads_batch = 1
    cp.flash_attn_type = 0
    session = llama_cpp.llama_init_from_model(model, cp)
    if scale:
        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(adapter)
        scales = (ctypes.c_float * 1)(scale)
        assert llama_cpp.llama_set_adapters_lora(session, adapters, 1, scales) == 0
    tokens = goldens.TOKENS
    batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
    batch.n_tokens = len(tokens)
    for i, token in enumerate(tokens):
        batch.token[i], batch.pos[i], batch.logits[i] = token, i, 1
        batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
    assert llama_cpp.llama_decode(session, batch) == 0
    rows = [
        np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(session, i), (64,)).copy()
        for i in range(len(tokens))
    ]
    return np.stack(rows)


def reference():
    """The definition, with the change of each matrix added to it."""
    model = goldens.Reference(BASE, 512)
    pairs = {t.name: t.data.astype(np.float64) for t in gguf.GGUFReader(ADAPTER).tensors}
    for name in [n.removesuffix(".lora_a") for n in pairs if n.endswith(".lora_a")]:
        down, up = pairs[name + ".lora_a"], pairs[name + ".lora_b"]
        model.w[name] = model.w[name] + ALPHA / len(down) * up @ down
    return model.logits()


def main():
    llama_cpp.llama_log_set(goldens.quiet, None)
    write_adapter()
    with tempfile.TemporaryDirectory() as folder:
        path = goldens.as_float32(BASE, folder)
        with_adapter, without = logits(path, 1.0), logits(path, 0.0)
    exact = reference()
    rms = [np.sqrt((d**2).mean(-1)).max() for d in (with_adapter - exact, exact - without)]
    print(f"llama.cpp: rms {rms[0]:.5f}; the adapter moves logits by {rms[1]:.2f}")
    (HERE / "adapter-golden.json").write_text(json.dumps({
        "tokens": goldens.TOKENS, "llamaCpp": goldens.encoded(with_adapter),
        "reference": goldens.encoded(exact),
    }) + "\n")


if __name__ == "__main__":
    main()

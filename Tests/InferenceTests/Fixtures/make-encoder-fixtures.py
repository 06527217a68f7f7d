#!/usr/bin/env python3
"""Writes tiny random encoders, encoder-*.gguf, and their outputs, encoder-golden.json.

Needs numpy, gguf and llama-cpp-python. The same seed gives the same bytes. Two oracles:

- `llamaCpp`: llama.cpp, CPU, one thread, matrices given as F32 of the same values. It computes GELU by
  the approximation with tanh and a float16 table, and gives every token the type 0.
- `reference`: the definition in float64, keys and values rounded to float16 as this engine stores them.
"""

import json
import math
import pathlib
import tempfile

import gguf
import llama_cpp
import numpy as np

HERE = pathlib.Path(__file__).parent
VOCABULARY, WIDTH, HEADS, FEED_FORWARD, LAYERS, CONTEXT = 64, 32, 4, 64, 2, 64
TEXTS = [[1] + [(i * 37 + 11) % 60 + 4 for i in range(n)] + [2] for n in (1, 12, 40)]
QUERY, PASSAGES = TEXTS[1][1:-1], [t[1:-1] for t in TEXTS]
POOLING = {"mean": 1, "first": 2, "rank": 4}


@llama_cpp.llama_log_callback
def quiet(level, text, data):
    pass


def tensors(architecture, pooling, seed):
    random = np.random.Generator(np.random.PCG64(seed))
    is_bert = architecture == "bert"
    result = {}

    def matrix(name, rows, columns, scale=None):
        values = (columns**-0.5 if scale is None else scale) * random.standard_normal((rows, columns))
        result[name + ".weight"] = values.astype(np.float16)
        if is_bert and "embd" not in name and "types" not in name:
            result[name + ".bias"] = (0.3 * random.standard_normal(rows)).astype(np.float32)

    def norm(name):
        result[name + ".weight"] = (1 + 0.3 * random.standard_normal(WIDTH)).astype(np.float32)
        result[name + ".bias"] = (0.3 * random.standard_normal(WIDTH)).astype(np.float32)

    matrix("token_embd", VOCABULARY, WIDTH, 1)
    matrix("token_types", 2, WIDTH, 1)
    if is_bert:
        matrix("position_embd", CONTEXT, WIDTH, 1)
    norm("token_embd_norm")
    for i in range(LAYERS):
        block = f"blk.{i}."
        if is_bert:
            for name in "qkv":
                matrix(f"{block}attn_{name}", WIDTH, WIDTH)
        else:
            matrix(block + "attn_qkv", 3 * WIDTH, WIDTH)
            matrix(block + "ffn_gate", FEED_FORWARD, WIDTH)
        matrix(block + "attn_output", WIDTH, WIDTH)
        norm(block + "attn_output_norm")
        matrix(block + "ffn_up", FEED_FORWARD, WIDTH)
        matrix(block + "ffn_down", WIDTH, FEED_FORWARD)
        norm(block + "layer_output_norm")
    if pooling == "rank":
        matrix("cls", WIDTH, WIDTH)
        matrix("cls.output", 1, WIDTH, 1)
    return result


def write(path, architecture, pooling, weights):
    w = gguf.GGUFWriter(path, architecture)
    w.add_name(path.stem)
    w.add_vocab_size(VOCABULARY)
    w.add_context_length(CONTEXT)
    w.add_embedding_length(WIDTH)
    w.add_block_count(LAYERS)
    w.add_feed_forward_length(FEED_FORWARD)
    w.add_head_count(HEADS)
    w.add_layer_norm_eps(1e-6)
    w.add_causal_attention(False)
    w.add_uint32(f"{architecture}.pooling_type", POOLING[pooling])
    if architecture != "bert":
        w.add_rope_freq_base(1000)
    w.add_tokenizer_model("no_vocab")
    w.add_token_type_count(2)
    w.add_bos_token_id(1)
    w.add_sep_token_id(2)
    for name, values in weights.items():
        w.add_tensor(name, values)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def llama_cpp_outputs(path, sequences, size):
    mp = llama_cpp.llama_model_default_params()
    mp.n_gpu_layers, mp.use_extra_bufts = 0, False
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), mp)
    cp = llama_cpp.llama_context_default_params()
    cp.n_ctx = cp.n_batch = cp.n_ubatch = 256
    cp.n_threads = cp.n_threads_batch = 1
    cp.embeddings, cp.flash_attn_type = True, 0
    context = llama_cpp.llama_init_from_model(model, cp)
    result = []
    for tokens in sequences:
        batch = llama_cpp.llama_batch_init(len(tokens), 0, 1)
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i], batch.pos[i], batch.logits[i] = token, i, 1
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
        assert llama_cpp.llama_encode(context, batch) == 0
        row = llama_cpp.llama_get_embeddings_seq(context, 0)
        result.append(np.ctypeslib.as_array(row, (size,)).astype(np.float64))
    return result


def reference(weights, pooling, tokens, first_type):
    """The last layer's rows pooled; `first_type` tokens have type 0, the others type 1."""
    w = {name: values.astype(np.float64) for name, values in weights.items()}
    n, size = len(tokens), WIDTH // HEADS

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)
        return x * w[name + ".weight"] + w[name + ".bias"]

    def linear(x, name):
        return x @ w[name + ".weight"].T + w.get(name + ".bias", 0)

    def rotate(x):
        angle = np.outer(np.arange(n), 1000.0 ** (-np.arange(size // 2) / (size // 2)))[:, None]
        a, b, c, s = x[..., : size // 2], x[..., size // 2 :], np.cos(angle), np.sin(angle)
        return np.concatenate([a * c - b * s, a * s + b * c], -1)

    x = w["token_embd.weight"][tokens]
    x = x + w["token_types.weight"][(np.arange(n) >= first_type).astype(int)]
    if "position_embd.weight" in w:
        x = x + w["position_embd.weight"][:n]
    x = norm(x, "token_embd_norm")
    for i in range(LAYERS):
        block = f"blk.{i}."
        if block + "attn_qkv.weight" in w:
            parts = np.split(linear(x, block + "attn_qkv"), 3, axis=1)
        else:
            parts = [linear(x, f"{block}attn_{name}") for name in "qkv"]
        q, k, v = (p.reshape(n, HEADS, size) for p in parts)
        if "position_embd.weight" not in w:
            q, k = rotate(q), rotate(k)
        k, v = (y.astype(np.float16).astype(np.float64) for y in (k, v))
        scores = np.exp(np.einsum("qhd,khd->hqk", q, k) / math.sqrt(size))
        scores /= scores.sum(-1, keepdims=True)
        mixed = np.einsum("hqk,khd->qhd", scores, v).reshape(n, WIDTH)
        x = norm(x + linear(mixed, block + "attn_output"), block + "attn_output_norm")
        h = linear(x, block + "ffn_up")
        if block + "ffn_gate.weight" in w:
            gate = linear(x, block + "ffn_gate")
            h = gate / (1 + np.exp(-gate)) * h
        else:
            h = h / 2 * (1 + np.vectorize(math.erf)(h / math.sqrt(2)))
        x = norm(x + linear(h, block + "ffn_down"), block + "layer_output_norm")
    if pooling == "rank":
        return linear(np.tanh(linear(x[:1], "cls")), "cls.output")[0]
    return x.mean(0) if pooling == "mean" else x[0]


def unit(v):
    return v / np.sqrt((v * v).sum())


def case(name, architecture, pooling, seed, folder):
    weights = tensors(architecture, pooling, seed)
    write(HERE / f"{name}.gguf", architecture, pooling, weights)
    wide = pathlib.Path(folder) / f"{name}.gguf"
    write(wide, architecture, pooling, {k: v.astype(np.float32) for k, v in weights.items()})
    golden = {"model": name}
    if pooling == "rank":
        pairs = [[1] + QUERY + [2] + passage + [2] for passage in PASSAGES]
        begin = len(QUERY) + 2
        golden["scores"] = [float(s[0]) for s in llama_cpp_outputs(wide, pairs, 1)]
        golden["oneType"] = [float(reference(weights, pooling, p, len(p))[0]) for p in pairs]
        golden["twoTypes"] = [float(reference(weights, pooling, p, begin)[0]) for p in pairs]
        print(name, golden)
        return golden
    peer = [unit(v) for v in llama_cpp_outputs(wide, TEXTS, WIDTH)]
    exact = [unit(reference(weights, pooling, t, len(t))) for t in TEXTS]
    print(name, "largest difference", max(abs(a - b).max() for a, b in zip(peer, exact)))
    golden["llamaCpp"] = [[round(float(x), 7) for x in v] for v in peer]
    golden["reference"] = [[round(float(x), 7) for x in v] for v in exact]
    return golden


if __name__ == "__main__":
    llama_cpp.llama_log_set(quiet, None)
    with tempfile.TemporaryDirectory() as folder:
        vectors = [
            case("encoder-bert-mean", "bert", "mean", 21, folder),
            case("encoder-bert-first", "bert", "first", 22, folder),
            case("encoder-nomic", "nomic-bert", "mean", 23, folder),
        ]
        ranked = case("encoder-reranker", "bert", "rank", 24, folder)
    golden = {"texts": TEXTS, "query": QUERY, "passages": PASSAGES, "vectors": vectors,
              "ranked": ranked}
    (HERE / "encoder-golden.json").write_text(json.dumps(golden, separators=(",", ":")))

#!/usr/bin/env python3
"""Writes a tiny random cross-encoder, encoder-sentences.gguf, and what it says, cross-golden.json.

Needs numpy and PyTorch. The oracle is `CrossEncoder` of Models/reader/recipe, in float32 on the values
that the file holds. With a path, the golden numbers of that model are printed instead.
"""

import json
import pathlib
import sys

import torch

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "Models/reader"))

from recipe import cross, cross_export, gguf, minilm  # noqa: E402

WIDTH, LAYERS, INNER, CONTEXT = 32, 3, 64, 64
WORDS = "the a tall is lighthouse stands metre s old how when ferry leave at six who built it ? , ."
QUESTION = "How tall is the lighthouse?"
PASSAGES = [
    ["The lighthouse is old.", "It stands, tall, at six metres.", "The ferry leaves at six."],
    ["Who built it?"],
    ["The ferry leaves when it leaves.", "A lighthouse is tall, the lighthouse is old."] * 4,
]


def tiny(path):
    torch.manual_seed(7)
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens += ["▁" + word for word in WORDS.split()] + ["s", "er"]
    shapes = {
        "token_embd.weight": (len(tokens), WIDTH),
        "position_embd.weight": (CONTEXT, WIDTH),
        "token_types.weight": (2, WIDTH),
    }
    norms = ["token_embd_norm"]
    for block in (f"blk.{layer}." for layer in range(LAYERS)):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            shapes[f"{block}{name}.weight"] = (WIDTH, WIDTH)
        shapes[block + "ffn_up.weight"] = (INNER, WIDTH)
        shapes[block + "ffn_down.weight"] = (WIDTH, INNER)
        norms += [block + "attn_output_norm", block + "layer_output_norm"]
    tensors = []
    for name, shape in shapes.items():
        scale = 1 if "blk" not in name else shape[1] ** -0.5
        kind = gguf.F32 if name.startswith(("position", "token_types")) else gguf.F16
        tensors.append((name, scale * torch.randn(shape).numpy(), kind))
        if "blk" in name:
            bias = (0.3 * torch.randn(shape[0])).numpy()
            tensors.append((name.replace("weight", "bias"), bias, gguf.F32))
    for name in norms:
        tensors.append((name + ".weight", (1 + 0.3 * torch.randn(WIDTH)).numpy(), gguf.F32))
        tensors.append((name + ".bias", (0.3 * torch.randn(WIDTH)).numpy(), gguf.F32))
    tensors.append(("cls.output.weight", torch.randn(3, WIDTH).numpy(), gguf.F32))
    tensors.append(("cls.output.bias", torch.randn(3).numpy(), gguf.F32))
    values = {
        "block_count": LAYERS,
        "context_length": CONTEXT,
        "embedding_length": WIDTH,
        "feed_forward_length": INNER,
        "attention.head_count": 4,
    }
    metadata = [("general.architecture", gguf.STRING, "bert")]
    metadata += [("bert." + key, gguf.UINT32, value) for key, value in values.items()]
    metadata += [
        ("bert.attention.layer_norm_epsilon", gguf.FLOAT32, 1e-6),
        ("bert.attention.causal", gguf.BOOL, False),
        ("bert.pooling_type", gguf.UINT32, 0),
        ("tokenizer.ggml.model", gguf.STRING, "bert"),
        ("tokenizer.ggml.pre", gguf.STRING, "jina-v2-en"),
        ("tokenizer.ggml.tokens", gguf.ARRAY, tokens),
        ("tokenizer.ggml.token_type", gguf.ARRAY, [3] * 5 + [1] * (len(tokens) - 5)),
        ("tokenizer.ggml.unknown_token_id", gguf.UINT32, 1),
        ("tokenizer.ggml.bos_token_id", gguf.UINT32, 2),
        ("tokenizer.ggml.seperator_token_id", gguf.UINT32, 3),
        ("tributary.head", gguf.STRING, cross_export.HEAD),
        ("tributary.separate_layers", gguf.UINT32, 1),
        ("tributary.question_tokens", gguf.UINT32, 16),
        ("tributary.passage_tokens", gguf.UINT32, 40),
        ("tributary.cosine_scale", gguf.FLOAT32, 5.0),
    ]
    gguf.write(path, metadata, tensors)


@torch.no_grad()
def read(path, question, passages):
    """The sentences' scores and the words of their spans."""
    model = cross.CrossEncoder(path)
    found = []
    for sentences in passages:
        words = [sentence.split() for sentence in sentences]
        pieces = [[model.tokenizer.encode(word)[1:-1] for word in line] for line in words]
        texts = model.passage_texts([sum(line, []) for line in pieces])
        asked = model.question_text(model.tokenizer.encode(question)[1:-1])
        scores, spans = [], []
        for (part, rows), text in zip(model([(asked, text) for text in texts]), texts):
            scores += [round(float(score), 5) for score in part]
            for place in range(len(part)):
                at = [i for i, owner in enumerate(text.sentences) if owner == place][:-1]
                owners = [i for i, word in enumerate(pieces[len(spans)]) for _ in word]
                spans.append(best_span(rows, at, owners))
        found.append({"scores": scores, "spans": spans})
    return found


def best_span(rows, at, owners):
    best = max(
        (float(rows[at[i], cross.START] + rows[at[j], cross.END]), -i, -j)
        for i in range(len(at))
        for j in range(i, min(i + 24, len(at)))
    )
    return [owners[-best[1]], owners[-best[2]] + 1]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        item = json.loads(sys.argv[2])
        print(json.dumps(read(sys.argv[1], item["question"], item["passages"])))
    else:
        tiny(HERE / "encoder-sentences.gguf")
        found = read(HERE / "encoder-sentences.gguf", QUESTION, PASSAGES)
        golden = {"question": QUESTION, "passages": PASSAGES, "expected": found}
        (HERE / "cross-golden.json").write_text(json.dumps(golden, indent=1) + "\n")

"""The cross-encoder as a GGUF file."""

from . import gguf

# A file that names anything else than this head is refused by the engine, and this one by others.
HEAD = "sentences"
# What the file takes over from MiniLM's, where it is not a list.
KEPT = [
    ("bert.block_count", gguf.UINT32),
    ("bert.context_length", gguf.UINT32),
    ("bert.embedding_length", gguf.UINT32),
    ("bert.feed_forward_length", gguf.UINT32),
    ("bert.attention.head_count", gguf.UINT32),
    ("bert.attention.layer_norm_epsilon", gguf.FLOAT32),
    ("bert.attention.causal", gguf.BOOL),
    ("tokenizer.ggml.token_type_count", gguf.UINT32),
    ("tokenizer.ggml.model", gguf.STRING),
    ("tokenizer.ggml.pre", gguf.STRING),
    ("tokenizer.ggml.tokens", gguf.ARRAY),
    ("tokenizer.ggml.token_type", gguf.ARRAY),
    ("tokenizer.ggml.bos_token_id", gguf.UINT32),
    ("tokenizer.ggml.eos_token_id", gguf.UINT32),
    ("tokenizer.ggml.unknown_token_id", gguf.UINT32),
    ("tokenizer.ggml.seperator_token_id", gguf.UINT32),
    ("tokenizer.ggml.padding_token_id", gguf.UINT32),
    ("tokenizer.ggml.mask_token_id", gguf.UINT32),
    ("tokenizer.ggml.normalizer.lowercase", gguf.BOOL),
]


def save(model, path, name):
    """Writes a cross-encoder with its large matrices in Q8_0; the offset joins the head's bias."""
    head, bias = (value.detach().clone() for value in (model.head.weight, model.head.bias))
    bias[0] += model.offset.detach()
    tensors = [("cls.output.weight", head, gguf.F32), ("cls.output.bias", bias, gguf.F32)]
    for tensor in sorted(model.names):
        value = model.weight(tensor).detach()
        is_table = tensor in ("position_embd.weight", "token_types.weight")
        kind = gguf.Q8_0 if value.dim() == 2 and not is_table else gguf.F32
        tensors.append((tensor, value, kind))
    arrays = [(key, value.float().numpy(), kind) for key, value, kind in tensors]
    gguf.write(path, metadata(model, name), arrays)


def metadata(model, name):
    """What the file says about the model."""
    kept = [(key, kind, model.metadata[key]) for key, kind in KEPT if key in model.metadata]
    return [
        ("general.architecture", gguf.STRING, "bert"),
        ("general.name", gguf.STRING, name),
        *kept,
        ("bert.pooling_type", gguf.UINT32, 0),
        ("tributary.head", gguf.STRING, HEAD),
        ("tributary.separate_layers", gguf.UINT32, model.separate),
        ("tributary.question_tokens", gguf.UINT32, model.limits[0]),
        ("tributary.passage_tokens", gguf.UINT32, model.limits[1]),
        ("tributary.cosine_scale", gguf.FLOAT32, model.cosine.item()),
        ("general.quantization_version", gguf.UINT32, 2),
        ("general.file_type", gguf.UINT32, 7),
    ]

"""Reader weights between PyTorch and GGUF files, and the start of a new reader."""

import json

import torch

from . import gguf
from .layout import CONTEXT_LENGTH, QUESTION_POSITION, SPECIAL_TOKENS
from .minilm import WordPiece
from .model import Reader, Shape

MATRICES = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]
NORMS = ["attn_norm", "ffn_norm"]
CONTROL, NORMAL = 3, 1
FILE_TYPES = {gguf.F16: 1, gguf.Q8_0: 7}


def load(path):
    """A reader from a GGUF file."""
    metadata, tensors = gguf.read(path)
    shape = Shape(
        vocabulary=metadata["llama.vocab_size"],
        width=metadata["llama.embedding_length"],
        layers=metadata["llama.block_count"],
        heads=metadata["llama.attention.head_count"],
        inner=metadata["llama.feed_forward_length"],
        rope_base=metadata["llama.rope.freq_base"],
        epsilon=metadata["llama.attention.layer_norm_rms_epsilon"],
    )
    reader = Reader(shape)
    named = {name: torch.tensor(array) for name, array in tensors.items()}
    with torch.no_grad():
        reader.token_embd.copy_(named["token_embd.weight"])
        reader.output_norm.weight.copy_(named["output_norm.weight"])
        for index, block in enumerate(reader.blocks):
            for name in MATRICES:
                weight = named[f"blk.{index}.{name}.weight"]
                getattr(block, name).copy_(paired(weight, shape, name, halves=True))
            for name in NORMS:
                getattr(block, name).weight.copy_(named[f"blk.{index}.{name}.weight"])
    return reader


def save(reader, tokenizer, path, kind, name):
    """Writes a reader as a GGUF file with its matrices in the given type and its norms in F32."""
    tensors = [
        ("output_norm.weight", reader.output_norm.weight, gguf.F32),
        ("token_embd.weight", reader.token_embd, kind),
    ]
    for index, block in enumerate(reader.blocks):
        for part in MATRICES:
            weight = paired(getattr(block, part), reader.shape, part, halves=False)
            tensors.append((f"blk.{index}.{part}.weight", weight, kind))
        for part in NORMS:
            tensors.append((f"blk.{index}.{part}.weight", getattr(block, part).weight, gguf.F32))
    arrays = [(key, value.detach().float().numpy(), type_) for key, value, type_ in tensors]
    gguf.write(path, metadata(reader.shape, tokenizer, kind, name), arrays)


def metadata(shape, tokenizer, kind, name):
    """What the file says about the model; `tokenizer` is the path of its tokenizer.json."""
    with open(tokenizer, encoding="utf-8") as file:
        model = json.load(file)["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    types = [CONTROL if token in SPECIAL_TOKENS else NORMAL for token in tokens]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    return [
        ("general.architecture", gguf.STRING, "llama"),
        ("general.name", gguf.STRING, name),
        ("llama.context_length", gguf.UINT32, CONTEXT_LENGTH),
        ("llama.embedding_length", gguf.UINT32, shape.width),
        ("llama.block_count", gguf.UINT32, shape.layers),
        ("llama.feed_forward_length", gguf.UINT32, shape.inner),
        ("llama.attention.head_count", gguf.UINT32, shape.heads),
        ("llama.attention.head_count_kv", gguf.UINT32, shape.heads),
        ("llama.attention.layer_norm_rms_epsilon", gguf.FLOAT32, shape.epsilon),
        ("llama.rope.dimension_count", gguf.UINT32, shape.head),
        ("llama.rope.freq_base", gguf.FLOAT32, shape.rope_base),
        ("llama.vocab_size", gguf.UINT32, shape.vocabulary),
        ("tokenizer.ggml.model", gguf.STRING, "gpt2"),
        ("tokenizer.ggml.pre", gguf.STRING, "gpt-2"),
        ("tokenizer.ggml.tokens", gguf.ARRAY, tokens),
        ("tokenizer.ggml.token_type", gguf.ARRAY, types),
        ("tokenizer.ggml.merges", gguf.ARRAY, merges),
        ("tributary.context", gguf.STRING, "independent"),
        ("tributary.question_position", gguf.UINT32, QUESTION_POSITION),
        ("tokenizer.ggml.eos_token_id", gguf.UINT32, 0),
        ("tokenizer.ggml.bos_token_id", gguf.UINT32, 0),
        ("tokenizer.ggml.add_bos_token", gguf.BOOL, False),
        ("general.quantization_version", gguf.UINT32, 2),
        ("general.file_type", gguf.UINT32, FILE_TYPES[kind]),
    ]


def paired(weight, shape, name, halves):
    """Rotary pairs lie side by side in the file, and a half of the head apart in PyTorch."""
    if name not in ("attn_q", "attn_k"):
        return weight
    split = (shape.head // 2, 2) if halves else (2, shape.head // 2)
    return weight.reshape(shape.heads, *split, -1).transpose(1, 2).reshape(weight.shape)


def start_from_words(reader, tokenizer, minilm):
    """Gives a new reader's embedding what MiniLM knows about words.

    Each token takes the mean of its word pieces' vectors, projected to the directions in which
    they differ most, at the size of a random start; special tokens stay random.
    """
    encoder_metadata, tensors = gguf.read(minilm)
    pieces = WordPiece(encoder_metadata["tokenizer.ggml.tokens"])
    table = torch.tensor(tensors["token_embd.weight"])
    vectors = torch.zeros(reader.shape.vocabulary, table.shape[1])
    for token in range(len(SPECIAL_TOKENS), reader.shape.vocabulary):
        ids = pieces.encode(tokenizer.decode([token]))[1:-1]
        vectors[token] = table[ids].mean(0) if ids else 0
    known = vectors.abs().sum(1) > 0
    centred = vectors[known] - vectors[known].mean(0)
    _, directions = torch.linalg.eigh(centred.T @ centred)
    projected = centred @ directions[:, -reader.shape.width :]
    with torch.no_grad():
        reader.token_embd[known] = projected / projected.std()

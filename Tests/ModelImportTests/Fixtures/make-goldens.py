#!/usr/bin/env python3
"""Writes tokenizers, settings and goldens.json beside this script: what transformers computes.

Weights are not stored: each number follows from its tensor's name and its index (`weights` below and
`SampleFolder.weights` in the tests). Needs torch, transformers, tokenizers and numpy.
"""

import json
import pathlib
import tempfile

import numpy as np
import torch
import transformers as T
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).parent
TEXT = "Once upon a time, it's 1234 grüße 火!\n\n  x"
CORPUS = ["The quick brown fox jumps over 13 lazy dogs, isn't it?", "Once upon a time it rained",
          "grüße, ñandú, zażółć"] * 20
WORDS = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
COLUMNS = 8


def weights(name, shape):
    """Whole numbers from -128 to 127 by SplitMix64 from the name's FNV-1a hash, scaled."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z = z ^ z >> np.uint64(31)
    whole = (z >> np.uint64(56)).astype(np.int64) - 128
    if "norm" in name.lower() and name.endswith("weight"):
        values = 1 + whole // 8 / 128
    else:
        values = whole / 1024
    return values.astype(np.float32).reshape(shape)


def byte_level(digits, special, bos=None, **options):
    t = Tokenizer(models.BPE(**options))
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(WORDS % digits), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=[]))
    t.add_special_tokens(special)
    if bos:
        t.post_processor = processors.Sequence([
            processors.ByteLevel(trim_offsets=False), template(t, f"{bos} $A", bos)])
    return t


def template(t, single, *tokens):
    return processors.TemplateProcessing(
        single=single, pair=f"{single} $B", special_tokens=[(x, t.token_to_id(x)) for x in tokens])


def sentence_piece(prepends, special, bos):
    steps = [normalizers.Prepend("▁")] if prepends else []
    t = Tokenizer(models.BPE(unk_token="<unk>"))
    t.normalizer = normalizers.Sequence(steps + [normalizers.Replace(" ", "▁")])
    t.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    pieces = special + ["<0x%02X>" % byte for byte in range(256)]
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=340, special_tokens=pieces))
    file = json.loads(t.to_str())
    file["model"].update(byte_fallback=True, fuse_unk=True)
    file["pre_tokenizer"] = None
    file["added_tokens"] = [token for token in file["added_tokens"] if token["content"] in special]
    t = Tokenizer.from_str(json.dumps(file))
    t.post_processor = template(t, f"{bos} $A", bos)
    return t


def word_piece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=120, special_tokens=special))
    t.post_processor = template(t, "[CLS] $A [SEP]", "[CLS]", "[SEP]")
    return t


def settings(bos, eos, **more):
    return {"bos_token": bos, "eos_token": eos, **more}


TOKENIZERS = {
    "llama3": (byte_level("{1,3}", ["<|begin|>", "<|end|>"], "<|begin|>", ignore_merges=True),
               settings("<|begin|>", "<|end|>", chat_template="{{ messages }}")),
    "qwen": (byte_level("", ["<|endoftext|>", "<|im_end|>"]),
             {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "add_bos_token": False}),
    "pieces": (sentence_piece(True, ["<unk>", "<s>", "</s>", "<|endoftext|>"], "<s>"),
               settings("<s>", {"content": "</s>"}, unk_token="<unk>")),
    "gemma": (sentence_piece(False, ["<pad>", "<eos>", "<bos>", "<unk>"], "<bos>"),
              settings("<bos>", "<eos>", pad_token="<pad>", unk_token="<unk>")),
    "words": (word_piece(), {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
                             "pad_token": "[PAD]", "mask_token": "[MASK]"}),
}
SIZES = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=128, bos_token_id=None,
             eos_token_id=None, pad_token_id=None)
LLAMA3 = dict(rope_type="llama3", rope_theta=5e5, factor=8.0, low_freq_factor=1.0,
              high_freq_factor=4.0, original_max_position_embeddings=32)
LONG = dict(rope_type="longrope", rope_theta=1e4, long_factor=[1.5, 2.0, 2.5, 3.0],
            short_factor=[1.0, 1.1, 1.2, 1.3], original_max_position_embeddings=64)
# name: (class, configuration, tokenizer, rows more than tokens, element, parts)
MODELS = {
    "llama3": ("Llama", dict(tie_word_embeddings=True, rope_parameters=LLAMA3), "llama3", 0, "BF16", 2),
    "llama2": ("Llama", dict(tie_word_embeddings=False, head_dim=16, attention_bias=False),
               "pieces", 0, "F16", 1),
    "mistral": ("Mistral", dict(head_dim=16, sliding_window=64), "pieces", 0, "F32", 1),
    "qwen2": ("Qwen2", dict(tie_word_embeddings=False), "qwen", 5, "F32", 1),
    "qwen3": ("Qwen3", dict(tie_word_embeddings=True, head_dim=16), "qwen", 5, "BF16", 1),
    "phi3": ("Phi3", dict(sliding_window=8), "pieces", 3, "F32", 1),
    "phi3-long": ("Phi3", dict(sliding_window=None, rope_parameters=LONG,
                               original_max_position_embeddings=64), "pieces", 3, "F32", 1),
    "gemma2": ("Gemma2", dict(head_dim=16, query_pre_attn_scalar=16, sliding_window=8), "gemma", 0,
               "BF16", 1),
    "gemma3": ("Gemma3", dict(head_dim=16, query_pre_attn_scalar=16, sliding_window=8,
                              num_hidden_layers=7), "gemma", 0, "BF16", 1),
}
ELEMENTS = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def decoder(class_name, options, vocabulary):
    text = "Text" if class_name == "Gemma3" else ""
    configuration = getattr(T, f"{class_name}{text}Config")(**{**SIZES, "vocab_size": vocabulary, **options})
    return getattr(T, f"{class_name}ForCausalLM")(configuration)


def encoder(vocabulary):
    return T.BertModel(T.BertConfig(
        vocab_size=vocabulary, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=64))


def filled(model, element):
    """The model with our weights, the names and shapes that its file has, and its settings."""
    with tempfile.TemporaryDirectory() as folder:
        model.to(ELEMENTS[element]).save_pretrained(folder)
        from safetensors import safe_open
        with safe_open(f"{folder}/model.safetensors", "pt") as file:
            shapes = {name: list(file.get_slice(name).get_shape()) for name in file.keys()}
        config = json.loads((pathlib.Path(folder) / "config.json").read_text())
    model = model.float().eval()
    state = model.state_dict()
    for name in state:
        stored = name if name in shapes else "model.embed_tokens.weight"
        state[name].copy_(torch.from_numpy(weights(stored, tuple(state[name].shape))))
    return model, shapes, config


def golden(name, model, tokenizer, element, parts):
    model, shapes, config = filled(model, element)
    config.pop("transformers_version", None)
    (HERE / f"{name}.config.json").write_text(json.dumps(config, indent=1) + "\n")
    ids = TOKENIZERS[tokenizer][0].encode(TEXT).ids
    with torch.no_grad():
        result = model(torch.tensor([ids]))
    if "last_hidden_state" in result:
        vector = result.last_hidden_state[0].mean(0)
        rows = [(vector / vector.norm()).tolist()]
    else:
        logits = result.logits[0]
        step = logits.shape[1] // COLUMNS
        rows = logits[:, : step * COLUMNS : step].tolist()
    return {"tokenizer": tokenizer, "element": element, "parts": parts, "ids": ids,
            "shapes": shapes, "values": [[round(x, 6) for x in row] for row in rows]}


def main():
    for name, (tokenizer, config) in TOKENIZERS.items():
        text = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
        (HERE / f"{name}.tokenizer.json").write_text(text + "\n")
        (HERE / f"{name}.tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
    goldens = {}
    for name, (class_name, options, tokenizer, more, element, parts) in MODELS.items():
        vocabulary = TOKENIZERS[tokenizer][0].get_vocab_size() + more
        model = decoder(class_name, options, vocabulary)
        goldens[name] = golden(name, model, tokenizer, element, parts)
    model = encoder(TOKENIZERS["words"][0].get_vocab_size())
    goldens["bert"] = golden("bert", model, "words", "F32", 1)
    text = json.dumps({"text": TEXT, "columns": COLUMNS, "models": goldens}, ensure_ascii=False)
    (HERE / "goldens.json").write_text(text + "\n")


if __name__ == "__main__":
    main()

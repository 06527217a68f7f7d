"""The sentence encoder of the semantic term: all-MiniLM-L6-v2, read from its GGUF file."""

import unicodedata

import torch
from torch.nn import functional

from . import gguf

LONGEST = 128


class WordPiece:
    """BERT's uncased tokenizer; in the file a piece that begins a word is marked by `▁`."""

    def __init__(self, tokens):
        self.tokens = list(tokens)
        self.ids = {token: index for index, token in enumerate(tokens)}
        self.first, self.last, self.unknown = (
            self.ids[name] for name in ("[CLS]", "[SEP]", "[UNK]")
        )

    def encode(self, text):
        """The ids between `[CLS]` and `[SEP]`, at most `LONGEST` in all."""
        ids = [piece for word in words(text) for piece in self.pieces(word)]
        return [self.first, *ids[: LONGEST - 2], self.last]

    def pieces(self, word):
        """The longest pieces from the left, or the unknown token."""
        found, start, mark = [], 0, "▁"
        while start < len(word):
            end = len(word)
            while end > start and mark + word[start:end] not in self.ids:
                end -= 1
            if end == start:
                return [self.unknown]
            found.append(self.ids[mark + word[start:end]])
            start, mark = end, ""
        return found


def words(text):
    """Lower case without accents; punctuation and ideographs stand alone."""
    result = ""
    for character in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(character)
        if category == "Mn":
            continue
        is_symbol = character.isascii() and not character.isalnum() and character.isprintable()
        alone = is_symbol or category.startswith("P") or "\u4e00" <= character <= "\u9fff"
        result += f" {character} " if alone else character
    return result.split()


class MiniLM:
    """Turns texts into unit vectors of 384 numbers."""

    def __init__(self, path, is_fast=False):
        """`is_fast`: products in bfloat16; 200 vectors had cosines above .9999 with the exact ones."""
        self.is_fast = is_fast
        metadata, tensors = gguf.read(path)
        self.tokenizer = WordPiece(metadata["tokenizer.ggml.tokens"])
        self.weights = {name: torch.tensor(array) for name, array in tensors.items()}
        self.layers = metadata["bert.block_count"]
        self.heads = metadata["bert.attention.head_count"]
        self.epsilon = metadata["bert.attention.layer_norm_epsilon"]

    @torch.no_grad()
    def embed(self, texts):
        """The vectors of a batch, `(texts, 384)`."""
        rows = [self.tokenizer.encode(text) for text in texts]
        length = max(map(len, rows))
        ids = torch.tensor([row + [0] * (length - len(row)) for row in rows])
        present = torch.tensor([[1.0] * len(row) + [0.0] * (length - len(row)) for row in rows])
        with torch.autocast("cpu", torch.bfloat16, enabled=self.is_fast):
            hidden = self.forward(ids, present).float()
        total = (hidden * present[..., None]).sum(1) / present.sum(1, keepdim=True)
        return functional.normalize(total, dim=-1)

    def forward(self, ids, present):
        """BERT, post-norm: the last layer's output of every token."""
        weights = self.weights
        x = weights["token_embd.weight"][ids] + weights["token_types.weight"][0]
        x = self.norm(x + weights["position_embd.weight"][: ids.shape[1]], "token_embd_norm")
        mask = (1 - present)[:, None, None] * -1e9
        for layer in range(self.layers):
            block = f"blk.{layer}."
            attended = self.linear(self.attention(x, block, mask), block + "attn_output")
            x = self.norm(x + attended, block + "attn_output_norm")
            inner = functional.gelu(self.linear(x, block + "ffn_up"))
            x = self.norm(x + self.linear(inner, block + "ffn_down"), block + "layer_output_norm")
        return x

    def attention(self, x, block, mask):
        """Every token attends to all that are present."""
        batch, length, width = x.shape
        query, key, value = (
            self.linear(x, block + name).view(batch, length, self.heads, -1).transpose(1, 2)
            for name in ("attn_q", "attn_k", "attn_v")
        )
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5 + mask
        return (scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, length, width)

    def linear(self, x, name):
        return functional.linear(x, self.weights[name + ".weight"], self.weights[name + ".bias"])

    def norm(self, x, name):
        weight, bias = self.weights[name + ".weight"], self.weights[name + ".bias"]
        return functional.layer_norm(x, (x.shape[-1],), weight, bias, self.epsilon)

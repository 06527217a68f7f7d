"""The cross-encoder: MiniLM reading a question and one passage, a score for every sentence.

The lower layers read question and passage each by itself, as MiniLM was trained to; the upper ones
read both together. What a sentence scores depends on the question and its own passage alone.
"""

from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional

from . import gguf
from .minilm import WordPiece
from .precision import has_bfloat16

# Layers in which question and passage do not see each other; they stay as they are in MiniLM.
SEPARATE = 3
# Tokens of a question and of a passage at most, with those that separate.
QUESTION_TOKENS, PASSAGE_TOKENS = 64, 256
# What the head computes for every token.
GREATEST, START, END = range(3)
HEAD_ROWS = 3
# What a cosine of 1 between a sentence and the question adds to the score before training.
COSINE = 20.0
# The share of what a trained layer adds that is left out while it is trained.
DROPOUT = 0.1


@dataclass
class Text:
    """Tokens with the sentence that each belongs to; -1 for the first one."""

    ids: list[int]
    sentences: list[int]
    # Frozen layers' output, kept where a text is read more than once.
    lower: torch.Tensor | None = field(default=None, repr=False)


class CrossEncoder(nn.Module):
    """MiniLM's layers with a head; the embeddings and the separate layers are not trained."""

    def __init__(self, path):
        super().__init__()
        metadata, tensors = gguf.read(path)
        separate = metadata.get("tributary.separate_layers", SEPARATE)
        self.metadata, self.separate = metadata, separate
        # Of the layers; what is computed from their output stays in float32.
        self.precision = torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16())
        self.limits = (
            metadata.get("tributary.question_tokens", QUESTION_TOKENS),
            metadata.get("tributary.passage_tokens", PASSAGE_TOKENS),
        )
        self.tokenizer = WordPiece(metadata["tokenizer.ggml.tokens"])
        self.layers = metadata["bert.block_count"]
        self.heads = metadata["bert.attention.head_count"]
        self.epsilon = metadata["bert.attention.layer_norm_epsilon"]
        self.names = [name for name in tensors if not name.startswith("cls.")]
        self.trained, self.frozen = nn.ParameterDict(), {}
        for name in self.names:
            value = torch.tensor(tensors[name])
            if name.startswith("blk.") and int(name.split(".")[1]) >= separate:
                self.trained[name.replace(".", "/")] = nn.Parameter(value)
            else:
                self.frozen[name] = value
        scale = metadata.get("tributary.cosine_scale")
        self.head = nn.Linear(metadata["bert.embedding_length"], HEAD_ROWS)
        self.cosine = nn.Parameter(torch.tensor(COSINE if scale is None else scale))
        # In a file it is part of the head's bias.
        self.offset = nn.Parameter(torch.tensor(-0.5 * COSINE if scale is None else 0.0))
        with torch.no_grad():
            if scale is None:
                self.head.weight.normal_(0, 0.005)
                self.head.bias.zero_()
            else:
                self.head.weight.copy_(torch.tensor(tensors["cls.output.weight"]))
                self.head.bias.copy_(torch.tensor(tensors["cls.output.bias"]))
        self.eval()

    def question_text(self, pieces):
        """`[CLS] question [SEP]`."""
        ids = [self.tokenizer.first, *pieces[: self.limits[0] - 2], self.tokenizer.last]
        return Text(ids, [-1] * len(ids))

    def passage_texts(self, sentences):
        """`[CLS] sentence [SEP] sentence [SEP] ...`, as many together as fit, a longer one in part.

        A sentence owns the separator after it.
        """
        texts = []
        for pieces in sentences:
            if not texts or len(texts[-1].ids) + len(pieces) + 1 > self.limits[1]:
                texts.append(Text([self.tokenizer.first], [-1]))
            ids, owners = texts[-1].ids, texts[-1].sentences
            pieces = pieces[: self.limits[1] - len(ids) - 1]
            ids += [*pieces, self.tokenizer.last]
            owners += [owners[-1] + 1] * (len(pieces) + 1)
        return texts

    def weight(self, name):
        """A tensor by its name in the file."""
        key = name.replace(".", "/")
        return self.trained[key] if key in self.trained else self.frozen[name]

    @torch.no_grad()
    def read_lower(self, texts, kind):
        """Fills in the frozen layers' output of texts of one token type; nothing is left out."""
        missing = [text for text in texts if text.lower is None]
        training = self.training
        self.eval()
        for part in parts(missing, lambda text: len(text.ids)):
            length = max(len(text.ids) for text in part)
            ids = torch.tensor([text.ids + [0] * (length - len(text.ids)) for text in part])
            x = self.weight("token_embd.weight")[ids] + self.weight("token_types.weight")[kind]
            x = self.norm(x + self.weight("position_embd.weight")[:length], "token_embd_norm")
            mask = padding_mask([len(text.ids) for text in part], length)
            with self.precision:
                for layer in range(self.separate):
                    x = self.block(x, layer, mask)
            for row, text in enumerate(part):
                text.lower = x[row, : len(text.ids)].float().clone()
        self.train(training)

    def forward(self, pairs):
        """The sentences' scores and the tokens' rows of each pair."""
        self.read_lower({id(q): q for q, _ in pairs}.values(), 0)
        self.read_lower({id(p): p for _, p in pairs}.values(), 1)
        results = {}
        order = sorted(range(len(pairs)), key=lambda i: -size(pairs[i]))
        for part in parts(order, lambda i: size(pairs[i])):
            rows = [torch.cat([text.lower for text in pairs[i]]) for i in part]
            x = nn.utils.rnn.pad_sequence(rows, batch_first=True)
            mask = padding_mask([len(row) for row in rows], x.shape[1])
            with self.precision:
                for layer in range(self.separate, self.layers):
                    x = self.block(x, layer, mask)
            x = x.float()
            for row, i in enumerate(part):
                results[i] = self.values(x[row, : len(rows[row])], *pairs[i])
        return [results[i] for i in range(len(pairs))]

    def values(self, x, question, passage):
        """The score of each sentence and the head's rows of each of the passage's tokens.

        A sentence scores how near the mean of its tokens is to the question's, and the greatest of
        what the head sees in its tokens.
        """
        asked, read = x[: len(question.ids)], x[len(question.ids) :]
        rows = self.head(read)
        owners = torch.tensor(passage.sentences)
        mine = (owners[None] == torch.arange(int(owners.max()) + 1)[:, None]).float()
        means = mine @ read / mine.sum(1, keepdim=True)
        near = functional.cosine_similarity(means, asked.mean(0)[None])
        seen = torch.where(mine > 0, rows[:, GREATEST], -torch.inf).amax(1)
        return self.cosine * near + self.offset + seen, rows

    def block(self, x, layer, mask):
        """One layer of BERT, post-norm."""
        block = f"blk.{layer}."
        attended = self.linear(self.attention(x, block, mask), block + "attn_output")
        attended = functional.dropout(attended, DROPOUT, self.training)
        x = self.norm(x + attended, block + "attn_output_norm")
        inner = functional.gelu(self.linear(x, block + "ffn_up"))
        added = self.linear(inner, block + "ffn_down")
        added = functional.dropout(added, DROPOUT, self.training)
        return self.norm(x + added, block + "layer_output_norm")

    def attention(self, x, block, mask):
        """Every token attends to all that are present."""
        batch, length, width = x.shape
        query, key, value = (
            self.linear(x, block + name).view(batch, length, self.heads, -1).transpose(1, 2)
            for name in ("attn_q", "attn_k", "attn_v")
        )
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        if mask is not None:
            scores = scores + mask
        return (scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, length, width)

    def linear(self, x, name):
        return functional.linear(x, self.weight(name + ".weight"), self.weight(name + ".bias"))

    def norm(self, x, name):
        weight, bias = self.weight(name + ".weight"), self.weight(name + ".bias")
        return functional.layer_norm(x, (x.shape[-1],), weight, bias, self.epsilon)


def size(pair):
    return sum(len(text.ids) for text in pair)


def parts(items, length, limit=1536):
    """Neighbouring items of similar length, together at most so many tokens with padding."""
    part, longest = [], 0
    for item in sorted(items, key=length, reverse=True):
        if part and (len(part) + 1) * longest > limit:
            yield part
            part = []
        longest = length(item) if not part else longest
        part.append(item)
    if part:
        yield part


def padding_mask(lengths, width):
    """What is added to the scores of padding, or None where there is none."""
    if min(lengths) == width:
        return None
    present = torch.arange(width)[None] < torch.tensor(lengths)[:, None]
    return torch.where(present, 0.0, -1e9)[:, None, None]

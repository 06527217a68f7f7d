"""The reader: a plain Llama decoder whose output is tied to its embedding."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from .layout import CONTEXT_LENGTH

# In each layer the first so many heads may be taught where to look.
GUIDED_HEADS = 2


@dataclass(frozen=True)
class Shape:
    """The sizes of a reader; rows of all matrices are multiples of 32, as Q8_0 needs them."""

    vocabulary: int = 8192
    width: int = 256
    layers: int = 6
    heads: int = 4
    inner: int = 704
    rope_base: float = 10000.0
    epsilon: float = 1e-5

    @property
    def head(self):
        """Numbers in each head."""
        return self.width // self.heads


class RMSNorm(nn.Module):
    """Root-mean-square normalisation with a weight."""

    def __init__(self, width, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


class Block(nn.Module):
    """Attention and a gated feed-forward, each added to what came in."""

    def __init__(self, shape):
        super().__init__()
        width, inner = shape.width, shape.inner
        self.heads = shape.heads
        self.attn_norm = RMSNorm(width, shape.epsilon)
        self.ffn_norm = RMSNorm(width, shape.epsilon)
        self.attn_q, self.attn_k, self.attn_v = (matrix(width, width) for _ in range(3))
        self.attn_output = nn.Parameter(torch.zeros(width, width))
        self.ffn_gate, self.ffn_up = matrix(inner, width), matrix(inner, width)
        self.ffn_down = nn.Parameter(torch.zeros(width, inner))

    def forward(self, x, rotation, bias):
        """What comes out, and how much of each token every head took.

        `bias` is 0 where a row of tokens may attend and very negative elsewhere.
        """
        y = self.attn_norm(x)
        value = self.divided(functional.linear(y, self.attn_v))
        attention = self.attention(y, rotation, bias)
        attended = (attention.to(value.dtype) @ value).transpose(1, 2).flatten(2)
        x = x + functional.linear(attended, self.attn_output)
        y = self.ffn_norm(x)
        gate = functional.silu(functional.linear(y, self.ffn_gate))
        x = x + functional.linear(gate * functional.linear(y, self.ffn_up), self.ffn_down)
        return x, attention

    def attention(self, y, rotation, bias):
        """How much of each token every head takes, `(batch, heads, length, length)`."""
        query, key = (
            self.divided(functional.linear(y, weight)) for weight in (self.attn_q, self.attn_k)
        )
        # Written out: the CPU's fused attention is several times slower to train.
        query = rotate(query * query.shape[-1] ** -0.5, rotation)
        scores = query @ rotate(key, rotation).transpose(-1, -2)
        return scores.add_(bias).softmax(-1)

    def divided(self, x):
        """The heads' parts, `(batch, heads, length, numbers)`."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Reader(nn.Module):
    """Tokens, positions and who may attend to whom in; hidden states out."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        # As large as what the blocks add to it, or no block after the first finds the token again:
        # the logits are kept small by the last norm.
        self.token_embd = nn.Parameter(torch.randn(shape.vocabulary, shape.width))
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = RMSNorm(shape.width, shape.epsilon)
        nn.init.constant_(self.output_norm.weight, 0.04)
        frequencies = shape.rope_base ** (-torch.arange(0, shape.head, 2) / shape.head)
        angles = torch.arange(CONTEXT_LENGTH)[:, None] * frequencies
        self.register_buffer("cosines", angles.cos(), persistent=False)
        self.register_buffer("sines", angles.sin(), persistent=False)

    def forward(self, ids, positions, allowed):
        """The normalised output of every layer, `(batch, length, width)` each, and attention.

        That of the guided heads of every layer, `(batch, heads, length, length)` each.
        """
        x = self.token_embd[ids]
        rotation, bias = self.surroundings(positions, allowed)
        outputs, attention = [], []
        for block in self.blocks:
            x, weights = block(x, rotation, bias)
            outputs.append(self.output_norm(x))
            attention.append(weights[:, :GUIDED_HEADS])
        return outputs, attention

    def surroundings(self, positions, allowed):
        """What every block needs: how positions turn, and what hides tokens from each other."""
        rotation = self.cosines[positions][:, None], self.sines[positions][:, None]
        return rotation, torch.zeros(allowed.shape).masked_fill(~allowed, -1e9)[:, None]

    def logits(self, hidden, tokens=None):
        """The logits of all tokens, or of the first so many."""
        return functional.linear(hidden, self.token_embd[:tokens])


def matrix(rows, columns):
    """A matrix that keeps the size of what goes through it, roughly."""
    return nn.Parameter(torch.randn(rows, columns) * columns**-0.5 * 0.6)


def rotate(x, rotation):
    """Rotary positions: the first half of each head is paired with the second."""
    cosine, sine = rotation
    first, second = x.float().chunk(2, -1)
    rotated = torch.cat((first * cosine - second * sine, second * cosine + first * sine), -1)
    return rotated.to(x.dtype)

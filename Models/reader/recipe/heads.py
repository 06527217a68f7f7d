"""A reader with half as many heads, each twice as wide, as the start of further training.

Wider heads compute fewer exponentials for as many products. Two heads become one whose scores are
the mean of theirs, which is right only where both look at the same tokens: those that do most are
merged, and what is lost came back within three million tokens of training.
"""

from dataclasses import replace

import torch

from .model import Reader


def merged(reader, batches):
    """The reader with its heads merged in the pairs that look alike on the batches."""
    result = Reader(replace(reader.shape, heads=reader.shape.heads // 2))
    state = reader.state_dict()
    for number, seen in enumerate(attention(reader, batches)):
        block = f"blocks.{number}."
        rotated, plain = orders(pairs(seen), reader.shape.head)
        # Scores are divided by the root of the width, which doubles.
        state[block + "attn_q"] = state[block + "attn_q"][rotated] * 0.5 * 2**0.5
        state[block + "attn_k"] = state[block + "attn_k"][rotated]
        state[block + "attn_v"] = state[block + "attn_v"][plain]
        state[block + "attn_output"] = state[block + "attn_output"][:, plain]
    result.load_state_dict(state)
    return result


@torch.no_grad()
def attention(reader, batches):
    """For each layer how each head attends in the batches, `(heads, everything)`."""
    seen = [[] for _ in reader.blocks]
    for batch in batches:
        x = reader.token_embd[batch.ids]
        rotation, bias = reader.surroundings(batch.positions, batch.allowed)
        for block, found in zip(reader.blocks, seen):
            x, weights = block(x, rotation, bias)
            found.append(weights.transpose(0, 1).flatten(1))
    return [torch.cat(found, 1) for found in seen]


def pairs(seen):
    """All heads in pairs, so that the cosines within pairs have the largest sum."""
    unit = torch.nn.functional.normalize(seen, dim=1)
    alike = unit @ unit.T

    def best(left):
        if not left:
            return 0.0, []
        first, rest = left[0], left[1:]
        choices = []
        for other in rest:
            value, found = best([head for head in rest if head != other])
            choices.append((value + float(alike[first, other]), [(first, other), *found]))
        return max(choices)

    return best(list(range(len(seen))))[1]


def orders(found, width):
    """The rows of the old heads in the order of the new ones: where they rotate, and elsewhere.

    A head's first half is paired with its second, each pair turning slower than the one before. In a
    head twice as wide every second pair turns as fast as before: those of the first of two heads.
    """
    half = torch.arange(width // 2)
    rotated, plain = [], []
    for one, other in found:
        first = torch.stack((one * width + half, other * width + half), 1).flatten()
        rotated += [first, first + width // 2]
        plain += [one * width + torch.arange(width), other * width + torch.arange(width)]
    return torch.cat(rotated), torch.cat(plain)

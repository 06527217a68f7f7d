"""Muon: momentum whose update is brought near to an orthogonal matrix."""

import torch


class Muon(torch.optim.Optimizer):
    """For the matrices inside the blocks; embeddings and norms take Adam."""

    def __init__(self, parameters, lr, momentum=0.95, decay=0.1):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            by_shape = {}
            for weight in group["params"]:
                state = self.state[weight]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(weight)
                state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                update = weight.grad.lerp(state["momentum"], group["momentum"])
                by_shape.setdefault(weight.shape, []).append((weight, update))
            for (rows, columns), members in by_shape.items():
                scale = group["lr"] * max(1, rows / columns) ** 0.5
                updates = orthogonal(torch.stack([update for _, update in members]))
                for (weight, _), update in zip(members, updates):
                    weight.mul_(1 - group["lr"] * group["decay"]).add_(update, alpha=-scale)


def orthogonal(x, steps=5):
    """Five Newton-Schulz steps on a stack of matrices; coefficients by Keller Jordan."""
    transposed = x.shape[-2] > x.shape[-1]
    if transposed:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.mT if transposed else x

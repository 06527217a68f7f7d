"""Training that can be killed at any time and goes on from its last checkpoint."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from . import batches, durable, evaluate, losses
from .contexts import ContextMaker, SequenceMaker, generator
from .model import Reader, Shape
from .muon import Muon
from .passages import Prepared
from .precision import has_bfloat16
from .terms import LabelTerms

SEED = 1
CHECKPOINT_SECONDS, EVALUATION_TOKENS = 300, 4_000_000
# A step's contexts go forward in parts: larger ones are slower, for their scores fill the memory.
# Compiled, larger ones are faster.
PART_TOKENS, COMPILED_PART_TOKENS = 1280, 4096


@dataclass
class Material:
    """What is trained and evaluated on."""

    prepared: Prepared
    terms: LabelTerms
    encode: Callable[[str], list[int]]

    def report(self, reader):
        """How a reader does on the held-out questions."""
        return evaluate.report(reader, self.prepared, self.terms)


class Schedule:
    """What is trained on, and how fast, after a fraction of all tokens."""

    def __init__(self, continues):
        self.continues = continues

    def shape(self, fraction, step):
        """Rows, tokens in each, and tokens for passages: short contexts first."""
        if self.continues or fraction > 0.6 or (fraction > 0.15 and step % 3 == 0):
            return 16, 640, 440
        return 16, 256, 160

    def easy(self, fraction):
        """The share of the made questions that are words of the sentence as they stand there."""
        if self.continues:
            return 0.0
        return 1.0 if fraction < 0.04 else max(0.0, 0.7 - 2 * fraction)

    def mixture(self, fraction):
        """The shares of human questions, cloze questions and made-up facts.

        A new reader learns to compare words from cloze questions, in a million tokens or so.
        """
        if self.continues or fraction > 0.3:
            return 0.6, 0.2, 0.2
        return (0.0, 1.0, 0.0) if fraction < 0.04 else (0.45, 0.35, 0.2)

    def rate(self, fraction, step):
        """The factor on all learning rates: a short warm-up, flat, then linear to 3 %."""
        warm = min(1, (step + 1) / 25)
        if self.continues:
            return 0.4 * warm * max(0.03, 1 - fraction)
        return warm * min(1, max(0.03, (1 - fraction) / 0.55))


class Steps:
    """What each step is trained on, the same after a resumption."""

    def __init__(self, schedule, material):
        self.schedule = schedule
        self.contexts = ContextMaker(material.prepared, material.encode)
        self.sequences = SequenceMaker(material.encode, material.terms)

    def batches(self, step, fraction, part_tokens=PART_TOKENS):
        """The contexts of a step, in parts of at most so many tokens."""
        rng = generator(SEED, step)
        torch.manual_seed(rng.getrandbits(32))
        rows, length, room = self.schedule.shape(fraction, step)
        made = []
        while len(made) < rows:
            wanted = int(room * rng.uniform(0.5, 1))
            context = self.contexts.context(
                rng, wanted, self.schedule.mixture(fraction), self.schedule.easy(fraction)
            )
            sequence = self.sequences.sequence(*context, length, rng)
            if sequence.targets:
                made.append(sequence)
        size = max(1, part_tokens // length)
        return [batches.batch(made[at : at + size], length) for at in range(0, rows, size)]


class Training:
    """A reader, its optimisers and how far they are."""

    def __init__(self, reader, schedule, material, folder, total):
        self.reader, self.schedule, self.material = reader, schedule, material
        self.folder, self.total = folder, total
        self.steps = Steps(schedule, material)
        self.mixture = losses.Mixture()
        self.likeness = losses.Likeness(reader.shape.width, material.terms.vectors.shape[1])
        self.step = self.tokens = 0
        self.optimizers = optimizers(reader, self.mixture, self.likeness)
        self.rates = [[group["lr"] for group in o.param_groups] for o in self.optimizers]
        # What runs forward; `compile` replaces it by a faster one.
        self.forward = reader
        self.part_tokens = PART_TOKENS
        # Only processors with instructions for it are faster in bfloat16.
        self.precision = torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16())
        self.restore()

    def compile(self):
        """Lets PyTorch generate code for the model; needs a C++ compiler."""
        self.forward = torch.compile(self.reader, dynamic=False)
        self.part_tokens = COMPILED_PART_TOKENS

    def run(self):
        """Trains until all tokens are read."""
        saved = time.time()
        while self.tokens < self.total:
            began, before = time.time(), self.tokens
            parts = self.advance()
            self.log({"step": self.step, "tokens": self.tokens, **parts}, began, before)
            if time.time() - saved > CHECKPOINT_SECONDS or self.tokens >= self.total:
                self.save()
                saved = time.time()
            if self.tokens // EVALUATION_TOKENS > before // EVALUATION_TOKENS:
                print(self.material.report(self.reader), flush=True)

    def advance(self):
        """One step; returns the losses."""
        fraction = self.tokens / self.total
        parts = self.steps.batches(self.step, fraction, self.part_tokens)
        sums = {}
        for batch in parts:
            with self.precision:
                found = self.forward(batch.ids, batch.positions, batch.allowed)
                total, values = losses.loss(
                    self.reader, self.mixture, self.likeness, *found, batch
                )
            share = len(batch.ids) / sum(len(part.ids) for part in parts)
            (total * share).backward()
            for name, value in values.items():
                sums[name] = sums.get(name, 0) + value * share
        torch.nn.utils.clip_grad_norm_([self.reader.token_embd], 1.0)
        factor = self.schedule.rate(fraction, self.step)
        for optimizer, rates in zip(self.optimizers, self.rates):
            for group, rate in zip(optimizer.param_groups, rates):
                group["lr"] = rate * factor
            optimizer.step()
            optimizer.zero_grad()
        self.step += 1
        self.tokens += sum(batch.ids.numel() for batch in parts)
        return {name: round(value, 3) for name, value in sums.items()}

    def log(self, values, began, before):
        """Appends a line of JSON."""
        values["tokens_per_second"] = round((self.tokens - before) / (time.time() - began))
        line = json.dumps(values)
        print(line, flush=True)
        with open(self.folder / "train.jsonl", "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def save(self):
        """Writes the checkpoint so that a crash leaves the old one or the new one."""
        state = {
            "shape": asdict(self.reader.shape),
            "reader": self.reader.state_dict(),
            "mixture": self.mixture.state_dict(),
            "likeness": self.likeness.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "tokens": self.tokens,
        }
        durable.write(self.folder / "checkpoint.pt", lambda file: torch.save(state, file))

    def restore(self):
        """Goes on from the checkpoint where there is one."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        self.reader.load_state_dict(state["reader"])
        self.mixture.load_state_dict(state["mixture"])
        self.likeness.load_state_dict(state["likeness"])
        for optimizer, values in zip(self.optimizers, state["optimizers"]):
            optimizer.load_state_dict(values)
        self.step, self.tokens = state["step"], state["tokens"]
        print(f"resumed after {self.step} steps and {self.tokens} tokens", flush=True)


def optimizers(reader, mixture, likeness):
    """Muon for the blocks' matrices, Adam for all else.

    The rates of the embedding and of the last norm are shares of their sizes, which differ much
    between a new reader and earlier ones.
    """
    matrices = [weight for weight in reader.blocks.parameters() if weight.dim() == 2]
    norms = [weight for weight in reader.blocks.parameters() if weight.dim() == 1]
    embedding, last = reader.token_embd, reader.output_norm.weight
    adam = torch.optim.Adam(
        [
            {"params": [embedding], "lr": 0.02 * float(embedding.detach().square().mean().sqrt())},
            {"params": [last], "lr": 0.005 * float(last.detach().abs().mean())},
            {"params": [*norms, *likeness.parameters()], "lr": 2e-3},
            {"params": mixture.parameters(), "lr": 2e-2},
        ],
        betas=(0.9, 0.97),
        eps=1e-9,
    )
    return [adam, Muon(matrices, lr=0.015)]


def trained_reader(folder):
    """The reader of a folder's checkpoint."""
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    reader = Reader(Shape(**state["shape"]))
    reader.load_state_dict(state["reader"])
    return reader

"""Trains the cross-encoder; may be killed at any time and goes on from its checkpoint."""

import json
import random
import time
from collections import Counter

import torch
from torch import nn
from torch.nn import functional

from . import cross, cross_decoys, cross_guess, durable, evaluate, layout
from .cross import END, START
from .cross_data import GroupMaker

GROUPS = 16
# The weight of the span's two losses.
SPAN = 1.0
RATE, HEAD_RATE, TERM_RATE, WARM_UP = 3e-4, 1e-3, 1e-2, 0.06
CHECKPOINT_SECONDS, EVALUATION_SECONDS, EVALUATED = 300, 600, 300
# Rows of a single sentence say nothing about choosing one in a passage.
# Weights of lexical overlap, cosine and cosine with context in the report, and of the score.
TERMS, MIXED = (0.2, 11.0, 19.0), 1.0
EVALUATED_SOURCES = ("nqg", "squad_erm", "qed", "covid")


class Terms(nn.Module):
    """The weight of lexical overlap beside the score, and the constant of none."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.3))
        self.none = nn.Parameter(torch.tensor(2.0))

    def forward(self, scores, overlaps):
        """Scores of the sentences, then of none."""
        return torch.cat((scores + overlaps * self.weight, self.none[None]))


class CrossTraining:
    """A cross-encoder, its optimiser and how far it is."""

    def __init__(self, model, prepared, terms, folder, total):
        self.model, self.folder, self.total = model, folder, total
        self.maker = GroupMaker(prepared.asked, model, terms.lexicon, prepared.prose)
        self.label_terms = terms
        self.items = held_out(prepared, terms.lexicon)
        self.held_out = GroupMaker(prepared.held_out, model, terms.lexicon)
        self.terms = Terms()
        self.stuffed = [self.with_decoys(item, n) for n, item in enumerate(self.items)]
        self.step = self.tokens = self.drawn = 0
        bodies = list(model.trained.values())
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in bodies if p.dim() > 1], "lr": RATE, "weight_decay": 0.01},
                {"params": [p for p in bodies if p.dim() == 1], "lr": RATE},
                {"params": model.head.parameters(), "lr": HEAD_RATE},
                {"params": [model.cosine, model.offset], "lr": TERM_RATE},
                {"params": self.terms.parameters(), "lr": TERM_RATE},
            ],
            betas=(0.9, 0.98),
            weight_decay=0.0,
        )
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.rounds = {}
        self.restore()

    def guess_spans(self):
        """Lets the model guess the short answers that nobody marked; once, before it is trained."""
        path = self.folder / "guesses.json"
        if not path.exists() and self.tokens:
            raise ValueError(f"{path}: missing; the model is no longer the one that guessed")
        self.maker.guesses = cross_guess.guesses(path, self.maker, self.maker.asked)
        print(f"{len(self.maker.guesses)} short answers guessed", flush=True)

    def run(self):
        """Trains until all tokens are read."""
        saved = evaluated = time.time()
        while self.tokens < self.total:
            began, before = time.time(), self.tokens
            values = self.advance()
            rate = round((self.tokens - before) / (time.time() - began))
            self.log({"step": self.step, "tokens": self.tokens, **values, "rate": rate})
            is_last = self.tokens >= self.total
            if time.time() - evaluated > EVALUATION_SECONDS or is_last:
                self.log({"step": self.step, "tokens": self.tokens, **self.report()})
                evaluated = time.time()
            if time.time() - saved > CHECKPOINT_SECONDS or is_last:
                self.save()
                saved = time.time()

    def advance(self):
        """One step; returns the losses."""
        groups = self.draw()
        torch.manual_seed(self.step)
        self.model.train()
        values = self.model([pair for group in groups for pair in group.pairs])
        total, parts = loss(groups, values, self.terms)
        total.backward()
        self.model.eval()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        factor = schedule(self.tokens / self.total)
        for group, rate in zip(self.optimizer.param_groups, self.rates):
            group["lr"] = rate * factor
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        self.tokens += sum(cross.size(pair) for group in groups for pair in group.pairs)
        return parts

    def draw(self):
        """The groups of this step, the same after a resumption."""
        groups = []
        while len(groups) < GROUPS:
            number, place, order = 0, self.drawn, self.order(0)
            while place >= len(order):
                place -= len(order)
                number += 1
                order = self.order(number)
            made = self.maker.group(*order[place], random.Random(f"group-{self.drawn}"))
            self.drawn += 1
            if made:
                groups.append(made)
        return groups

    def order(self, number):
        """A round, drawn once."""
        if number not in self.rounds:
            self.rounds[number] = self.maker.round(number)
        return self.rounds[number]

    def with_decoys(self, item, number):
        """An item in whose nearest other passage somebody stuffed the question's words."""
        rng = random.Random(f"stuffed-{number}")
        answering = item.pieces[0].passage.sentences[item.question.sentence]
        strangers = rng.choice(self.items).pieces[0].passage.sentences
        pieces = [*item.pieces]
        pieces[-1], _ = cross_decoys.stuffed(
            pieces[-1], None, item.question, answering, strangers, rng
        )
        return evaluate.Item(item.question, pieces, item.gold)

    @torch.no_grad()
    def report(self):
        """On held-out questions with two near passages: hits of the score alone, and with the terms.

        `stuffed`: of the score alone where one of the others is stuffed. `span`: token F1 of the
        short answer inside the right sentence.
        """
        began = time.time()
        counts, spans = {"alone": 0, "terms": 0, "both": 0, "inside": 0, "stuffed": 0}, []
        weights = torch.tensor(TERMS)
        for item in self.items:
            texts, read = self.read(item)
            scores = torch.cat([found for found, _ in read])
            spans += self.span_overlap(item, texts[0], read[0][1])
            rows = self.term_rows(item) @ weights
            both = MIXED * scores + rows
            for name, value in (("alone", scores), ("terms", rows), ("both", both)):
                counts[name] += item.is_hit(*where(item, int(value.argmax())))
            counts["inside"] += item.is_hit(0, int(both[: len(item.pieces[0].indices)].argmax()))
        for item in self.stuffed:
            _, read = self.read(item)
            best = int(torch.cat([found for found, _ in read]).argmax())
            counts["stuffed"] += item.is_hit(*where(item, best))
        share = {name: round(count / len(self.items), 3) for name, count in counts.items()}
        share["span"] = round(sum(spans) / max(1, len(spans)), 3)
        fixed = [round(w.item(), 2) for w in (self.terms.weight, self.terms.none)]
        return {"held_out": share, "weights": fixed, "seconds": round(time.time() - began)}

    def read(self, item):
        """The texts of an item's passages, and what the model finds in each of them."""
        asked = self.model.question_text(self.held_out.encoded(item.question.text))
        texts = [text for piece in item.pieces for text in self.held_out.texts_of(piece)]
        return texts, self.model([(asked, text) for text in texts])

    def span_overlap(self, item, text, rows):
        """Token F1 of the best span inside the right sentence, in a list; none where it is not known."""
        place = item.pieces[0].indices.index(item.question.sentence)
        known = self.held_out.span(item.question, item.pieces[0], place, text)
        if known is None:
            return []
        owners = torch.tensor(text.sentences)
        mine = owners == place
        mine[len(owners) - 1 - int(mine.flip(0).float().argmax())] = False  # its separator
        first, last = best_span(rows.masked_fill(~mine[:, None], -1e9))
        mine, right = (Counter(text.ids[a : b + 1]) for a, b in ((first, last), known))
        return [2 * (mine & right).total() / (mine.total() + right.total())]

    def term_rows(self, item):
        """Lexical overlap and the two cosines of all sentences, one passage after the other."""
        slots, next_slot = [], 0
        for piece in item.pieces:
            slots.append(next_slot)
            next_slot += layout.slots_needed(len(piece.indices))
        known = self.label_terms(item.question, item.pieces, slots)
        return torch.tensor([known[label] for label in sorted(known)])

    def log(self, values):
        """Appends a line of JSON."""
        line = json.dumps(values)
        print(line, flush=True)
        with open(self.folder / "cross.jsonl", "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def save(self):
        """Writes the checkpoint so that a crash leaves the old one or the new one."""
        state = {
            "model": self.model.state_dict(),
            "terms": self.terms.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "tokens": self.tokens,
            "drawn": self.drawn,
        }
        durable.write(self.folder / "cross.pt", lambda file: torch.save(state, file))

    def restore(self):
        """Goes on from the checkpoint where there is one."""
        path = self.folder / "cross.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.terms.load_state_dict(state["terms"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.tokens, self.drawn = state["step"], state["tokens"], state["drawn"]
        print(f"resumed after {self.step} steps and {self.tokens} tokens", flush=True)


def trained_state(folder):
    """The model's state in a folder's checkpoint."""
    return torch.load(folder / "cross.pt", weights_only=True)["model"]


def mean(state, other, share):
    """`share` of a model's state and the rest of another's, which began from the same weights."""
    return {name: share * value + (1 - share) * other[name] for name, value in state.items()}


def loss(groups, values, terms):
    """The sum that is minimised, and its parts by name."""
    mixed, alone, spans, at = [], [], [], 0
    zero = torch.zeros(1)
    for group in groups:
        own = values[at : at + len(group.pairs)]
        at += len(group.pairs)
        scores = [] if group.has_span_only else [found for found, _ in own]
        for index, found in enumerate(scores):
            right = group.place if index == 0 and group.place is not None else len(found)
            alone.append(cross_entropy(torch.cat((found, zero)), right))
        if scores:
            overlaps = torch.cat([o[: len(s)] for o, s in zip(group.overlaps, scores)])
            together = terms(torch.cat(scores), overlaps)
            right = len(together) - 1 if group.place is None else group.place
            mixed.append(cross_entropy(together, right))
        if group.span:
            for row, token in zip((START, END), group.span):
                spans.append(group.trust * cross_entropy(own[0][1][:, row], token))
    parts = {"mixed": mixed, "alone": alone, "span": spans}
    means = {name: torch.stack(found).mean() if found else zero[0] for name, found in parts.items()}
    total = means["mixed"] + means["alone"] + SPAN * means["span"]
    return total, {name: round(value.item(), 3) for name, value in means.items()}


def best_span(rows, longest=30):
    """First and last token of the span whose two logits have the largest sum."""
    sums = rows[:, START][:, None] + rows[:, END][None]
    allowed = torch.ones_like(sums).triu() - torch.ones_like(sums).triu(longest)
    best = int(sums.masked_fill(allowed == 0, -torch.inf).argmax())
    return divmod(best, len(rows))


def cross_entropy(scores, right):
    return functional.cross_entropy(scores[None], torch.tensor([right]))


def schedule(fraction):
    """The factor on all learning rates: a warm-up, then linear to 2 %."""
    return min((fraction + 0.002) / WARM_UP, max(0.02, (1 - fraction) / (1 - WARM_UP)), 1)


def held_out(prepared, lexicon):
    """Evenly spaced questions of passages of several sentences, with two near passages."""
    passages = prepared.held_out
    found = [
        item
        for item in evaluate.items(passages, lexicon, 2)
        if item.pieces[0].passage.source in EVALUATED_SOURCES
    ]
    return [found[i * len(found) // EVALUATED] for i in range(min(EVALUATED, len(found)))]


def where(item, index):
    """The piece and place of a sentence's number."""
    for piece, held in enumerate(item.pieces):
        if index < len(held.indices):
            return piece, index
        index -= len(held.indices)
    raise ValueError("no such sentence")

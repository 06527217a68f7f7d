"""How often a reader chooses the right sentence on held-out questions, alone and in the mixture.

The items are built as Benchmarks/answers builds them: the passage that answers, with the two
nearest others by BM25, each cut to its three best neighbouring sentences.
"""

from dataclasses import dataclass

import torch

from . import batches, layout, terms
from .contexts import Piece, SequenceMaker

QUESTIONS_PER_PASSAGE = 4
LONGEST = 430


@dataclass
class Item:
    """A question over passages; `gold` is None where the passage that answers is missing."""

    question: object
    pieces: list[Piece]
    gold: int | None

    def sentence(self, piece, place):
        """The text of a sentence."""
        return self.pieces[piece].passage.sentences[self.pieces[piece].indices[place]]

    def is_hit(self, piece, place):
        """Whether a sentence contains the answer, or is the very one where that is not known."""
        if self.question.answer:
            return self.question.answer.lower() in self.sentence(piece, place).lower()
        return piece == self.gold and self.is_gold(piece, place)

    def is_gold(self, piece, place):
        """Whether it is the sentence that the row names."""
        return piece == self.gold and self.pieces[piece].indices[place] == self.question.sentence


def items(passages, lexicon, distractors, gold=True):
    """At most a few evenly spaced questions of each passage."""
    found = []
    for passage in passages:
        count = min(QUESTIONS_PER_PASSAGE, len(passage.questions))
        for number in range(count):
            question = passage.questions[number * len(passage.questions) // count]
            others = nearest(question, passages, lexicon, distractors)
            own = [Piece(passage, list(range(len(passage.sentences))))] if gold else []
            pieces = trimmed(own + others, question, 0 if gold else None)
            if pieces:
                found.append(Item(question, pieces, 0 if gold else None))
    return found


def nearest(question, passages, lexicon, count):
    """Windows of the nearest passages that do not contain the answer."""
    found = []
    answer = (question.answer or "\0").lower()
    for index in question.near:
        passage = passages[index]
        scores = [lexicon.overlap(question.stems, stems) for stems in passage.stems]
        starts = range(max(1, len(scores) - 2))
        best = max(starts, key=lambda start: sum(scores[start : start + 3]))
        window = list(range(best, min(len(scores), best + 3)))
        has_answer = any(answer in passage.sentences[place].lower() for place in window)
        if len(found) < count and not has_answer:
            found.append(Piece(passage, window))
    return found


def trimmed(pieces, question, gold):
    """Shortens the piece of most sentences, never by the gold one."""
    while sum(piece.length() for piece in pieces) > LONGEST:
        long = [index for index, piece in enumerate(pieces) if len(piece.indices) > 1]
        if not long:
            break
        longest = max(long, key=lambda index: (len(pieces[index].indices), index))
        indices = pieces[longest].indices
        indices.pop(0 if longest == gold and indices[-1] == question.sentence else -1)
    return pieces


@dataclass
class Evidence:
    """What is known about an item's labels: `(41,)` log-probabilities and `(41, 3)` terms."""

    item: Item
    slots: list[int]
    logits: torch.Tensor
    values: torch.Tensor
    present: torch.Tensor

    def best(self, scores):
        """The piece and place of the most probable sentence."""
        label = int(scores.masked_fill(~self.present, -torch.inf).argmax())
        return self.where(label)

    def where(self, label):
        """The piece and place of a label's column."""
        for piece, slot in enumerate(self.slots):
            place = label - slot * layout.SENTENCES_PER_SLOT
            if 0 <= place < len(self.item.pieces[piece].indices):
                return piece, place
        raise ValueError(f"label {label + 1} is not present")

    def golds(self):
        """For each column whether it is the right sentence."""
        columns = [int(c) for c in self.present.nonzero()]
        right = torch.zeros(len(self.present), dtype=torch.bool)
        for label in columns:
            right[label] = self.item.is_gold(*self.where(label))
        return right


@torch.no_grad()
def gather(reader, found, label_terms):
    """The evidence of items whose terms are known; slots are those that the runtime would give."""
    evidence = []
    maker = SequenceMaker(None, label_terms)
    for item in found:
        texts = ["\n".join(p.passage.sentences[i] for i in p.indices) for p in item.pieces]
        slots = layout.place(
            [(len(p.indices), layout.fnv1a(text)) for p, text in zip(item.pieces, texts)]
        )
        known = label_terms(item.question, item.pieces, slots)
        if known is None:
            continue
        sequence = maker.prompt(item.pieces, slots, item.question.tokens)
        batch = batches.batch([sequence], len(sequence.tokens))
        outputs, _ = reader(batch.ids, batch.positions, batch.allowed)
        logits = reader.logits(outputs[-1][0, -1]).log_softmax(-1)[terms.COLUMNS]
        values, present = terms.tensors([Known(known)])
        evidence.append(Evidence(item, slots, logits, values[0], present[0]))
    return evidence


@dataclass
class Known:
    """Terms in the shape of a target."""

    terms: dict


def fit(evidence):
    """Weights of maximum likelihood: of the reader's logit and of the three terms."""
    usable = [e for e in evidence if e.golds().any()]
    features = torch.stack([torch.cat((e.logits[:, None], e.values), -1) for e in usable])
    present = torch.stack([e.present for e in usable])
    right = torch.stack([e.golds() for e in usable]).float()
    right /= right.sum(1, keepdim=True)
    scale = features[present].std(0).clamp(min=1e-9)
    weights = torch.zeros(4, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        scores = ((features / scale) @ weights).masked_fill(~present, -1e9)
        value = -(right * scores.log_softmax(-1)).sum(1).mean() + 5e-4 * weights.square().sum()
        value.backward()
        return value

    optimizer.step(closure)
    return (weights / scale).detach()


def report(reader, prepared, label_terms):
    """A table in Markdown; the weights are fitted on each half and measured on the other."""
    reader.eval()
    lexicon = label_terms.lexicon
    found = gather(reader, items(prepared.held_out, lexicon, 2), label_terms)
    missing = gather(reader, items(prepared.held_out, lexicon, 3, gold=False), label_terms)
    halves = found[0::2], found[1::2]
    fits = fit(halves[1]), fit(halves[0])
    bare = [torch.cat((torch.zeros(1), weights[1:])) for weights in fit_terms(halves)]
    alone = torch.tensor([1.0, 0, 0, 0])
    rows = [
        ("the reader alone", (alone, alone)),
        ("the terms alone", bare),
        ("reader and terms", fits),
    ]
    lines = [f"{len(found)} held-out questions with two near passages", ""]
    lines += ["| | hit | passage |", "| --- | --- | --- |"]
    for name, weights in rows:
        hit, passage = rates(halves, weights)
        lines.append(f"| {name} | {hit:.3f} | {passage:.3f} |")
    ratio = [f"{float(value / fits[0][0]):.2f}" for value in fits[0][1:]]
    lines.append(f"\nweights relative to the reader: {', '.join(ratio)}")
    lines.append(f"refused at a tenth of false refusals: {refused(found, missing, fits[0]):.3f}")
    return "\n".join(lines)


def fit_terms(halves):
    """The weights of the terms without a reader, each half's fitted on the other."""
    silent = [
        [Evidence(e.item, e.slots, e.logits * 0, e.values, e.present) for e in half]
        for half in halves
    ]
    return fit(silent[1]), fit(silent[0])


def rates(halves, weights):
    """The shares of questions whose best sentence holds the answer, and is of the right passage."""
    hits = passages = total = 0
    for half, chosen in zip(halves, weights):
        for evidence in half:
            scores = torch.cat((evidence.logits[:, None], evidence.values), -1) @ chosen
            piece, place = evidence.best(scores)
            hits += evidence.item.is_hit(piece, place)
            passages += piece == evidence.item.gold
            total += 1
    return hits / total, passages / total


def refused(found, missing, weights):
    """The share refused where the passage is missing, a tenth of the others being refused."""

    def margin(evidence):
        features = torch.cat((evidence.logits[:, None], evidence.values), -1)
        scores = (features @ weights).masked_fill(~evidence.present, -torch.inf)
        return float(evidence.logits[-1] * weights[0] - scores.max())

    limit = sorted(map(margin, found))[int(0.9 * len(found))]
    return sum(margin(evidence) > limit for evidence in missing) / len(missing)

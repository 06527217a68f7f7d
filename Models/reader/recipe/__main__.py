"""The recipe's commands."""

import argparse
from pathlib import Path

import torch

from . import cross_export, cross_train, gguf, heads, passages, train, vectors, weights
from .cross import CrossEncoder
from .exclusion import Exclusion
from .lexicon import Lexicon
from .minilm import MiniLM
from .model import Reader, Shape
from .precision import has_bfloat16
from .terms import LabelTerms

MODELS = Path(__file__).resolve().parents[2]
ENCODER = MODELS / "embedding.gguf"


def main():
    """Parses the command line and runs one step."""
    parser = argparse.ArgumentParser(prog="recipe", description="Trains the embedded reader.")
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("--data", type=Path, required=True, help="folder of rows and tokenizer")
    parser.add_argument("--exclude", type=Path, required=True, help="question set to keep out")
    parser.add_argument("--out", type=Path, required=True, help="folder of everything made here")
    parser.add_argument("--tokens", type=float, default=8e7, help="how long to train")
    parser.add_argument(
        "--cross-tokens", type=float, default=8e6, help="how long to train the cross-encoder"
    )
    parser.add_argument("--cross-start", type=Path, help="continue from this cross-encoder")
    parser.add_argument("--other", type=Path, help="mean: folder of the earlier cross-encoder")
    parser.add_argument("--share", type=float, default=0.7, help="mean: weight of OUT's")
    parser.add_argument("--start", type=Path, help="continue from this GGUF, not from random")
    parser.add_argument(
        "--merge-heads", action="store_true", help="with half as many heads, twice as wide"
    )
    parser.add_argument(
        "--compile", action="store_true", help="use torch.compile (needs a C++ compiler)"
    )
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch")
    parser.add_argument("--model", type=Path, help="evaluate: a GGUF; default: the exported Q8_0")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    STEPS[options.step](options)


def prepare(options):
    """Reads the rows, keeps the evaluation set out and looks for near passages."""
    prepared = passages.prepare(
        options.data, tokenizer(options), Exclusion(options.exclude), lexicon()
    )
    passages.save(prepared, options.out / "prepared.pickle")


def embed(options):
    """Computes MiniLM's vectors."""
    prepared = passages.load(options.out / "prepared.pickle")
    vectors.embed(prepared, MiniLM(ENCODER, has_bfloat16()), options.out)


def run_training(options):
    """Trains, from the newest checkpoint where there is one."""
    torch.manual_seed(train.SEED)
    if options.start:
        reader = weights.load(options.start)
    else:
        reader = Reader(Shape())
        weights.start_from_words(reader, tokenizer(options), ENCODER)
    schedule = train.Schedule(continues=options.start is not None)
    known = material(options)
    if options.merge_heads:
        reader = heads.merged(reader, train.Steps(schedule, known).batches(0, 0.0))
    training = train.Training(reader, schedule, known, options.out, options.tokens)
    if options.compile:
        training.compile()
    training.run()


def export(options):
    """Writes the newest checkpoint as GGUF files."""
    reader = train.trained_reader(options.out)
    for kind, suffix in ((gguf.Q8_0, "q8_0"), (gguf.F16, "f16")):
        path = options.out / f"reader-{suffix}.gguf"
        weights.save(reader, options.data / "tokenizer.json", path, kind, "reader-7M-independent")
        print(path)


def run_evaluation(options):
    """Prints how a reader does on the held-out questions."""
    model = options.model or options.out / "reader-q8_0.gguf"
    print(f"{model}\n{material(options).report(weights.load(model))}")


def run_cross(options):
    """Trains the cross-encoder, from the newest checkpoint where there is one, and writes it."""
    torch.manual_seed(train.SEED)
    model = CrossEncoder(options.cross_start or ENCODER)
    prepared = passages.load(options.out / "prepared.pickle")
    terms = LabelTerms(vectors.load(options.out), lexicon())
    training = cross_train.CrossTraining(model, prepared, terms, options.out, options.cross_tokens)
    if options.cross_start:
        training.guess_spans()
    training.run()
    path = options.out / "cross-encoder.gguf"
    cross_export.save(model, path, "MiniLM-L6-sentences")
    print(path)


def run_mean(options):
    """Writes a cross-encoder between OUT's checkpoint and another one that it was trained from."""
    if options.other is None or not 0 <= options.share <= 1:
        raise SystemExit("mean: needs --other FOLDER and a --share of 0 to 1")
    model = CrossEncoder(options.cross_start or ENCODER)
    states = [cross_train.trained_state(folder) for folder in (options.out, options.other)]
    model.load_state_dict(cross_train.mean(*states, options.share))
    path = options.out / "cross-encoder-mean.gguf"
    cross_export.save(model, path, "MiniLM-L6-sentences")
    print(path)


def material(options):
    """What training and evaluation read."""
    prepared = passages.load(options.out / "prepared.pickle")
    reader_tokenizer = tokenizer(options)

    def encode(text):
        return reader_tokenizer.encode(" " + text, add_special_tokens=False).ids

    return train.Material(prepared, LabelTerms(vectors.load(options.out), lexicon()), encode)


def lexicon():
    return Lexicon(MODELS / "reader-idf.tsv")


def tokenizer(options):
    """The reader's tokenizer, of the package `tokenizers`."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(options.data / "tokenizer.json"))


STEPS = {
    "prepare": prepare,
    "embed": embed,
    "train": run_training,
    "export": export,
    "evaluate": run_evaluation,
    "cross": run_cross,
    "mean": run_mean,
}

if __name__ == "__main__":
    main()

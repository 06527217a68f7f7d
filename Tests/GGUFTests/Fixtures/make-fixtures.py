#!/usr/bin/env python3
"""Writes quantizer.json, superblocks.json and python-written.gguf beside this script.

Needs numpy, gguf and llama-cpp-python, of which only the library libggml-base is used.
"""

import base64
import ctypes
import json
import pathlib

import gguf
import llama_cpp
import numpy as np

HERE = pathlib.Path(__file__).parent
TYPES = gguf.GGMLQuantizationType
GGML = ctypes.CDLL(
    str(next(pathlib.Path(llama_cpp.__file__).parent.glob("lib/libggml-base*.so*"))))


def text(data):
    return base64.b64encode(data).decode()


def quantize(values, name, block_bytes):
    out = (ctypes.c_uint8 * (len(values) // 32 * block_bytes))()
    function = getattr(GGML, f"quantize_row_{name}_ref")
    function(values.ctypes.data_as(ctypes.c_void_p), out, ctypes.c_int64(len(values)))
    return bytes(out)


def dequantize(data, name, count):
    out = np.zeros(count, np.float32)
    function = getattr(GGML, f"dequantize_row_{name}")
    function(ctypes.c_char_p(data), out.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(count))
    return out.tobytes()


def blocks(count):
    random = np.random.Generator(np.random.PCG64(7))
    index = np.arange(32)
    made = [
        np.zeros(32), index - 16, index / 2 - 8, np.where(index % 2, 1, -1),
        np.where(index % 2, -1, 1) * 127.0, index - 15.5, np.r_[127, np.arange(31) + 0.5],
        np.r_[-8, np.arange(31) / 2 - 7.75], random.standard_normal(32) * 1e-6,
        random.standard_normal(32) * 1e-7, random.standard_normal(32) * 1e4,
        np.r_[-0.0, np.ones(31) * 1e-30],
    ]
    while len(made) < count:
        if random.random() < 0.7:
            made.append(random.standard_normal(32) * 10.0 ** random.integers(-4, 4))
        else:
            made.append(random.integers(-127, 128, 32) / random.choice([1, 2, 4, 8, 254]))
    return np.concatenate(made).astype(np.float32)


def write_quantizer():
    values = blocks(48)
    golden = {"values": text(values.tobytes())}
    for name, block_bytes in (("q8_0", 34), ("q4_0", 18), ("q4_1", 20), ("q5_0", 22), ("q5_1", 24)):
        data = quantize(values, name, block_bytes)
        golden[name] = text(data)
        golden["dequantized_" + name] = text(dequantize(data, name, len(values)))
    golden["bf16"] = text(gguf.quants.quantize(values, TYPES.BF16).tobytes())
    golden["f16"] = text(values.astype(np.float16).tobytes())
    (HERE / "quantizer.json").write_text(json.dumps(golden, indent=1))


def chunk(values, kind):
    """What ggml_quantize_chunk makes of rows of 256 without an importance matrix."""
    length, size = gguf.GGML_QUANT_SIZES[kind]
    out = (ctypes.c_uint8 * (len(values) // length * size))()
    GGML.ggml_quantize_chunk(
        ctypes.c_int(int(kind)), values.ctypes.data_as(ctypes.c_void_p), out, ctypes.c_int64(0),
        ctypes.c_int64(len(values) // 256), ctypes.c_int64(256), None)
    return bytes(out)


def write_superblocks():
    """Weights, and for each searched type ggml's bytes of the first two superblocks, their values,
    and ggml's sum of squared errors over each set of weights."""
    random = np.random.Generator(np.random.PCG64(11))
    count = 12 * 256
    sets = {
        "normal": random.standard_normal(count) * 0.02,
        "heavy": random.standard_t(3, count) * 0.02,
        "uniform": random.uniform(-1, 1, count),
        "shifted": random.standard_normal(count) * 0.1 + 0.2,
    }
    sets = {name: values.astype(np.float16).astype(np.float32) for name, values in sets.items()}
    golden = {"types": {},
              "sets": {n: text(v.astype(np.float16).tobytes()) for n, v in sets.items()}}
    for name in ("q2_K", "q3_K", "q4_K", "q5_K", "q6_K", "iq4_nl"):
        kind, entry = TYPES[name.upper()], {"errors": {}}
        for set_name, values in sets.items():
            data = chunk(values, kind)
            read = np.frombuffer(dequantize(data, name, count), np.float32)
            entry["errors"][set_name] = float(np.sum((read.astype(float) - values) ** 2))
        data = chunk(sets["heavy"][:512], kind)
        entry["bytes"] = text(data)
        entry["values"] = text(dequantize(data, name, 512))
        golden["types"][name.upper()] = entry
    (HERE / "superblocks.json").write_text(json.dumps(golden, indent=1))


def write_file():
    w = gguf.GGUFWriter(HERE / "python-written.gguf", "llama")
    w.add_uint8("u8", 200)
    w.add_int8("i8", -5)
    w.add_uint16("u16", 60000)
    w.add_int16("i16", -300)
    w.add_uint32("u32", 4000000000)
    w.add_int32("i32", -7)
    w.add_uint64("u64", 2**60)
    w.add_int64("i64", -(2**60))
    w.add_float32("f32", 1.5)
    w.add_float64("f64", 2.25)
    w.add_bool("yes", True)
    w.add_string("text", "grüße 火")
    w.add_array("strings", ["", "a", "▁the"])
    w.add_array("ints", [1, -2, 3])
    w.add_array("floats", [0.5, -1.25])
    w.add_array("flags", [True, False])
    values = (np.arange(64) - 32).astype(np.float32).reshape(2, 32) / 8
    w.add_tensor("a.f32", values)
    w.add_tensor("b.f16", values.astype(np.float16))
    for name in ("c.bf16", "d.q8_0", "e.q4_0"):
        kind = TYPES[name[2:].upper()]
        w.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
    w.add_tensor("f.small", np.arange(3, dtype=np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


if __name__ == "__main__":
    write_quantizer()
    write_superblocks()
    write_file()

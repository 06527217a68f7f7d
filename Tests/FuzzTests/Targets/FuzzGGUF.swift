import GGUF

/// Opens a GGUF file, decodes all its metadata in every way and widens its small tensors.
func fuzzGGUF(_ input: [UInt8]) {
  guard let file = try? GGUFFile(bytes: input, name: "fuzz") else { return }
  for key in file.metadata.keys {
    _ = try? file.int(key)
    _ = try? file.float(key)
    _ = try? file.bool(key)
    _ = try? file.string(key)
    _ = try? file.strings(key)
    _ = try? file.ints(key)
    _ = try? file.floats(key)
  }
  for name in file.tensorOrder {
    guard let info = file.tensors[name], info.elementCount <= 1 << 16 else { continue }
    let values = try? file.withBytes(of: info) {
      try Quantizer.dequantize($0, type: info.type, count: info.elementCount)
    }
    if let values { precondition(values.count == info.elementCount, "values lost") }
  }
  precondition(file.tensorOrder.count == file.tensors.count, "tensors lost")
}

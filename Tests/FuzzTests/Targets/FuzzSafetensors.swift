import GGUF

/// Opens a safetensors file and reads the numbers of its small tensors.
func fuzzSafetensors(_ input: [UInt8]) {
  guard let file = try? SafetensorsFile(bytes: input, name: "fuzz") else { return }
  for tensor in file.tensors.values where tensor.count <= 1 << 16 {
    let floats = UnsafeMutableBufferPointer<Float>.allocate(capacity: tensor.count)
    defer { floats.deallocate() }
    try? file.read(tensor, from: 0, into: floats)
  }
}

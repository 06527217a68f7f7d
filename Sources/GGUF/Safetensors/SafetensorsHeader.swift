/// The header of a safetensors file, parsed and checked: eight bytes of length, then JSON.
struct SafetensorsHeader {
  /// No known file comes near these; they bound the memory that a header can take.
  static let mostTensors = 65_536
  static let mostNameBytes = 65_535
  /// The limit of the format's own reader.
  static let mostHeaderBytes = 100_000_000
  static let mostDimensions = 8

  private(set) var tensors: [String: SafetensorsFile.Tensor] = [:]

  init(parsing bytes: UnsafeRawBufferPointer, file: String) throws(GGUFError) {
    var cursor = ByteCursor(file: file, bytes: bytes)
    let length = try cursor.count(minimumBytes: 1, "header length")
    guard length <= Self.mostHeaderBytes else {
      throw cursor.failure(
        "header length", found: "\(length)", expected: "at most \(Self.mostHeaderBytes)")
    }
    let header = try cursor.take(length, "header")
    var text = JSONCursor(file: file, bytes: UnsafeRawBufferPointer(rebasing: bytes[header]))
    try readTensors(&text, dataStart: header.upperBound, fileBytes: bytes.count)
    try refuseOverlaps(cursor)
  }

  private mutating func readTensors(
    _ text: inout JSONCursor, dataStart: Int, fileBytes: Int
  ) throws(GGUFError) {
    try text.object("header") { (name, text) throws(GGUFError) in
      if name == "__metadata__" {
        try text.object(name) { (_, text) throws(GGUFError) in try text.skipString("metadata") }
        return
      }
      guard !name.isEmpty, name.utf8.count <= Self.mostNameBytes,
        tensors.count < Self.mostTensors
      else {
        throw text.failure(
          "tensor \(tensors.count)", found: "\(name.utf8.count) bytes of name",
          expected: "1 to \(Self.mostNameBytes) bytes, and at most \(Self.mostTensors) tensors")
      }
      let tensor = try Self.tensor(name, &text, dataStart: dataStart, fileBytes: fileBytes)
      guard tensors.updateValue(tensor, forKey: name) == nil else {
        throw text.failure(
          "tensor \(name)", found: "the name a second time", expected: "each name once")
      }
    }
    try text.requireEnd()
  }

  private static func tensor(
    _ name: String, _ text: inout JSONCursor, dataStart: Int, fileBytes: Int
  ) throws(GGUFError) -> SafetensorsFile.Tensor {
    var element: SafetensorsFile.Element?
    var shape: [Int]?
    var offsets: [Int]?
    try text.object("tensor \(name)") { (key, text) throws(GGUFError) in
      switch key {
      case "dtype":
        let found = try text.string("dtype of tensor \(name)", mostBytes: 40)
        element = SafetensorsFile.Element(rawValue: found)
        guard element != nil else {
          throw text.failure(
            "dtype of tensor \(name)", found: "\"\(found.prefix(40))\"",
            expected: "a known type, such as F32 or BF16")
        }
      case "shape":
        shape = try text.integers("shape of tensor \(name)", most: mostDimensions)
      case "data_offsets":
        offsets = try text.integers("data_offsets of tensor \(name)", most: 2)
      default:
        throw text.failure(
          "tensor \(name)", found: "the key \"\(key.prefix(40))\"",
          expected: "dtype, shape and data_offsets")
      }
    }
    guard let element, let shape, let offsets, offsets.count == 2 else {
      throw text.failure(
        "tensor \(name)", found: "an incomplete entry",
        expected: "dtype, shape and two data_offsets")
    }
    let range = try place(name, element, shape, offsets, text, dataStart, fileBytes)
    return SafetensorsFile.Tensor(name: name, element: element, shape: shape, range: range)
  }

  private static func place(
    _ name: String, _ element: SafetensorsFile.Element, _ shape: [Int], _ offsets: [Int],
    _ text: JSONCursor, _ dataStart: Int, _ fileBytes: Int
  ) throws(GGUFError) -> Range<Int> {
    var size = element.bytes
    for length in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: length)
      guard !overflow, length > 0, length <= Int(Int32.max) else {
        throw text.failure(
          "shape of tensor \(name)", found: "\(shape)",
          expected: "lengths from 1 to \(Int32.max) that can be addressed")
      }
      size = product
    }
    let most = fileBytes - dataStart
    guard offsets[0] <= offsets[1], offsets[1] <= most, offsets[1] - offsets[0] == size else {
      throw text.failure(
        "data_offsets of tensor \(name)", found: "\(offsets)",
        expected: "\(size) bytes within the file's \(most) bytes of data")
    }
    return (dataStart + offsets[0])..<(dataStart + offsets[1])
  }

  private func refuseOverlaps(_ cursor: ByteCursor) throws(GGUFError) {
    let ordered = tensors.values.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (first, second) in zip(ordered, ordered.dropFirst())
    where first.range.upperBound > second.range.lowerBound {
      throw cursor.failure(
        "tensor \(second.name)", found: "bytes shared with tensor \(first.name)",
        expected: "tensors that do not overlap")
    }
  }
}

/// Everything before the tensor data, parsed and checked.
struct GGUFHeader {
  /// No known file comes near these; they bound the memory that names and scalars can take.
  static let mostEntries = 65_536
  static let mostNameBytes = 65_535

  private(set) var version = 0
  private(set) var metadata: [String: MetadataValue] = [:]
  private(set) var metadataOrder: [String] = []
  private(set) var tensors: [String: TensorInfo] = [:]
  private(set) var tensorOrder: [String] = []

  init(parsing storage: ByteStorage, file: String) throws(GGUFError) {
    var cursor = ByteCursor(file: file, bytes: storage.bytes)
    version = try Self.version(&cursor)
    // The shortest tensor entry: name length, one byte, dimensions, one dimension, type, offset.
    let tensorCount = try Self.entryCount(&cursor, minimumBytes: 33, "tensor count")
    // The shortest metadata entry: key length, one byte, type, one byte.
    let metadataCount = try Self.entryCount(&cursor, minimumBytes: 14, "metadata count")
    for index in 0..<metadataCount {
      try readEntry(&cursor, index, storage)
    }
    let alignment = try alignment(file)
    var infos: [TensorInfo] = []
    for index in 0..<tensorCount {
      infos.append(try readTensor(&cursor, index, alignment))
    }
    try place(infos, after: cursor, alignment: alignment)
  }

  private static func version(_ cursor: inout ByteCursor) throws(GGUFError) -> Int {
    let magic = try cursor.integer(UInt32.self, "magic number")
    guard magic == 0x4655_4747 else {
      throw cursor.failure(
        "magic number", found: "0x" + String(magic.byteSwapped, radix: 16),
        expected: "0x47475546 (\"GGUF\")")
    }
    let version = try cursor.integer(UInt32.self, "version")
    guard version == 2 || version == 3 else {
      let bigEndian = version.byteSwapped == 2 || version.byteSwapped == 3
      throw cursor.failure(
        "version", found: bigEndian ? "a big-endian file" : "\(version)", expected: "2 or 3")
    }
    return Int(version)
  }

  private static func entryCount(
    _ cursor: inout ByteCursor, minimumBytes: Int, _ field: String
  ) throws(GGUFError) -> Int {
    let count = try cursor.count(minimumBytes: minimumBytes, field)
    guard count <= mostEntries else {
      throw cursor.failure(field, found: "\(count)", expected: "at most \(mostEntries)")
    }
    return count
  }

  private static func name(
    _ cursor: inout ByteCursor, _ field: String
  ) throws(GGUFError) -> String {
    let name = try cursor.string(field)
    guard !name.isEmpty, name.utf8.count <= mostNameBytes else {
      throw cursor.failure(
        field, found: "\(name.utf8.count) bytes", expected: "1 to \(mostNameBytes) bytes")
    }
    return name
  }

  private mutating func readEntry(
    _ cursor: inout ByteCursor, _ index: Int, _ storage: ByteStorage
  ) throws(GGUFError) {
    let key = try Self.name(&cursor, "key of metadata entry \(index)")
    let type = try Self.metadataType(&cursor, key)
    let value =
      type == .array
      ? MetadataValue.array(try Self.array(&cursor, key, storage))
      : try cursor.scalar(type, key)
    guard metadata.updateValue(value, forKey: key) == nil else {
      throw cursor.failure(key, found: "the key a second time", expected: "each key once")
    }
    metadataOrder.append(key)
  }

  private static func metadataType(
    _ cursor: inout ByteCursor, _ key: String
  ) throws(GGUFError) -> MetadataType {
    let number = try cursor.integer(UInt32.self, "type of \(key)")
    guard let type = MetadataType(rawValue: number) else {
      throw cursor.failure("type of \(key)", found: "\(number)", expected: "0 to 12")
    }
    return type
  }

  private static func array(
    _ cursor: inout ByteCursor, _ key: String, _ storage: ByteStorage
  ) throws(GGUFError) -> MetadataArray {
    let type = try metadataType(&cursor, key)
    guard type != .array else {
      throw cursor.failure(key, found: "an array of arrays", expected: "an array of plain values")
    }
    let count = try cursor.count(minimumBytes: type.fixedBytes ?? 8, "length of \(key)")
    let start = cursor.offset
    if let size = type.fixedBytes {
      _ = try cursor.take(count * size, key)
    } else {
      for index in 0..<count { _ = try cursor.lengthPrefixed("\(key)[\(index)]") }
    }
    return MetadataArray(
      elementType: type, count: count, storage: storage, range: start..<cursor.offset)
  }

  private func alignment(_ file: String) throws(GGUFError) -> Int {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard case .uint32(let alignment) = value, (8...65_536).contains(alignment),
      alignment.nonzeroBitCount == 1
    else {
      throw GGUFError(
        file: file, field: "general.alignment", found: value.summary,
        expected: "a uint32 power of two from 8 to 65536")
    }
    return Int(alignment)
  }
}

// MARK: - Tensors

extension GGUFHeader {
  /// Reads one entry; its offset still counts from the start of the data.
  private func readTensor(
    _ cursor: inout ByteCursor, _ index: Int, _ alignment: Int
  ) throws(GGUFError) -> TensorInfo {
    let name = try Self.name(&cursor, "name of tensor \(index)")
    let shape = try Self.shape(&cursor, name)
    let number = try cursor.integer(UInt32.self, "type of tensor \(name)")
    guard let type = TensorType(rawValue: number) else {
      throw cursor.failure(
        "type of tensor \(name)", found: "the unknown type \(number)",
        expected: "a known tensor type, such as 0 (F32) or 8 (Q8_0)")
    }
    guard shape[0] % type.blockLength == 0 else {
      throw cursor.failure(
        "shape of tensor \(name)", found: "rows of \(shape[0])",
        expected: "a multiple of \(type.blockLength), the block of \(type.name)")
    }
    let byteCount = try Self.byteCount(shape, type, name, cursor)
    let offset = try cursor.integer(UInt64.self, "offset of tensor \(name)")
    guard offset <= UInt64(cursor.bytes.count), offset % UInt64(alignment) == 0 else {
      throw cursor.failure(
        "offset of tensor \(name)", found: "\(offset)",
        expected: "a multiple of \(alignment) within the file's \(cursor.bytes.count) bytes")
    }
    return TensorInfo(
      name: name, shape: shape, type: type, offset: Int(offset), byteCount: byteCount)
  }

  private static func shape(
    _ cursor: inout ByteCursor, _ name: String
  ) throws(GGUFError) -> [Int] {
    let dimensions = try cursor.integer(UInt32.self, "dimensions of tensor \(name)")
    guard (1...4).contains(dimensions) else {
      throw cursor.failure(
        "dimensions of tensor \(name)", found: "\(dimensions)", expected: "1 to 4")
    }
    var shape: [Int] = []
    for _ in 0..<dimensions {
      let length = try cursor.integer(UInt64.self, "shape of tensor \(name)")
      guard length > 0, length <= UInt64(Int32.max) else {
        throw cursor.failure(
          "shape of tensor \(name)", found: "\(length)", expected: "1 to \(Int32.max)")
      }
      shape.append(Int(length))
    }
    return shape
  }

  private static func byteCount(
    _ shape: [Int], _ type: TensorType, _ name: String, _ cursor: ByteCursor
  ) throws(GGUFError) -> Int {
    var bytes = shape[0] / type.blockLength * type.blockBytes
    for length in shape.dropFirst() {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: length)
      guard !overflow else {
        throw cursor.failure(
          "shape of tensor \(name)", found: "\(shape), too large to address",
          expected: "a tensor that the file can hold")
      }
      bytes = product
    }
    return bytes
  }

  /// Turns offsets into places in the file and refuses tensors that overlap or pass its end.
  private mutating func place(
    _ infos: [TensorInfo], after cursor: ByteCursor, alignment: Int
  ) throws(GGUFError) {
    let dataStart = (cursor.offset + alignment - 1) / alignment * alignment
    let fileBytes = cursor.bytes.count
    for info in infos {
      let start = dataStart + info.offset
      guard start <= fileBytes, info.byteCount <= fileBytes - start else {
        throw cursor.failure(
          "data of tensor \(info.name)",
          found: "a file of \(fileBytes) bytes, cut short or damaged",
          expected: "\(info.byteCount) bytes from offset \(start)")
      }
      let placed = TensorInfo(
        name: info.name, shape: info.shape, type: info.type, offset: start,
        byteCount: info.byteCount)
      guard tensors.updateValue(placed, forKey: info.name) == nil else {
        throw cursor.failure(
          "tensor \(info.name)", found: "the name a second time", expected: "each name once")
      }
      tensorOrder.append(info.name)
    }
    try refuseOverlaps(cursor)
  }

  /// Tensors that share bytes would let a small file ask for any amount of memory when loaded.
  private func refuseOverlaps(_ cursor: ByteCursor) throws(GGUFError) {
    let ordered = tensors.values.sorted { $0.offset < $1.offset }
    for (first, second) in zip(ordered, ordered.dropFirst())
    where first.offset + first.byteCount > second.offset {
      throw cursor.failure(
        "tensor \(second.name)", found: "bytes shared with tensor \(first.name)",
        expected: "tensors that do not overlap")
    }
  }
}

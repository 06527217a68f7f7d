import Foundation
import GGUF
import Kernels
import Synchronization

/// A file of packed weights, mapped.
///
///     body     the matrices' packed bytes, each from a multiple of 256 on, zeros between them
///     footer   for each matrix six numbers of 64 bits: hash of the tensor's name, first row within the
///              tensor, rows, columns, format, offset in the body; then XXH3 of each chunk of the body
///     trailer  offset  bytes
///              0       8     "TRIBPW01"
///              8       8     version of the packed layout
///              16      8     bytes of the body
///              24      8     matrices
///              32      64    hash of the model file
///              96      24    zeros
///              120     8     XXH64 of footer and trailer before it
///
/// Numbers are little-endian. The body begins with the file and is written in whole chunks, so that
/// systems which have large pages for files use them. All of the body is hashed before it is used.
final class PackedWeights: @unchecked Sendable {
  static let magic = Array("TRIBPW01".utf8)
  static let hashBytes = 64
  private static let chunkBytes = 4 << 20
  /// What a matrix begins on: cache lines, and no chunk is too short to be hashed.
  private static let alignment = 256
  private static let recordBytes = 48
  private static let trailerBytes = 128

  /// Where a matrix comes from: the tensor and the row of it that is the matrix's first.
  struct Key: Hashable {
    let nameHash: UInt64
    let firstRow: Int

    init(_ name: String, firstRow: Int) {
      nameHash = Array(name.utf8).withUnsafeBytes(XXHash64.hash)
      self.firstRow = firstRow
    }

    fileprivate init(nameHash: UInt64, firstRow: Int) {
      self.nameHash = nameHash
      self.firstRow = firstRow
    }
  }

  struct Source {
    let key: Key
    let matrix: PackedMatrix
  }

  private struct Record {
    let rows: Int
    let columns: Int
    let format: Int
    let offset: Int
  }

  private let file: MappedFile
  private let body: UnsafeRawBufferPointer
  private let records: [Key: Record]

  /// Maps a file and verifies all of it; an error says what was found and expected.
  init(path: String, modelHash: [UInt8], backend: Backend) throws {
    file = try MappedFile(path: path)
    file.preferLargePages()
    let bytes = file.bytes
    func bad(_ field: String, _ found: String, _ expected: String) -> GGUFError {
      GGUFError(file: path, field: field, found: found, expected: expected)
    }
    let trailer = bytes.count - Self.trailerBytes
    guard trailer >= 0, bytes[trailer..<trailer + 8].elementsEqual(Self.magic) else {
      throw bad("trailer", "\(bytes.count) bytes without one", "packed weights")
    }
    guard bytes.number(at: trailer + 8) == PackedMatrix.layoutVersion else {
      throw bad("layout", "\(bytes.number(at: trailer + 8))", "\(PackedMatrix.layoutVersion)")
    }
    guard bytes[trailer + 32..<trailer + 96].elementsEqual(modelHash) else {
      throw bad("model hash", "that of another file", "this model's")
    }
    let (bodyBytes, count) = (bytes.number(at: trailer + 16), bytes.number(at: trailer + 24))
    guard bodyBytes >= 0, bodyBytes % Self.alignment == 0, bodyBytes <= trailer, count >= 0,
      count <= trailer / Self.recordBytes
    else {
      throw bad("sizes", "\(bodyBytes) bytes and \(count) matrices", "what fits \(trailer) bytes")
    }
    let chunks = Self.chunks(bodyBytes)
    guard trailer - bodyBytes == count * Self.recordBytes + chunks * 8 else {
      throw bad("sizes", "\(bodyBytes) bytes and \(count) matrices", "what \(trailer) bytes hold")
    }
    let footer = UnsafeRawBufferPointer(rebasing: bytes[bodyBytes..<bytes.count - 8])
    guard XXHash64.hash(footer) == UInt64(bitPattern: Int64(bytes.number(at: bytes.count - 8)))
    else { throw bad("footer", "bytes that do not match their checksum", "those written") }

    body = UnsafeRawBufferPointer(rebasing: bytes[..<bodyBytes])
    records = Self.records(footer, count)
    let sums = bodyBytes + count * Self.recordBytes
    if let chunk = Self.damagedChunk(of: body, in: file, sums: sums, backend) {
      throw bad(
        "bytes \(chunk * Self.chunkBytes)...", "bytes that do not match their checksum",
        "those written")
    }
    try file.requireIntact()
  }

  /// Whether the file shrank since it was mapped: what was computed from it is then void.
  var isDamaged: Bool { file.isDamaged }

  /// The stored matrix, if there is one of this kind.
  func matrix(_ key: Key, format: WeightFormat, rows: Int, columns: Int) -> PackedMatrix? {
    guard let record = records[key], record.rows == rows, record.columns == columns,
      record.format == format.code
    else { return nil }
    let count = PackedMatrix.byteCount(format: format, rows: rows, columns: columns)
    guard record.offset >= 0, record.offset % Self.alignment == 0,
      record.offset <= body.count - count
    else {
      return nil
    }
    return PackedMatrix(
      packed: UnsafeRawBufferPointer(rebasing: body[record.offset..<record.offset + count]),
      format: format, rows: rows, columns: columns, lender: self)
  }

  private static func chunks(_ bytes: Int) -> Int { (bytes + chunkBytes - 1) / chunkBytes }

  private static func records(_ footer: UnsafeRawBufferPointer, _ count: Int) -> [Key: Record] {
    var records: [Key: Record] = [:]
    for index in 0..<count {
      func field(_ number: Int) -> Int { footer.number(at: index * recordBytes + number * 8) }
      let key = Key(nameHash: UInt64(bitPattern: Int64(field(0))), firstRow: field(1))
      records[key] = Record(rows: field(2), columns: field(3), format: field(4), offset: field(5))
    }
    return records
  }

  /// The first chunk whose bytes are not those that were written; threads share the chunks.
  private static func damagedChunk(
    of body: UnsafeRawBufferPointer, in file: MappedFile, sums: Int, _ backend: Backend
  ) -> Int? {
    let damaged = Mutex<Int?>(nil)
    backend.share(units: chunks(body.count)) { chunk in
      let start = chunk * chunkBytes
      let bytes = UnsafeRawBufferPointer(
        rebasing: body[start..<min(body.count, start + chunkBytes)])
      file.populate(bytes)
      let expected = UInt64(bitPattern: Int64(file.bytes.number(at: sums + chunk * 8)))
      guard XXHash3.hash(bytes) != expected else { return }
      damaged.withLock { $0 = min($0 ?? chunk, chunk) }
    }
    return damaged.withLock { $0 }
  }
}

extension PackedWeights {
  /// The file for matrices in memory.
  struct Image {
    private let matrices: [(source: Source, offset: Int)]
    private let bodyBytes: Int
    private let modelHash: [UInt8]

    init(_ sources: [Source], modelHash: [UInt8]) {
      var end = 0
      matrices = sources.map { source in
        defer { end += source.matrix.byteCount + Self.padding(source.matrix) }
        return (source, end)
      }
      bodyBytes = end
      self.modelHash = modelHash
    }

    var byteCount: Int {
      bodyBytes + matrices.count * recordBytes + chunks(bodyBytes) * 8 + trailerBytes
    }

    var hasUniqueNames: Bool { Set(matrices.map(\.source.key)).count == matrices.count }

    private static func padding(_ matrix: PackedMatrix) -> Int {
      -matrix.byteCount & (alignment - 1)
    }

    /// Hands over the file in chunks.
    func write(_ append: (UnsafeRawBufferPointer) throws -> Void) throws {
      let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 64)
      defer { chunk.deallocate() }
      var filled = 0
      var sums: [UInt8] = []
      func flush() throws {
        let bytes = UnsafeRawBufferPointer(rebasing: chunk[..<filled])
        sums.append(littleEndian: XXHash3.hash(bytes))
        try append(bytes)
        filled = 0
      }
      func add(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
          let count = min(rest.count, chunkBytes - filled)
          UnsafeMutableRawBufferPointer(rebasing: chunk[filled..<filled + count])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
          filled += count
          rest = rest.dropFirst(count)
          if filled == chunkBytes { try flush() }
        }
      }
      for (source, _) in matrices {
        try source.matrix.withPackedBytes(add)
        let zeros = [UInt8](repeating: 0, count: Self.padding(source.matrix))
        try zeros.withUnsafeBytes(add)
      }
      if filled > 0 { try flush() }
      try end(sums).withUnsafeBytes(append)
    }

    /// Footer and trailer.
    private func end(_ sums: [UInt8]) -> [UInt8] {
      var bytes: [UInt8] = []
      for (source, offset) in matrices {
        let matrix = source.matrix
        bytes.append(littleEndian: source.key.nameHash)
        for number in [
          source.key.firstRow, matrix.rows, matrix.columns, matrix.format.code, offset,
        ] {
          bytes.append(littleEndian: UInt64(number))
        }
      }
      bytes += sums + magic
      for number in [PackedMatrix.layoutVersion, bodyBytes, matrices.count] {
        bytes.append(littleEndian: UInt64(number))
      }
      bytes += modelHash + [UInt8](repeating: 0, count: 24)
      bytes.append(littleEndian: bytes.withUnsafeBytes(XXHash64.hash))
      return bytes
    }
  }
}

extension UnsafeRawBufferPointer {
  /// The little-endian number of 64 bits at `offset`.
  fileprivate func number(at offset: Int) -> Int {
    Int(Int64(littleEndian: loadUnaligned(fromByteOffset: offset, as: Int64.self)))
  }
}

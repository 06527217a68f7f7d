import GGUF

/// The pieces of a `tokenizer.model`: a protocol buffer, `ModelProto` of sentencepiece_model.proto.
struct SentencePieceModel {
  struct Piece {
    let text: String
    let score: Float
    let kind: ImportedVocabulary.Kind
  }

  private(set) var pieces: [Piece] = []
  /// Whether a space is put before a text.
  private(set) var addsSpacePrefix = true

  /// - Throws: for a damaged file, and for a model that is not byte-pair encoding.
  init(_ bytes: [UInt8], file: String) throws(GGUFError) {
    var failure: GGUFError?
    bytes.withUnsafeBytes { bytes in
      do throws(GGUFError) {
        try read(ProtocolBuffer(file: file, bytes: bytes))
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    guard !pieces.isEmpty else {
      throw GGUFError(file: file, field: "pieces", found: "none", expected: "a SentencePiece model")
    }
  }

  private mutating func read(_ message: ProtocolBuffer) throws(GGUFError) {
    // The proto's default is unigram.
    var type: UInt64 = 1
    try message.forEachField { (number, value) throws(GGUFError) in
      switch (number, value) {
      case (1, .bytes(let bytes)): pieces.append(try piece(message.message(bytes)))
      case (2, .bytes(let bytes)):
        try message.message(bytes).forEachField { (number, value) throws(GGUFError) in
          if case (3, .integer(let found)) = (number, value) { type = found }
        }
      case (3, .bytes(let bytes)):
        try message.message(bytes).forEachField { (number, value) throws(GGUFError) in
          if case (3, .integer(let found)) = (number, value) { addsSpacePrefix = found != 0 }
        }
      default: break
      }
    }
    guard type == 2 else {
      throw message.failure(
        "trainer_spec.model_type", found: "\(type)", expected: "2, byte-pair encoding")
    }
  }

  private func piece(_ message: ProtocolBuffer) throws(GGUFError) -> Piece {
    var text: String?
    var score: Float = 0
    var kind: ImportedVocabulary.Kind? = .normal
    try message.forEachField { (number, value) throws(GGUFError) in
      switch (number, value) {
      case (1, .bytes(let bytes)): text = String(validating: bytes, as: UTF8.self)
      case (2, .fixed32(let bits)): score = Float(bitPattern: bits)
      case (3, .integer(let type)):
        kind = Int32(exactly: type).flatMap { ImportedVocabulary.Kind(rawValue: $0) }
      default: break
      }
    }
    guard let text, let kind, score.isFinite else {
      throw message.failure(
        "piece \(pieces.count)", found: "a piece without text, or of an unknown kind",
        expected: "UTF-8 text, a score, and a kind from 1 to 6")
    }
    return Piece(text: text, score: score, kind: kind)
  }
}

/// One message of the protocol buffers' wire format (protobuf.dev, "Encoding").
struct ProtocolBuffer {
  enum Value {
    case integer(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes(UnsafeRawBufferPointer)
  }

  let file: String
  let bytes: UnsafeRawBufferPointer

  init(file: String, bytes: UnsafeRawBufferPointer) {
    self.file = file
    self.bytes = bytes
  }

  /// A message within this one.
  func message(_ bytes: UnsafeRawBufferPointer) -> ProtocolBuffer {
    ProtocolBuffer(file: file, bytes: bytes)
  }

  /// Calls `body` with the number and value of each field, in order.
  func forEachField(_ body: (Int, Value) throws(GGUFError) -> Void) throws(GGUFError) {
    var offset = 0
    while offset < bytes.count {
      let key = try integer(&offset)
      guard let number = Int(exactly: key >> 3), number > 0 else { throw damaged(offset) }
      switch key & 7 {
      case 0: try body(number, .integer(integer(&offset)))
      case 1: try body(number, .fixed64(fixed(&offset, UInt64.self)))
      case 2:
        guard let count = Int(exactly: try integer(&offset)), count <= bytes.count - offset else {
          throw damaged(offset)
        }
        defer { offset += count }
        try body(
          number, .bytes(UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])))
      case 5: try body(number, .fixed32(fixed(&offset, UInt32.self)))
      default: throw damaged(offset)
      }
    }
  }

  private func integer(_ offset: inout Int) throws(GGUFError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard offset < bytes.count else { break }
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 127) << shift
      if byte < 128 { return value }
    }
    throw damaged(offset)
  }

  private func fixed<T: FixedWidthInteger>(_ offset: inout Int, _: T.Type) throws(GGUFError) -> T {
    let size = MemoryLayout<T>.size
    guard size <= bytes.count - offset else { throw damaged(offset) }
    defer { offset += size }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  func failure(_ field: String, found: String, expected: String) -> GGUFError {
    GGUFError(file: file, field: field, found: found, expected: expected)
  }

  private func damaged(_ offset: Int) -> GGUFError {
    failure(
      "byte \(offset) of a message", found: "bytes that are no field",
      expected: "a protocol buffer, cut nowhere")
  }
}

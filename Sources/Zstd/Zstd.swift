import CZstd

/// Compression of whole byte arrays, one zstd frame each (RFC 8878).
///
/// Frames carry their content size and no checksum: what is stored is always named by a SHA-256.
package enum Zstd {
  /// Compresses `bytes` into one frame; the dictionary brings its own level.
  package static func compress(
    _ bytes: [UInt8], level: Int32 = 12, dictionary: ZstdDictionary? = nil
  ) throws(ZstdError) -> [UInt8] {
    guard let context = ZSTD_createCCtx() else { throw ZstdError.outOfMemory }
    defer { ZSTD_freeCCtx(context) }
    try check(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level))
    try check(ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1))
    try check(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0))
    if let dictionary { try check(ZSTD_CCtx_refCDict(context, dictionary.compressing)) }
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    let written = output.withUnsafeMutableBytes { target in
      bytes.withUnsafeBytes { source in
        ZSTD_compress2(
          context, target.baseAddress, target.count, source.baseAddress, source.count)
      }
    }
    output.removeLast(output.count - (try check(written)))
    return output
  }

  /// Decompresses exactly one frame of at most `maximumBytes` content.
  ///
  /// The size that the frame states is checked first; then the content is decoded piece by piece
  /// and decoding stops as soon as it exceeds the maximum or the stated size, so that memory is
  /// bounded by about three times `maximumBytes` (output, window, growth) whatever the frame says.
  package static func decompress(
    _ frame: [UInt8], maximumBytes: Int, dictionary: ZstdDictionary? = nil
  ) throws(ZstdError) -> [UInt8] {
    let stated = try statedSize(of: frame, dictionary)
    if let stated, stated > UInt64(maximumBytes) {
      throw ZstdError.tooLarge(stated: stated, maximum: maximumBytes)
    }
    guard let context = ZSTD_createDCtx() else { throw ZstdError.outOfMemory }
    defer { ZSTD_freeDCtx(context) }
    try check(
      ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowLog(for: maximumBytes)))
    if let dictionary { try check(ZSTD_DCtx_refDDict(context, dictionary.decompressing)) }
    let output = try stream(frame, context, maximumBytes, reserving: Int(stated ?? 0))
    if let stated, stated != UInt64(output.count) {
      throw ZstdError.damaged("\(output.count) bytes of content where \(stated) are stated")
    }
    return output
  }

  private static func statedSize(
    of frame: [UInt8], _ dictionary: ZstdDictionary?
  ) throws(ZstdError) -> UInt64? {
    guard frame.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) else {
      throw ZstdError.damaged("no zstd frame at byte 0")
    }
    let named = frame.withUnsafeBytes { ZSTD_getDictID_fromFrame($0.baseAddress, $0.count) }
    guard named == (dictionary?.id ?? 0) else {
      throw ZstdError.wrongDictionary(found: named, expected: dictionary?.id ?? 0)
    }
    let size = frame.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    // ZSTD_CONTENTSIZE_UNKNOWN is 2^64 - 1, ZSTD_CONTENTSIZE_ERROR is 2^64 - 2.
    guard size != UInt64.max - 1 else { throw ZstdError.damaged("a broken frame header") }
    return size == UInt64.max ? nil : size
  }

  private static func stream(
    _ frame: [UInt8], _ context: OpaquePointer, _ maximumBytes: Int, reserving: Int
  ) throws(ZstdError) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(min(reserving, 1 << 20))
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    var consumed = 0
    while true {
      let (remaining, produced, position) = step(context, frame, from: consumed, into: &piece)
      try check(remaining)
      guard output.count + produced <= maximumBytes else {
        throw ZstdError.tooLarge(stated: nil, maximum: maximumBytes)
      }
      output += piece[..<produced]
      if remaining == 0 {
        guard position == frame.count else {
          throw ZstdError.damaged("\(frame.count - position) bytes after the frame")
        }
        return output
      }
      guard produced > 0 || position > consumed else {
        throw ZstdError.damaged("a frame that ends at byte \(frame.count), before its content")
      }
      consumed = position
    }
  }

  private static func step(
    _ context: OpaquePointer, _ frame: [UInt8], from start: Int, into piece: inout [UInt8]
  ) -> (remaining: Int, produced: Int, position: Int) {
    frame.withUnsafeBytes { source in
      piece.withUnsafeMutableBytes { target in
        var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: start)
        var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        let remaining = ZSTD_decompressStream(context, &output, &input)
        return (remaining, output.pos, input.pos)
      }
    }
  }

  /// A frame may ask for a window as large as its largest allowed content and no larger.
  private static func windowLog(for maximumBytes: Int) -> Int32 {
    let bits = Int.bitWidth - max(maximumBytes, 1).leadingZeroBitCount
    return Int32(min(max(bits, 10), 27))
  }

  @discardableResult
  static func check(_ result: Int) throws(ZstdError) -> Int {
    guard ZSTD_isError(result) == 0 else {
      throw ZstdError.damaged(String(cString: ZSTD_getErrorName(result)))
    }
    return result
  }
}

/// Why a frame could not be written or read.
package enum ZstdError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Content larger than allowed; `stated` is the frame's own claim, nil if it was found decoding.
  case tooLarge(stated: UInt64?, maximum: Int)
  /// The frame names another dictionary than the one given (0: none).
  case wrongDictionary(found: UInt32, expected: UInt32)
  case damaged(String)
  case outOfMemory

  package var description: String {
    switch self {
    case .tooLarge(let stated, let maximum):
      "zstd frame: found \(stated.map(String.init) ?? "more") bytes of content, "
        + "expected at most \(maximum)"
    case .wrongDictionary(let found, let expected):
      "zstd frame: found dictionary id \(found), expected \(expected)"
    case .damaged(let what): "zstd frame: found \(what), expected one whole frame"
    case .outOfMemory: "zstd: out of memory"
    }
  }
}

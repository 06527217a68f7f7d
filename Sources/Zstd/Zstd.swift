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
  /// The frame has to state its size, which is checked first; the content is decoded straight into
  /// that many bytes. So memory is bounded by the content and about 160 KiB of zstd's own, whatever
  /// window the frame asks for, and nothing is decoded of a frame that states too much.
  package static func decompress(
    _ frame: [UInt8], maximumBytes: Int, dictionary: ZstdDictionary? = nil
  ) throws(ZstdError) -> [UInt8] {
    try DecompressionContexts.withContext { (context) throws(ZstdError) in
      try decompress(frame, maximumBytes, dictionary, context)
    }
  }

  static func decompress(
    _ frame: [UInt8], _ maximumBytes: Int, _ dictionary: ZstdDictionary?, _ context: OpaquePointer
  ) throws(ZstdError) -> [UInt8] {
    let stated = try statedSize(of: frame, dictionary)
    guard stated <= UInt64(maximumBytes) else {
      throw ZstdError.tooLarge(stated: stated, maximum: maximumBytes)
    }
    // Walks over the heads of the blocks alone.
    let length = try check(
      frame.withUnsafeBytes { ZSTD_findFrameCompressedSize($0.baseAddress, $0.count) })
    guard length == frame.count else {
      throw ZstdError.damaged("\(frame.count - length) bytes after the frame")
    }
    if let dictionary { try check(ZSTD_DCtx_refDDict(context, dictionary.decompressing)) }
    var output = [UInt8](repeating: 0, count: Int(stated))
    let written = output.withUnsafeMutableBytes { target in
      frame.withUnsafeBytes { source in
        ZSTD_decompressDCtx(
          context, target.baseAddress, target.count, source.baseAddress, source.count)
      }
    }
    guard try check(written) == output.count else {
      throw ZstdError.damaged("\(written) bytes of content where \(stated) are stated")
    }
    return output
  }

  private static func statedSize(
    of frame: [UInt8], _ dictionary: ZstdDictionary?
  ) throws(ZstdError) -> UInt64 {
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
    guard size != UInt64.max else {
      throw ZstdError.damaged("a frame that does not state its size")
    }
    // A block of four bytes has at most 128 KiB of content.
    guard size <= UInt64(frame.count) << 15 else {
      throw ZstdError.damaged("\(frame.count) bytes that state \(size) of content")
    }
    return size
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
  /// Content larger than allowed; `stated` is the frame's own claim.
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

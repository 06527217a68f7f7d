import Foundation
import Kernels

/// What identifies one entry of a `KVCache`, and the bytes of its file.
///
///     offset  bytes
///     0       8     "TRIBKV", the format's version as two digits
///     8       4     engine version
///     12      4     layers
///     16      4     heads of keys and values
///     20      4     numbers of a head
///     24      8     position of the first token
///     32      8     tokens n
///     40      8     bytes of a layer
///     48      16    zeros
///     64      64    hash of the model file, zeros behind it
///     128     4 n   the tokens, then zeros to a multiple of 64 bytes
///             ...   keys and values, layer after layer, as `KVLayout` says of the
///                   least capacity that holds n
///             8     XXH64 of everything before it
///
/// Numbers are little-endian. Everything before the keys and values follows from what is looked for:
/// a file is not parsed, its beginning must equal the expected bytes.
struct KVCacheEntry {
  /// Everything before keys and values.
  let header: [UInt8]
  let layers: Int
  let layerBytes: Int

  static let magic = Array("TRIBKV02".utf8)
  static let suffix = ".kv"
  static let hashBytes = 64
  private static let checksumBytes = 8

  init(
    _ c: Configuration, modelHash: [UInt8], startPosition: Int, tokens: [Int32],
    engine: Int = engineVersion
  ) {
    precondition(modelHash.count <= Self.hashBytes, "a model's hash has at most 64 bytes")
    layers = c.layers
    layerBytes = KVSegment.byteCount(of: c, positions: tokens.count)
    var bytes = Self.magic
    for number in [engine, c.layers, c.keyValueHeads, c.headDimension] {
      bytes.append(littleEndian: UInt32(number))
    }
    for number in [startPosition, tokens.count, layerBytes] {
      bytes.append(littleEndian: UInt64(number))
    }
    bytes += [UInt8](repeating: 0, count: 16) + modelHash
    bytes += [UInt8](repeating: 0, count: 2 * Self.hashBytes - bytes.count)
    for token in tokens { bytes.append(littleEndian: UInt32(bitPattern: token)) }
    bytes += [UInt8](repeating: 0, count: -bytes.count & 63)
    header = bytes
  }

  /// The file's name: 16 digits that say nothing about the text.
  var fileName: String {
    header.withUnsafeBytes(XXHash64.hash).hexadecimal + Self.suffix
  }

  var fileBytes: Int { header.count + layers * layerBytes + Self.checksumBytes }

  /// The whole file for a segment of these tokens.
  func encoded(_ segment: KVSegment) -> [UInt8] {
    var file = header
    file.reserveCapacity(fileBytes)
    for layer in 0..<layers { segment.withBytes(layer: layer) { file += $0 } }
    file.append(littleEndian: file.withUnsafeBytes(XXHash64.hash))
    return file
  }

  /// What is wrong with a file's bytes; nil for a sound entry.
  func defect(of file: UnsafeRawBufferPointer) -> String? {
    guard file.count == fileBytes else {
      return "found \(file.count) bytes, expected \(fileBytes)"
    }
    guard header.withUnsafeBytes({ memcmp($0.baseAddress!, file.baseAddress!, $0.count) }) == 0
    else {
      return "found the header of another text, model or version"
    }
    let end = file.count - Self.checksumBytes
    let stored = UInt64(littleEndian: file.loadUnaligned(fromByteOffset: end, as: UInt64.self))
    let sum = XXHash64.hash(UnsafeRawBufferPointer(rebasing: file[..<end]))
    return sum == stored ? nil : "found bytes that do not match their checksum"
  }

  /// The keys and values of each layer in a sound file.
  func layers(of file: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer] {
    (0..<layers).map { layer in
      let start = header.count + layer * layerBytes
      return UnsafeRawBufferPointer(rebasing: file[start..<start + layerBytes])
    }
  }
}

extension UInt64 {
  /// Sixteen digits.
  var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension [UInt8] {
  mutating func append(littleEndian number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }
}

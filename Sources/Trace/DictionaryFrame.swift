import CBOR
import Corpus
import Zstd

/// A zstd frame preceded by the SHA-256 of the dictionary that it needs.
///
/// A dictionary is part of the program and never comes from a peer: a hash that the program does
/// not know is refused before anything is decoded.
enum DictionaryFrame {
  static let headByteCount = 32

  static func pack(
    _ content: [UInt8], dictionary: TraceDictionary = .current
  ) throws -> [UInt8] {
    let frame = try Zstd.compress(content, dictionary: try dictionary.digested())
    return dictionary.sha256.bytes + frame
  }

  static func open(
    _ bytes: [UInt8], maximumBytes: Int, field: String
  ) throws(TraceError) -> [UInt8] {
    // A frame may hold any number of empty blocks, so the compressed size is bounded as well.
    guard bytes.count <= maximumBytes + maximumBytes / 128 + 1024 else {
      throw TraceError(
        field, found: "\(bytes.count) bytes", expected: "at most \(maximumBytes) of content")
    }
    guard let hash = Digest(bytes: Array(bytes.prefix(headByteCount))) else {
      throw TraceError(
        field, found: "\(bytes.count) bytes", expected: "the hash of a dictionary and a frame")
    }
    guard let dictionary = TraceDictionary.known[hash] else {
      throw TraceError(
        "\(field).dictionary", found: "the unknown dictionary \(hash)",
        expected: "one that ships with this version")
    }
    do throws(ZstdError) {
      return try Zstd.decompress(
        Array(bytes.dropFirst(headByteCount)), maximumBytes: maximumBytes,
        dictionary: try dictionary.digested())
    } catch {
      throw TraceError("\(field).frame", found: error.description, expected: "a whole frame")
    }
  }
}

extension Batch {
  /// The payload that a header names, made again from signed public parts; throws if they are
  /// others.
  package static func payload(
    of publicParts: [[UInt8]], expecting header: BatchHeader
  ) throws -> [UInt8] {
    let parts =
      switch header.contents {
      case .hash: publicParts
      case .tree: try publicParts.map(PublicTrace.withoutSignature)
      }
    let payload = try DictionaryFrame.pack(content(of: parts))
    _ = try openPayload(payload, expecting: header)
    return payload
  }
}

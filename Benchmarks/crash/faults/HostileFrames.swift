import Zstd

/// Frames of at most 64 KiB that cost as much as possible to decode.
package enum HostileFrames {
  static let byteCount = 64 << 10
  private static let magic: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]

  package static var all: [(name: String, frame: [UInt8])] {
    [
      ("zeroes", zeroes), ("empty blocks", emptyBlocks), ("runs of one byte", runs),
      ("raw blocks", rawBlocks), ("tables anew in each block", manyTables), ("noise", noise),
      ("a large window", largeWindow),
    ]
  }

  /// A header that states its content in eight bytes, in one segment or with a window.
  private static func head(_ stated: Int, window: UInt8? = nil) -> [UInt8] {
    let size = (0..<8).map { UInt8(truncatingIfNeeded: stated >> (8 * $0)) }
    return magic + (window.map { [0xc0, $0] } ?? [0xe0]) + size
  }

  private static func block(_ type: Int, _ size: Int, isLast: Bool) -> [UInt8] {
    let head = size << 3 | type << 1 | (isLast ? 1 : 0)
    return [UInt8(head & 255), UInt8(head >> 8 & 255), UInt8(head >> 16)]
  }

  private static var zeroes: [UInt8] {
    (try? Zstd.compress([UInt8](repeating: 0, count: 1 << 20), level: 19)) ?? []
  }

  private static var emptyBlocks: [UInt8] {
    let count = (byteCount - 13) / 3
    return head(0) + (1...count).flatMap { block(0, 0, isLast: $0 == count) }
  }

  private static var runs: [UInt8] {
    let count = (byteCount - 13) / 4
    let size = (1 << 20) / count
    return head(size * count)
      + (1...count).flatMap { block(1, size, isLast: $0 == count) + [UInt8($0 & 255)] }
  }

  private static var rawBlocks: [UInt8] {
    let count = (byteCount - 13) / 4
    return head(count) + (1...count).flatMap { block(0, 1, isLast: $0 == count) + [65] }
  }

  /// Small compressed blocks, each with Huffman and sequence tables of its own.
  private static var manyTables: [UInt8] {
    var random = SystemRandomNumberGenerator()
    var bodies: [[UInt8]] = []
    for _ in 0..<40 {
      let text = (0..<600).map { _ -> UInt8 in
        let first = Int.random(in: 0..<60, using: &random)
        return UInt8(33 + min(first, Int.random(in: 0..<60, using: &random)))
      }
      guard let frame = try? Zstd.compress(text + text.prefix(90) + text.suffix(40), level: 19)
      else { continue }
      bodies.append(Array(frame.dropFirst(7)))
    }
    var frame: [UInt8] = []
    var stated = 0
    var number = 0
    while let body = bodies.isEmpty ? nil : bodies[number % bodies.count],
      frame.count + body.count + 13 < byteCount
    {
      frame += [body[0] & 0xfe] + body.dropFirst()
      stated += 730
      number += 1
    }
    return head(stated) + frame + block(0, 0, isLast: true)
  }

  private static var noise: [UInt8] {
    var random = SystemRandomNumberGenerator()
    return head(1 << 20) + block(2, byteCount - 16, isLast: true)
      + (0..<byteCount - 16).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  /// Asks for a window of 2 GiB for a megabyte of zeroes.
  private static var largeWindow: [UInt8] {
    head(1 << 20, window: 0xa8)
      + (1...8).flatMap { block(1, 128 << 10, isLast: $0 == 8) + [UInt8(0)] }
  }
}

/// U+2581, which SentencePiece and llama.cpp's WordPiece vocabularies write for a space.
let spaceMark: [UInt8] = [0xE2, 0x96, 0x81]

extension ArraySlice<UInt8> {
  /// The bytes with each space turned into a space mark.
  func escapingSpaces() -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count + count / 2)
    for byte in self {
      if byte == UInt8(ascii: " ") {
        result.append(contentsOf: spaceMark)
      } else {
        result.append(byte)
      }
    }
    return result
  }

  /// The bytes with each space mark turned into a space.
  func unescapingSpaces() -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count)
    var rest = self
    while let byte = rest.first {
      if rest.starts(with: spaceMark) {
        result.append(UInt8(ascii: " "))
        rest.removeFirst(3)
      } else {
        result.append(byte)
        rest.removeFirst()
      }
    }
    return result
  }

  /// The byte that a token such as `<0x0A>` stands for.
  var byteEscape: UInt8? {
    let prefix = Array("<0x".utf8)
    guard count == 6, starts(with: prefix), last == UInt8(ascii: ">") else { return nil }
    return UInt8(String(decoding: dropFirst(3).prefix(2), as: UTF8.self), radix: 16)
  }
}

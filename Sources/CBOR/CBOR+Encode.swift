extension CBOR {
  /// Encodes the value in the one form that RFC 8949 section 4.2.1 allows.
  package func encode() -> [UInt8] {
    var output: [UInt8] = []
    encode(into: &output)
    return output
  }

  func encode(into output: inout [UInt8]) {
    switch self {
    case .unsigned(let value): Head.write(0, value, to: &output)
    case .negative(let value): Head.write(1, value, to: &output)
    case .bytes(let bytes):
      Head.write(2, UInt64(bytes.count), to: &output)
      output += bytes
    case .text(let text):
      Head.write(3, UInt64(text.utf8.count), to: &output)
      output += text.utf8
    case .array(let items):
      Head.write(4, UInt64(items.count), to: &output)
      for item in items { item.encode(into: &output) }
    case .map(let map):
      Head.write(5, UInt64(map.count), to: &output)
      for pair in map.pairs {
        pair.key.encode(into: &output)
        pair.value.encode(into: &output)
      }
    case .tagged(let tag, let value):
      Head.write(6, tag, to: &output)
      value.encode(into: &output)
    case .bool(let value): output.append(value ? 0xf5 : 0xf4)
    case .null: output.append(0xf6)
    }
  }
}

/// The first bytes of every CBOR item: three bits of major type and an argument.
enum Head {
  static func write(_ major: UInt8, _ argument: UInt64, to output: inout [UInt8]) {
    let type = major << 5
    switch argument {
    case ..<24: output.append(type | UInt8(argument))
    case ...0xff: output += [type | 24, UInt8(argument)]
    case ...0xffff: append(type | 25, argument, width: 2, to: &output)
    case ...0xffff_ffff: append(type | 26, argument, width: 4, to: &output)
    default: append(type | 27, argument, width: 8, to: &output)
    }
  }

  private static func append(
    _ first: UInt8, _ argument: UInt64, width: Int, to output: inout [UInt8]
  ) {
    output.append(first)
    for shift in stride(from: (width - 1) * 8, through: 0, by: -8) {
      output.append(UInt8(truncatingIfNeeded: argument >> UInt64(shift)))
    }
  }
}

import Foundation

/// Inputs that together reach all code that fuzzing has reached, in one file: each as its length (4
/// bytes, little-endian) and its bytes.
package struct Corpus {
  package var inputs: [[UInt8]] = []

  package init() {}

  package init(contentsOf url: URL) throws {
    var rest = [UInt8](try Data(contentsOf: url))[...]
    while rest.count >= 4 {
      let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length <= rest.count - 4 else { break }
      inputs.append(Array(rest.dropFirst(4).prefix(length)))
      rest = rest.dropFirst(4 + length)
    }
    guard rest.isEmpty else { throw CocoaError(.fileReadCorruptFile) }
  }

  package func write(to url: URL) throws {
    var bytes: [UInt8] = []
    for input in inputs {
      for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: input.count >> shift)) }
      bytes += input
    }
    try Data(bytes).write(to: url)
  }
}

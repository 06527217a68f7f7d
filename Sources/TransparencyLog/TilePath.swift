/// The place of one tile or entry bundle below a log's prefix (C2SP tlog-tiles).
///
/// Every place has one spelling, so that a path can be a file's name and a cache's key.
package struct TilePath: Hashable, Sendable {
  /// The most hashes in a tile, and the most entries in a bundle.
  package static let fullWidth = 256

  package enum Kind: Hashable, Sendable {
    /// Hashes of subtrees with 256^level leaves.
    case hashes(level: Int)
    case entries
  }

  package let kind: Kind
  /// Counts the tiles of a level from the left.
  package let index: Int
  /// The number of hashes or entries, 1 to 256; below 256 the tile is partial.
  package let width: Int

  /// Nil for a level outside 0...63, a width outside 1...256, or an index beyond 2^53.
  package init?(_ kind: Kind, index: Int, width: Int = fullWidth) {
    if case .hashes(let level) = kind, !(0...63).contains(level) { return nil }
    guard (0..<1 << 53).contains(index), (1...Self.fullWidth).contains(width) else { return nil }
    self.init(unchecked: kind, index, width)
  }

  init(unchecked kind: Kind, _ index: Int, _ width: Int) {
    self.kind = kind
    self.index = index
    self.width = width
  }

  package var isPartial: Bool { width < Self.fullWidth }

  /// The whole tile that this one is a part of.
  package var full: TilePath { TilePath(unchecked: kind, index, Self.fullWidth) }

  /// The power of 256 that says how many leaves a hash or an entry stands for.
  package var level: Int {
    if case .hashes(let level) = kind { level } else { 0 }
  }

  /// The first leaf under the tile; the index has to be one of a tree that fits in an `Int`.
  package var firstLeaf: Int { index << (8 * (level + 1)) }
}

extension TilePath: CustomStringConvertible {
  /// `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`.
  package var description: String {
    isPartial ? "\(partialFolder)/\(width)" : fullDescription
  }

  /// The folder of the partial versions of this tile.
  package var partialFolder: String { fullDescription + ".p" }

  private var fullDescription: String {
    switch kind {
    case .entries: "tile/entries/\(indexPath)"
    case .hashes(let level): "tile/\(level)/\(indexPath)"
    }
  }

  /// Three digits per element, all but the last marked with an x: `x001/x234/067`.
  private var indexPath: String {
    var elements: [String] = []
    var rest = index
    repeat {
      let digits = String(rest % 1000)
      let padding = String(repeating: "0", count: 3 - digits.count)
      elements.append((elements.isEmpty ? "" : "x") + padding + digits)
      rest /= 1000
    } while rest > 0
    return elements.reversed().joined(separator: "/")
  }

  /// Reads the one spelling of a path; nil for every other text.
  package init?(_ text: some StringProtocol) {
    // "tile/entries", six elements of an index, ".p" and a width are below 60 bytes.
    guard text.utf8.count <= 64 else { return nil }
    let text = String(text)
    var elements = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard elements.count >= 3, elements[0] == "tile", let kind = Kind(elements[1]) else {
      return nil
    }
    var width = Self.fullWidth
    if elements[elements.count - 2].hasSuffix(".p") {
      guard let parsed = Int(elements.removeLast()), parsed < Self.fullWidth else { return nil }
      width = parsed
      elements[elements.count - 1].removeLast(2)
    }
    guard let index = Self.index(elements.dropFirst(2)) else { return nil }
    self.init(kind, index: index, width: width)
    // Signs, leading zeros and a missing or needless x do not come back.
    guard description == text else { return nil }
  }

  private static func index(_ elements: some Collection<String>) -> Int? {
    guard (1...6).contains(elements.count) else { return nil }
    var index = 0
    for element in elements {
      let digits = element.hasPrefix("x") ? element.dropFirst() : element[...]
      guard digits.utf8.count == 3, let part = Int(digits), part >= 0 else { return nil }
      index = index * 1000 + part
    }
    return index
  }
}

extension TilePath.Kind {
  fileprivate init?(_ text: String) {
    if text == "entries" {
      self = .entries
    } else if let level = Int(text) {
      self = .hashes(level: level)
    } else {
      return nil
    }
  }
}

/// A tile or bundle that is not what the format asks for.
package struct TileError: Error, Equatable, Sendable, CustomStringConvertible {
  package let path: TilePath
  package let field: String
  package let found: String
  package let expected: String

  package init(_ path: TilePath, field: String, found: String, expected: String) {
    self.path = path
    self.field = field
    self.found = found
    self.expected = expected
  }

  package var description: String { "\(path): \(field): found \(found), expected \(expected)" }
}

/// The pairs of a CBOR map, ascending by their encoded keys, each key once.
///
/// Records have a handful of keys and are read in order, so pairs in a row beat a hash table.
package struct CBORMap: Hashable, Sendable {
  package struct Pair: Hashable, Sendable {
    package let key: CBOR
    package var value: CBOR

    fileprivate func hasKey(_ number: UInt64) -> Bool {
      if case .unsigned(number) = key { true } else { false }
    }
  }

  package private(set) var pairs: [Pair] = []

  package init() {}

  /// Sorts the pairs; of one key given twice the later value counts.
  package init(_ pairs: some Sequence<(CBOR, CBOR)>) {
    for (key, value) in pairs { self[key] = value }
  }

  /// Room for `capacity` pairs that are appended in order.
  init(capacity: Int) {
    pairs.reserveCapacity(capacity)
  }

  package var count: Int { pairs.count }

  /// The value of a key, in time that grows with the number of pairs; setting nil removes it.
  package subscript(key: CBOR) -> CBOR? {
    get { pairs.first { $0.key == key }?.value }
    set {
      if let index = pairs.firstIndex(where: { $0.key == key }) {
        if let newValue { pairs[index].value = newValue } else { pairs.remove(at: index) }
      } else if let newValue {
        let encoded = key.encode()
        let place = pairs.firstIndex { encoded.lexicographicallyPrecedes($0.key.encode()) }
        pairs.insert(Pair(key: key, value: newValue), at: place ?? pairs.endIndex)
      }
    }
  }

  /// The place of an integer key, looked for from `start` on and then from the beginning.
  func index(of key: UInt64, startingAt start: Int) -> Int? {
    for index in min(start, pairs.count)..<pairs.count {
      if pairs[index].hasKey(key) { return index }
    }
    return (0..<min(start, pairs.count)).first { pairs[$0].hasKey(key) }
  }

  /// Adds a pair whose key comes after all others.
  mutating func append(_ key: CBOR, _ value: CBOR) {
    pairs.append(Pair(key: key, value: value))
  }
}

extension CBORMap: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (CBOR, CBOR)...) {
    self.init(elements)
  }
}

/// A set of players, one bit each: player `i` is in the coalition when bit `i` is set.
package struct Coalition: Hashable, Sendable {
  /// The most players that a coalition can name.
  package static let capacity = 64

  package let bits: UInt64

  package init(bits: UInt64 = 0) {
    self.bits = bits
  }

  package init(_ players: some Sequence<Int>) {
    bits = players.reduce(0) { $0 | (1 << UInt64($1)) }
  }

  /// The coalition of players `0 ..< count`.
  package static func everyone(_ count: Int) -> Coalition {
    precondition((0...capacity).contains(count), "a coalition names at most 64 players")
    return Coalition(bits: count == capacity ? .max : (1 << UInt64(count)) - 1)
  }

  package static let nobody = Coalition()

  package var count: Int { bits.nonzeroBitCount }
  package var isEmpty: Bool { bits == 0 }

  /// The players in ascending order.
  package var members: [Int] {
    var rest = bits
    var result: [Int] = []
    while rest != 0 {
      result.append(rest.trailingZeroBitCount)
      rest &= rest - 1
    }
    return result
  }

  package func contains(_ player: Int) -> Bool { bits >> UInt64(player) & 1 == 1 }
  package func adding(_ player: Int) -> Coalition { Coalition(bits: bits | 1 << UInt64(player)) }
  package func removing(_ player: Int) -> Coalition {
    Coalition(bits: bits & ~(1 << UInt64(player)))
  }
  package func union(_ other: Coalition) -> Coalition { Coalition(bits: bits | other.bits) }
  package func subtracting(_ other: Coalition) -> Coalition { Coalition(bits: bits & ~other.bits) }
  package func isSubset(of other: Coalition) -> Bool { bits & ~other.bits == 0 }

  /// All subsets, the empty one first, in ascending order of `bits`.
  package var subsets: [Coalition] {
    var result: [Coalition] = []
    result.reserveCapacity(1 << count)
    var subset: UInt64 = 0
    repeat {
      result.append(Coalition(bits: subset))
      subset = (subset &- bits) & bits
    } while subset != 0
    return result
  }
}

extension Coalition: Comparable {
  package static func < (a: Coalition, b: Coalition) -> Bool { a.bits < b.bits }
}

extension Coalition: CustomStringConvertible {
  package var description: String {
    "{" + members.map(String.init).joined(separator: ",") + "}"
  }
}

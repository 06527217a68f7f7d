import CIntrinsics

/// A piece of memory on huge pages that one large matrix or many smaller ones share.
///
/// A matrix of a small model has a few hundred kilobytes. On small pages of its own, address translation
/// takes a third of the time of a decoded token; packed one after another on huge pages they are one stream.
/// A piece is long, because its last huge page is one only if it is whole; what nobody writes to costs
/// addresses and no memory.
/// The system zeroes pages when packing first writes to them, on the thread that does: nothing else does.
final class WeightMemory: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  private let capacity: Int
  private var used = 0
  /// Matrices that lie in it.
  private var tenants = 0

  private static let sharedCapacity = 64 << 20
  /// The piece that matrices are being put into, as long as one of them is left.
  private static let open = Locked<WeightMemory?>(nil)

  private init(capacity: Int) {
    self.capacity = capacity
    guard let base = ci_map_pages(capacity) else {
      preconditionFailure("out of memory: \(capacity) bytes for weights")
    }
    self.base = base
  }

  deinit { ci_unmap_pages(base, capacity) }

  /// Zeroed, aligned memory and its owner, which the matrix keeps until it calls `release`.
  static func allocate(_ bytes: Int) -> (owner: WeightMemory, memory: UnsafeMutableRawPointer) {
    let bytes = (bytes + 63) & ~63
    if bytes > sharedCapacity / 2 {
      let own = WeightMemory(capacity: bytes)
      own.tenants = 1
      return (own, own.base)
    }
    return open.withLock { last in
      let current: WeightMemory
      if let last, last.used + bytes <= last.capacity {
        current = last
      } else {
        current = WeightMemory(capacity: sharedCapacity)
        last = current
      }
      defer { current.used += bytes }
      current.tenants += 1
      return (current, current.base + current.used)
    }
  }

  /// One matrix less: an empty piece goes, also the one that the next matrix would have been put into.
  static func release(_ owner: WeightMemory) {
    open.withLock { last in
      owner.tenants -= 1
      if owner.tenants == 0, last === owner { last = nil }
    }
  }
}

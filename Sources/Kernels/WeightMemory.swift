import CIntrinsics
import Synchronization

/// A piece of memory on huge pages that one large matrix or many small ones share.
///
/// A matrix of a small model has a few hundred kilobytes. On small pages of its own, address translation
/// takes a third of the time of a decoded token; packed one after another on huge pages they are one stream.
/// The system zeroes pages when packing first writes to them, on the thread that does: nothing else does.
final class WeightMemory: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  private let capacity: Int
  private var used = 0

  private static let sharedCapacity = 4 << 20
  private static let open = Mutex<WeightMemory?>(nil)

  private init(capacity: Int) {
    self.capacity = capacity
    guard let base = ci_map_pages(capacity) else {
      preconditionFailure("out of memory: \(capacity) bytes for weights")
    }
    self.base = base
  }

  deinit { ci_unmap_pages(base, capacity) }

  /// Zeroed, aligned memory and its owner, which the matrix keeps.
  static func allocate(_ bytes: Int) -> (owner: WeightMemory, memory: UnsafeMutableRawPointer) {
    let bytes = (bytes + 63) & ~63
    if bytes > sharedCapacity / 2 {
      let own = WeightMemory(capacity: bytes)
      return (own, own.base)
    }
    return open.withLock { open in
      let current: WeightMemory
      if let last = open, last.used + bytes <= last.capacity {
        current = last
      } else {
        current = WeightMemory(capacity: sharedCapacity)
        open = current
      }
      defer { current.used += bytes }
      return (current, current.base + current.used)
    }
  }
}

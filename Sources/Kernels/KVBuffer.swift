#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Zeroed memory for keys and values, on 64-byte boundaries; the owner of what `pointer` names.
///
/// Something must hold it while a kernel uses its pointer, as with `FloatBuffer`.
package final class KVBuffer: @unchecked Sendable {
  package let pointer: UnsafeMutableRawPointer
  package let byteCount: Int

  package init(byteCount: Int) {
    self.byteCount = byteCount
    pointer = KVPool.take(max(byteCount, 64))
  }

  deinit { KVPool.giveBack(pointer, max(byteCount, 64)) }
}

/// Memory of segments that are gone, kept for those to come.
///
/// Fresh memory costs a page fault for every 4 KiB, up to a fourteenth of the time in which a small model
/// reads a prompt.
private enum KVPool {
  /// The most that is kept, in bytes.
  private static let limit = 16 << 20
  /// Below this, the allocator keeps memory itself.
  private static let least = 4096

  private struct Kept {
    /// By size: what is kept of each.
    var pieces = [[UnsafeMutableRawPointer]](repeating: [], count: KVPool.step(limit) + 1)
    var bytes = 0
  }
  private static let kept = Locked(Kept())

  /// Zeroed memory of at least so many bytes.
  static func take(_ bytes: Int) -> UnsafeMutableRawPointer {
    guard bytes >= least, bytes <= limit else { return allocateAligned(bytes) }
    let step = step(bytes)
    let old = kept.withLock { kept -> UnsafeMutableRawPointer? in
      guard let piece = kept.pieces[step].popLast() else { return nil }
      kept.bytes -= size(step)
      return piece
    }
    guard let old else { return allocateAligned(size(step)) }
    memset(old, 0, bytes)
    return old
  }

  /// Takes back what `take` gave for as many bytes.
  static func giveBack(_ piece: UnsafeMutableRawPointer, _ bytes: Int) {
    guard bytes >= least, bytes <= limit else { return free(piece) }
    let step = step(bytes)
    let isKept = kept.withLock { kept in
      guard kept.bytes + size(step) <= limit else { return false }
      kept.bytes += size(step)
      kept.pieces[step].append(piece)
      return true
    }
    if !isKept { free(piece) }
  }

  /// Sizes have four steps to each power of two, so that what was given back fits what is asked for next.
  private static func size(_ step: Int) -> Int { (4 + step % 4) * ((least / 4) << (step / 4)) }

  /// The first step whose size is at least so many bytes.
  private static func step(_ bytes: Int) -> Int {
    let power = Int.bitWidth - 1 - (bytes / least).leadingZeroBitCount
    let quarter = (least / 4) << power
    return 4 * power + (bytes + quarter - 1) / quarter - 4
  }
}

import CFaultVFS
import Foundation

/// A folder whose SQLite files lose power, or find no space, at chosen write points.
///
/// Files are on this disk from their opening on, so make it before a store in the folder is opened.
package final class FaultDisk: Sendable {
  /// What becomes of writes that were not synced when the power fails.
  package enum Fate: Int, CaseIterable, Sendable {
    case lost, torn, kept

    fileprivate var value: fault_fate {
      switch self {
      case .lost: FAULT_LOST
      case .torn: FAULT_TORN
      case .kept: FAULT_KEPT
      }
    }
  }

  // The disk has a lock of its own.
  private nonisolated(unsafe) let disk: OpaquePointer

  /// Makes the fault VFS SQLite's default one, if it is not yet.
  package init(folder: String) {
    precondition(fault_vfs_register() == 0, "SQLite refuses the fault VFS")
    guard let real = realpath(folder, nil) else { preconditionFailure("no folder \(folder)") }
    defer { free(real) }
    guard let disk = fault_disk_create(real) else { preconditionFailure("out of memory") }
    self.disk = disk
  }

  deinit { fault_disk_free(disk) }

  /// Cuts the power at that write point, counted from 0 from now on; nil only counts.
  package func crash(at point: Int?, fate: Fate = .lost, seed: UInt64 = 0) {
    fault_disk_crash_at(disk, Int64(point ?? -1), fate.value, seed)
  }

  /// The write points passed since `crash(at:)`.
  package var points: Int { Int(fault_disk_points(disk)) }
  package var hasCrashed: Bool { fault_disk_has_crashed(disk) }

  /// Leaves on the real disk what survived a crash, or would survive one now, and turns the power
  /// on; no file may be open.
  package func restore(fate: Fate = .lost, seed: UInt64 = 0) {
    precondition(fault_disk_restore(disk, fate.value, seed), "a real file cannot be written")
  }

  /// Lets the files of the folder grow to that many bytes together; nil for any number.
  package func limit(to capacity: Int?) { fault_disk_limit(disk, Int64(capacity ?? -1)) }

  /// The bytes by which the files may still grow.
  package var available: Int { Int(fault_disk_available(disk)) }
}

/// SplitMix64: small, seeded, and the same on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

import CIntrinsics

/// The kernels for any processor of the architecture: the same bits, without speed.
public func portableKernels() -> ci_kernels { makeKernelTable() }

/// Sixteen registers of four lanes: a vector of sixteen takes four of them.
enum Tiling {
  typealias Limits = LimitChains<3>
  @inline(__always) static var rowGroups: Int { 1 }
  @inline(__always) static var quantisedTokens: Int { 2 }
  @inline(__always) static var readsNibbles: Bool { false }
  @inline(__always) static var floatTokens: Int { 4 }
  @inline(__always) static var attentionRows: Int { 4 }
  @inline(__always) static var scoreVectors: Int { 4 }
  @inline(__always) static var valueVectors: Int { 4 }
}

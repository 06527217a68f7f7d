import CIntrinsics

/// The kernels for processors with AVX2, FMA and F16C.
public func avx2Kernels() -> ci_kernels { makeKernelTable() }

/// Sixteen registers of eight lanes: a vector of sixteen takes two of them.
enum Tiling {
  typealias Limits = LimitChains<6>
  @inline(__always) static var rowGroups: Int { 1 }
  @inline(__always) static var quantisedTokens: Int { 12 }
  @inline(__always) static var readsNibbles: Bool { false }
  @inline(__always) static var floatTokens: Int { 6 }
  @inline(__always) static var attentionRows: Int { 6 }
  @inline(__always) static var scoreVectors: Int { 6 }
  @inline(__always) static var valueVectors: Int { 6 }
}

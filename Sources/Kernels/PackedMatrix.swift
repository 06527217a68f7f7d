import CIntrinsics
import KernelsPortable

/// Weights (rows, columns), repacked once into records of 16 rows that prefill and decode share.
///
/// A row is an output of the product. Columns are a multiple of the format's block: 256 for the K formats,
/// 32 for the other quantised ones, any number for float formats.
package final class PackedMatrix: @unchecked Sendable {
  package let rows: Int
  package let columns: Int
  package let format: WeightFormat
  /// Bytes of the packed form, padding included: what one product reads.
  package let byteCount: Int
  let memory: UnsafeMutableRawPointer
  /// Who keeps the memory: a piece that matrices share, or whoever lent it.
  private let piece: WeightMemory?
  private let lender: AnyObject?

  /// Raised whenever the bytes of a packed matrix change, so that stored ones are not read as others.
  package static let layoutVersion = 1

  /// A matrix of zeros, to be filled by `pack`.
  package init(format: WeightFormat, rows: Int, columns: Int) {
    precondition(rows > 0 && columns > 0, "a matrix has rows and columns")
    precondition(columns % format.blockColumns == 0, "rows hold whole blocks")
    self.rows = rows
    self.columns = columns
    self.format = format
    byteCount = Self.byteCount(format: format, rows: rows, columns: columns)
    let (piece, memory) = WeightMemory.allocate(byteCount)
    self.piece = piece
    self.memory = memory
    lender = nil
  }

  /// A matrix that was packed before and lies in memory that `lender` keeps; nobody may pack into it.
  ///
  /// `packed`: what `withPackedBytes` gave for the same format and shape, at an address that 64 divides.
  package init(
    packed: UnsafeRawBufferPointer, format: WeightFormat, rows: Int, columns: Int, lender: AnyObject
  ) {
    self.rows = rows
    self.columns = columns
    self.format = format
    byteCount = Self.byteCount(format: format, rows: rows, columns: columns)
    precondition(packed.count == byteCount, "bytes of another shape")
    precondition(UInt(bitPattern: packed.baseAddress) % 64 == 0, "records begin on a cache line")
    memory = UnsafeMutableRawPointer(mutating: packed.baseAddress!)
    piece = nil
    self.lender = lender
  }

  deinit {
    if let piece { WeightMemory.release(piece) }
  }

  /// Bytes of the packed form of a matrix.
  package static func byteCount(format: WeightFormat, rows: Int, columns: Int) -> Int {
    groupCount(rows) * format.groupBytes(columns: columns)
  }

  /// Calls `body` with the packed form, which must not outlive the call.
  package func withPackedBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(UnsafeRawBufferPointer(start: memory, count: byteCount))
  }

  /// Packs row-major GGUF bytes; their number must be that of the shape, which the caller has checked.
  package convenience init(
    packing bytes: UnsafeRawBufferPointer, format: WeightFormat, rows: Int, columns: Int
  ) {
    self.init(format: format, rows: rows, columns: columns)
    pack(bytes, firstRow: 0, rows: rows)
  }

  /// Packs the GGUF bytes of rows `firstRow ..< firstRow + rows`.
  ///
  /// The first row is a multiple of 16, and so is the number of rows unless they are the last. Several
  /// threads may pack disjoint rows at the same time; nobody may multiply before they are done.
  package func pack(_ bytes: UnsafeRawBufferPointer, firstRow: Int, rows: Int) {
    precondition(firstRow % 16 == 0 && rows > 0 && firstRow + rows <= self.rows, "whole groups")
    precondition(rows % 16 == 0 || firstRow + rows == self.rows, "whole groups")
    precondition(bytes.count == rows * format.rowBytes(columns: columns), "bytes of another shape")
    let first = memory + firstRow / 16 * format.groupBytes(columns: columns)
    packingKernels.pack(bytes.baseAddress, format.code, rows, columns, first)
  }

  var groups: Int { groupCount(rows) }
}

private func groupCount(_ rows: Int) -> Int { (rows + 15) / 16 }

/// The kernels that pack, whichever of them multiply: packing moves bytes only.
///
/// Registers wider than those of AVX2 gain nothing: the memory that is written sets the pace.
private let packingKernels = (ISA.available.contains(.avx2) ? ISA.avx2 : .portable).kernels

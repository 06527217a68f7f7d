import Foundation
import Testing

@testable import Kernels

/// Packed rows against the numbers that gguf-py makes of the same bytes; see Fixtures/PROVENANCE.md.
@Suite struct WideningTests {
  @Test(arguments: ISA.available, allFormats.filter(\.isQuantised))
  func packedRowsWidenToTheNumbersOfGGUF(isa: ISA, format: WeightFormat) throws {
    let name = "\(format)".uppercased() + ".bin"
    let path = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)")
    let file = [UInt8](try Data(contentsOf: path))
    let columns = 512
    let rowBytes = format.rowBytes(columns: columns)
    try #require(file.count == rowBytes + 4 * columns)
    let expected = file.withUnsafeBytes { bytes in
      (0..<columns).map {
        bytes.loadUnaligned(fromByteOffset: rowBytes + 4 * $0, as: Float.self)
      }
    }
    // The row in each of 16 lanes and one more, so that no lane is special.
    let matrix = packed((0..<17).flatMap { _ in file[..<rowBytes] }, format, 17, columns)
    let backend = try Backend(isa: isa, threads: 1)
    let output = FloatBuffer(columns)
    for row in 0..<17 {
      backend.embeddingRow(matrix, row: row, into: output.pointer)
      #expect(output.values == expected, "row \(row)")
    }
  }
}

import Testing

@testable import Kernels

@Suite struct PackingTests {
  @Test(arguments: ISA.available, allFormats)
  func everyRowComesBackExactly(isa: ISA, format: WeightFormat) throws {
    var numbers = Numbers(5)
    let backend = try Backend(isa: isa, threads: 1)
    for (rows, columns) in possibleShapes(format, [(16, 64), (33, 96), (1, 32), (50, 320)]) {
      let bytes = numbers.weights(format, rows: rows, columns: columns)
      let matrix = packed(bytes, format, rows, columns)
      let output = FloatBuffer(columns)
      for row in 0..<rows {
        let rowBytes = format.rowBytes(columns: columns)
        let source = bytes[row * rowBytes..<(row + 1) * rowBytes]
        let expected = Reference.widened(source, format)
        backend.embeddingRow(matrix, row: row, into: output.pointer)
        #expect(bits(output.values) == bits(expected))
      }
    }
  }

  @Test(arguments: ISA.available)
  func everyHalfPrecisionNumberWidensExactly(isa: ISA) throws {
    let all = (0...UInt16.max).filter { Float16(bitPattern: $0).isFinite }
    let bytes = all.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    let matrix = packed(bytes, .f16, 1, all.count)
    let output = FloatBuffer(all.count)
    try Backend(isa: isa, threads: 1).embeddingRow(matrix, row: 0, into: output.pointer)
    #expect(bits(output.values) == bits(all.map { Float(Float16(bitPattern: $0)) }))
  }

  @Test func packedBytesAreOneStreamOfRecords() {
    var numbers = Numbers(6)
    let q8 = packed(numbers.weights(.q8_0, rows: 32, columns: 128), .q8_0, 32, 128)
    #expect(q8.byteCount == 2 * 2 * 1088)
    let q4 = packed(numbers.weights(.q4_0, rows: 17, columns: 96), .q4_0, 17, 96)
    #expect(q4.byteCount == 2 * 2 * 576)
  }

  /// If this fails, packed bytes have changed: raise `PackedMatrix.layoutVersion`, because packed weights
  /// are stored on disk, and record the new value here.
  @Test func thePackedBytesAreThoseOfThisLayoutVersion() {
    var numbers = Numbers(9)
    var sum: UInt64 = 0xcbf2_9ce4_8422_2325
    for format in allFormats {
      for (rows, columns) in possibleShapes(format, [(33, 96), (16, 512)]) {
        let bytes = numbers.weights(format, rows: rows, columns: columns)
        packed(bytes, format, rows, columns).withPackedBytes {
          for byte in $0 { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
      }
    }
    #expect(PackedMatrix.layoutVersion == 1)
    #expect(sum == 14_152_342_801_157_176_219)
  }

  /// A model's file and 15 % must hold it: what a format packs to exceeds the file's bytes by less.
  @Test(arguments: allFormats)
  func packedBytesAreHardlyMoreThanTheFile(format: WeightFormat) {
    let matrix = PackedMatrix(format: format, rows: 64, columns: 1024)
    #expect(Double(matrix.byteCount) <= 1.06 * Double(64 * format.rowBytes(columns: 1024)))
  }

  /// Packing is done by one set of kernels, whichever of them multiply.
  @Test(arguments: ISA.available, allFormats)
  func everyInstructionSetPacksTheSameBytes(isa: ISA, format: WeightFormat) {
    var numbers = Numbers(8)
    let (rows, columns) = (37, 5 * max(32, format.blockColumns))
    let bytes = numbers.weights(format, rows: rows, columns: columns)
    let whole = packed(bytes, format, rows, columns)
    let other = PackedMatrix(format: format, rows: rows, columns: columns)
    bytes.withUnsafeBytes {
      isa.kernels.pack($0.baseAddress, format.code, rows, columns, other.memory)
    }
    #expect(whole.packedCopy == other.packedCopy)
  }

  @Test(arguments: allFormats)
  func rowRangesPackedByThemselvesGiveTheSameBytes(format: WeightFormat) {
    var numbers = Numbers(7)
    let (rows, columns) = (53, 3 * max(32, format.blockColumns))
    let bytes = numbers.weights(format, rows: rows, columns: columns)
    let whole = packed(bytes, format, rows, columns)
    let pieces = PackedMatrix(format: format, rows: rows, columns: columns)
    let rowBytes = format.rowBytes(columns: columns)
    for (first, count) in [(32, 21), (0, 16), (16, 16)] {
      bytes.withUnsafeBytes {
        let part = $0[first * rowBytes..<(first + count) * rowBytes]
        pieces.pack(UnsafeRawBufferPointer(rebasing: part), firstRow: first, rows: count)
      }
    }
    #expect(whole.packedCopy == pieces.packedCopy)
  }
}

extension PackedMatrix {
  fileprivate var packedCopy: [UInt8] { withPackedBytes { [UInt8]($0) } }
}

import Dispatch
import Synchronization

/// A tensor on its way into a file.
package struct PlannedTensor: Sendable {
  /// Where the numbers come from.
  package enum Contents: Sendable {
    /// Bytes already in the form of `type`: fills the buffer with those from an offset on.
    case stored(@Sendable (Int, UnsafeMutableRawBufferPointer) throws(GGUFError) -> Void)
    /// Floats: fills the buffer with those of some rows.
    case floats(@Sendable (Range<Int>, UnsafeMutableBufferPointer<Float>) throws(GGUFError) -> Void)
  }

  /// The file that the numbers come from, for messages.
  package let file: String
  package let name: String
  /// Dimensions in ggml's order, row length first.
  package let shape: [Int]
  /// The form in the new file.
  package let type: TensorType
  let contents: Contents

  package init(
    file: String, name: String, shape: [Int], type: TensorType, contents: Contents
  ) {
    precondition(shape.allSatisfy { $0 > 0 } && shape[0] % type.blockLength == 0)
    self.file = file
    self.name = name
    self.shape = shape
    self.type = type
    self.contents = contents
  }

  package var byteCount: Int { layout.byteCount }
  var layout: GGUFLayout.Tensor { GGUFLayout.Tensor(name: name, shape: shape, type: type) }
  var rowLength: Int { shape[0] }
  var rows: Int { shape.dropFirst().reduce(1, *) }
}

/// Writes a GGUF file tensor by tensor, quantising on several threads.
///
/// Memory: two slabs of about 16 MiB or one row, whichever is more, whatever the file's size. Numbers
/// that are not finite, or too large for their form, end in an error that names tensor and row.
package struct ModelWriter {
  /// How far the writing has come.
  package struct Progress: Sendable {
    package let tensor: String
    package let bytesDone: Int
    package let bytesTotal: Int
  }

  /// Numbers of one slab: what is quantised before it is written.
  private static let slabElements = 1 << 22
  /// Numbers that a thread takes at a time.
  private static let pieceElements = 1 << 16

  private let entries: [(key: String, value: MetadataValue)]
  private let tensors: [PlannedTensor]
  private let threads: Int

  package init(
    metadata: [(key: String, value: MetadataValue)], tensors: [PlannedTensor], threads: Int
  ) {
    entries = metadata
    self.tensors = tensors
    self.threads = max(1, threads)
  }

  package var byteCount: Int { tensors.reduce(0) { $0 + $1.byteCount } }

  /// Writes the file whole or not at all; an existing one is refused unless `replacing`.
  ///
  /// - Parameter check: called when all bytes are written and none is published.
  package func write(
    to path: String, replacing: Bool, check: () throws(GGUFError) -> Void,
    progress: (Progress) -> Void
  ) throws(GGUFError) {
    let output = try DurableOutput(path: path, replacing: replacing)
    try output.append(GGUFLayout(entries: entries, tensors: tensors.map(\.layout)).encoded())
    var done = 0
    for tensor in tensors {
      let rowsPerSlab = max(1, Self.slabElements / tensor.rowLength)
      for first in stride(from: 0, to: tensor.rows, by: rowsPerSlab) {
        progress(Progress(tensor: tensor.name, bytesDone: done, bytesTotal: byteCount))
        let slab = try slab(tensor, first..<min(tensor.rows, first + rowsPerSlab))
        try output.append(slab)
        done += slab.count
      }
      try output.append([UInt8](repeating: 0, count: GGUFLayout.padding(after: tensor.byteCount)))
    }
    try check()
    try output.finish()
  }

  private func slab(_ tensor: PlannedTensor, _ rows: Range<Int>) throws(GGUFError) -> [UInt8] {
    let rowBytes = tensor.rowLength / tensor.type.blockLength * tensor.type.blockBytes
    var failure: GGUFError?
    let bytes = [UInt8](unsafeUninitializedCapacity: rows.count * rowBytes) { buffer, count in
      count = rows.count * rowBytes
      let output = UnsafeMutableRawBufferPointer(
        UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      do throws(GGUFError) {
        switch tensor.contents {
        case .stored(let read): try read(rows.lowerBound * rowBytes, output)
        case .floats(let read):
          try RowQuantiser(tensor: tensor, rows: rows, rowBytes: rowBytes, read: read)
            .run(threads: threads, pieceElements: Self.pieceElements, output: output)
        }
      } catch {
        failure = error
        output.initializeMemory(as: UInt8.self, repeating: 0)
      }
    }
    if let failure { throw failure }
    return bytes
  }
}

/// Quantises some rows of one tensor.
private struct RowQuantiser: Sendable {
  let tensor: PlannedTensor
  let rows: Range<Int>
  let rowBytes: Int
  let read: @Sendable (Range<Int>, UnsafeMutableBufferPointer<Float>) throws(GGUFError) -> Void

  /// Hands out pieces of rows to the threads; the error of the lowest row wins.
  func run(
    threads: Int, pieceElements: Int, output: UnsafeMutableRawBufferPointer
  ) throws(GGUFError) {
    let rowsPerPiece = max(1, pieceElements / tensor.rowLength)
    let pieces = (rows.count + rowsPerPiece - 1) / rowsPerPiece
    let next = Atomic(0)
    let failure = Mutex<(row: Int, error: GGUFError)?>(nil)
    // Each piece writes a range of its own.
    nonisolated(unsafe) let output = output
    DispatchQueue.concurrentPerform(iterations: min(threads, pieces)) { _ in
      let floats = UnsafeMutableBufferPointer<Float>.allocate(
        capacity: rowsPerPiece * tensor.rowLength)
      defer { floats.deallocate() }
      while case let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue, piece < pieces {
        let first = rows.lowerBound + piece * rowsPerPiece
        let range = first..<min(rows.upperBound, first + rowsPerPiece)
        do throws(GGUFError) {
          try quantise(range, floats, output)
        } catch {
          failure.withLock { if $0 == nil || first < $0!.row { $0 = (first, error) } }
          return
        }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure.error }
  }

  private func quantise(
    _ range: Range<Int>, _ floats: UnsafeMutableBufferPointer<Float>,
    _ output: UnsafeMutableRawBufferPointer
  ) throws(GGUFError) {
    let count = range.count * tensor.rowLength
    try read(range, UnsafeMutableBufferPointer(rebasing: floats[..<count]))
    for row in range {
      let start = (row - range.lowerBound) * tensor.rowLength
      let values = UnsafeBufferPointer(rebasing: floats[start..<(start + tensor.rowLength)])
      let offset = (row - rows.lowerBound) * rowBytes
      do throws(GGUFError) {
        try Quantizer.checkRepresentable(values, as: tensor.type)
        try Quantizer.quantize(
          values, to: tensor.type,
          into: UnsafeMutableRawBufferPointer(rebasing: output[offset..<(offset + rowBytes)]))
      } catch {
        throw GGUFError(
          file: tensor.file, field: "tensor \(tensor.name), row \(row)", found: error.found,
          expected: error.expected)
      }
    }
  }
}

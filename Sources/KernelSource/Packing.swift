import CIntrinsics

/// Repacks row-major GGUF bytes; `packed` is zeroed and holds whole groups.
@inline(never)
func pack(
  _ source: UnsafeRawPointer, _ format: Int, _ rows: Int, _ columns: Int,
  _ packed: UnsafeMutableRawPointer
) {
  if isQuantised(format) {
    packQuantised(source, format, rows, columns, packed)
  } else {
    packFloats(source, format == CI_F32 ? 4 : 2, rows, columns, packed)
  }
}

private func packQuantised(
  _ source: UnsafeRawPointer, _ format: Int, _ rows: Int, _ columns: Int,
  _ packed: UnsafeMutableRawPointer
) {
  let vectors = format == CI_Q4_0 ? 4 : 8
  let flip: UInt32 = format == CI_Q4_0 ? 0 : 0x8080_8080
  let ggufBlock = 2 &+ 4 &* vectors
  let blocks = columns / 32
  let group = groupBytes(format, columns)
  for row in 0..<rows {
    let lane = row & 15
    let groupStart = (row &>> 4) &* group
    var from = source + row &* blocks &* ggufBlock
    for block in 0..<blocks {
      let half = block & 1
      let record = packed + (groupStart &+ (block &>> 1) &* recordBytes(format))
      let scale = from.loadUnaligned(as: UInt16.self)
      record.storeBytes(of: scale, toByteOffset: half &* 32 &+ lane &* 2, as: UInt16.self)
      let body = record + (recordHeader &+ half &* blockBytes(format) &+ lane &* 4)
      for j in 0..<vectors {
        let four = from.loadUnaligned(fromByteOffset: 2 &+ 4 &* j, as: UInt32.self)
        body.storeBytes(of: four ^ flip, toByteOffset: 64 &* j, as: UInt32.self)
      }
      from += ggufBlock
    }
  }
}

private func packFloats(
  _ source: UnsafeRawPointer, _ size: Int, _ rows: Int, _ columns: Int,
  _ packed: UnsafeMutableRawPointer
) {
  for row in 0..<rows {
    let from = source + row &* columns &* size
    let groupStart = (row &>> 4) &* columns &* 16
    let to = packed + (groupStart &+ (row & 15)) &* size
    for k in 0..<columns {
      if size == 4 {
        let bits = from.loadUnaligned(fromByteOffset: k &* 4, as: UInt32.self)
        to.storeBytes(of: bits, toByteOffset: k &* 64, as: UInt32.self)
      } else {
        let bits = from.loadUnaligned(fromByteOffset: k &* 2, as: UInt16.self)
        to.storeBytes(of: bits, toByteOffset: k &* 32, as: UInt16.self)
      }
    }
  }
}

/// Widens one packed row; a quantised weight is scale * integer, rounded once.
@inline(never)
func unpackRow(
  _ packed: UnsafeRawPointer, _ format: Int, _ columns: Int, _ row: Int,
  _ output: UnsafeMutablePointer<Float>
) {
  let group = packed + (row &>> 4) &* groupBytes(format, columns)
  let lane = row & 15
  if !isQuantised(format) {
    for k in 0..<columns { output[k] = floats(group, format, k)[lane] }
    return
  }
  for block in 0..<columns / 32 {
    let half = block & 1
    let record = group + (block &>> 1) &* recordBytes(format)
    let scale = ci_f16(record + half &* 32)[lane]
    let body = record + (recordHeader &+ half &* blockBytes(format) &+ lane &* 4)
    for k in 0..<32 {
      let weight: Int
      if format == CI_Q4_0 {
        let offset = ((k & 15) &>> 2) &* 64 &+ (k & 3)
        let byte = body.load(fromByteOffset: offset, as: UInt8.self)
        weight = Int(k < 16 ? byte & 15 : byte &>> 4) &- 8
      } else {
        let offset = (k &>> 2) &* 64 &+ (k & 3)
        weight = Int(body.load(fromByteOffset: offset, as: UInt8.self)) &- 128
      }
      output[block &* 32 &+ k] = scale * Float(weight)
    }
  }
}

/// Sixteen rows of one column of a float group, widened exactly.
@inline(__always)
func floats(_ group: UnsafeRawPointer, _ format: Int, _ k: Int) -> f32x16 {
  if format == CI_F32 { return group.loadUnaligned(fromByteOffset: k &* 64, as: f32x16.self) }
  if format == CI_F16 { return ci_f16(group + k &* 32) }
  return ci_bf16(group + k &* 32)
}

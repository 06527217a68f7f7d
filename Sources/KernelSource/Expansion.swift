import CIntrinsics

/// Where an expanded group goes, block after block; see PackedLayout.swift.
struct Panel {
  var values: UnsafeMutableRawPointer
  var scales: UnsafeMutableRawPointer
}

/// Expands `records` records of a group.
///
/// The integers of a format are unpacked here once for all token tiles, so that the tiles need no format
/// of their own and no instruction beside multiplications.
@inline(never)
func expand(_ w: UnsafeRawPointer, _ format: Int, _ records: Int, _ panel: Panel) {
  switch format {
  case CI_Q8_0: Expansion<Q80>.run(w, records, panel)
  case CI_Q4_0: Expansion<Q40>.run(w, records, panel)
  case CI_Q4_1: Expansion<Q41>.run(w, records, panel)
  case CI_Q5_0: Expansion<Q50>.run(w, records, panel)
  case CI_Q5_1: Expansion<Q51>.run(w, records, panel)
  case CI_IQ4_NL: Expansion<IQ4NL>.run(w, records, panel)
  case CI_Q2_K: Expansion<Q2K>.run(w, records, panel)
  case CI_Q3_K: Expansion<Q3K>.run(w, records, panel)
  case CI_Q4_K: Expansion<Q4K>.run(w, records, panel)
  case CI_Q5_K: Expansion<Q5K>.run(w, records, panel)
  default: Expansion<Q6K>.run(w, records, panel)
  }
}

/// The scales alone, of a format whose values are multiplied where they lie.
@inline(never)
func expandScales(
  _ w: UnsafeRawPointer, _ format: Int, _ records: Int, _ scales: UnsafeMutableRawPointer
) {
  for record in 0..<records {
    for b in 0..<2 {
      let scale = Q80.blockScale(w + record &* ci_record_bytes(format), b)
      scales.storeBytes(of: scale, toByteOffset: 64 &* (2 &* record &+ b), as: f32x16.self)
    }
  }
}

private enum Expansion<Format: PackedFormat> {
  static func run(_ w: UnsafeRawPointer, _ records: Int, _ panel: Panel) {
    var w = w
    var panel = panel
    for _ in 0..<records {
      addBlock(w, 0, &panel)
      addBlock(w, 1, &panel)
      if ci_is_k(Format.code) != 0 {
        addBlock(w, 2, &panel)
        addBlock(w, 3, &panel)
        addBlock(w, 4, &panel)
        addBlock(w, 5, &panel)
        addBlock(w, 6, &panel)
        addBlock(w, 7, &panel)
      }
      w += ci_record_bytes(Format.code)
    }
  }

  @inline(__always)
  private static func addBlock(_ w: UnsafeRawPointer, _ b: Int, _ panel: inout Panel) {
    for j in 0..<8 {
      panel.values.storeBytes(of: Format.quad(w, b, j), toByteOffset: 64 &* j, as: u8x64.self)
    }
    panel.values += 512
    for part in 0..<Format.Kind.parts {
      panel.scales.storeBytes(of: Format.scale(w, b, part), as: f32x16.self)
      panel.scales += 64
      if Format.Kind.hasAddend {
        panel.scales.storeBytes(of: Format.addend(w, b, part), as: f32x16.self)
        panel.scales += 64
      }
    }
  }
}

/// Widens one packed row; a quantised weight is scale * integer, rounded, plus the addend, rounded.
@inline(never)
func unpackRow(
  _ packed: UnsafeRawPointer, _ format: Int, _ columns: Int, _ row: Int,
  _ output: UnsafeMutablePointer<Float>
) {
  let group = packed + (row &>> 4) &* ci_group_bytes(format, columns)
  let lane = row & 15
  if !isQuantised(format) {
    for k in 0..<columns { output[k] = floats(group, format, k)[lane] }
    return
  }
  // One record expanded: at most 8 blocks of 512 bytes of values and 4 vectors of scales.
  withUnsafeTemporaryAllocation(byteCount: 8 &* (512 &+ 256), alignment: 64) { memory in
    let panel = Panel(values: memory.baseAddress!, scales: memory.baseAddress! + 8 &* 512)
    let width = ci_record_columns(format)
    var k = 0
    while k < columns {
      expand(group + k / width &* ci_record_bytes(format), format, 1, panel)
      for i in 0..<min(width, columns &- k) / 32 {
        widenBlock(panel, format, i, lane, output + (k &+ 32 &* i))
      }
      k &+= width
    }
  }
}

/// One row of expanded block `i`, sixteen columns at a time: scales change at most that often.
private func widenBlock(
  _ panel: Panel, _ format: Int, _ i: Int, _ lane: Int, _ output: UnsafeMutablePointer<Float>
) {
  let parts = ci_parts(format)
  let vectors = ci_scale_vectors(format)
  for half in 0..<2 {
    let quads = panel.values + (512 &* i &+ 256 &* half &+ 4 &* lane)
    let integers =
      ci_gather_quads(quads, 64) &- ci_splat_int(Int32(truncatingIfNeeded: offset(format)))
    let part = half &* (parts &- 1)
    let scale = panel.scales + (64 &* (i &* vectors &+ part &* (vectors / parts)) &+ 4 &* lane)
    let product = splatFloat(scale, 0) * ci_float(integers)
    let value = ci_has_addend(format) == 0 ? product : product + splatFloat(scale, 64)
    store(value, output, 16 &* half)
  }
}

/// Sixteen rows of one column of a float group, widened exactly.
@inline(__always)
func floats(_ group: UnsafeRawPointer, _ format: Int, _ k: Int) -> f32x16 {
  if format == CI_F32 { return group.loadUnaligned(fromByteOffset: k &* 64, as: f32x16.self) }
  if format == CI_F16 { return ci_f16(group + k &* 32) }
  return ci_bf16(group + k &* 32)
}

import CIntrinsics

/// A packed group of 16 rows times one token: decode, bound by the bandwidth of memory.
@inline(never)
func multiplyVector(
  _ w: UnsafeRawPointer, _ format: Int, _ columns: Int, _ x: ActivationTile,
  _ output: UnsafeMutablePointer<Float>
) {
  let count = (columns &+ ci_record_columns(format) &- 1) / ci_record_columns(format)
  switch format {
  case CI_Q8_0: VectorProduct<Q80>.run(w, count, x, output)
  case CI_Q4_0: VectorProduct<Q40>.run(w, count, x, output)
  case CI_Q4_1: VectorProduct<Q41>.run(w, count, x, output)
  case CI_Q5_0: VectorProduct<Q50>.run(w, count, x, output)
  case CI_Q5_1: VectorProduct<Q51>.run(w, count, x, output)
  case CI_IQ4_NL: VectorProduct<IQ4NL>.run(w, count, x, output)
  case CI_Q2_K: VectorProduct<Q2K>.run(w, count, x, output)
  case CI_Q3_K: VectorProduct<Q3K>.run(w, count, x, output)
  case CI_Q4_K: VectorProduct<Q4K>.run(w, count, x, output)
  case CI_Q5_K: VectorProduct<Q5K>.run(w, count, x, output)
  default: VectorProduct<Q6K>.run(w, count, x, output)
  }
}

/// How a stream of weights is asked for ahead of its use.
///
/// Constant for each kind of machine: to ask which one it is for every line costs Q4_K a seventh of its speed.
private protocol Lookahead {
  /// Bytes ahead of the stream to ask for; 0: nothing.
  static func distance(_ format: Int) -> Int
  /// Asks for a line.
  static func ask(_ line: UnsafeRawPointer)
}

/// On Intel 2,048 was better than 4,096 and 8,192 for every format.
private enum IntelLookahead: Lookahead {
  @inline(__always) static func distance(_ format: Int) -> Int { 2048 }
  @inline(__always) static func ask(_ line: UnsafeRawPointer) { ci_prefetch(line) }
}

/// As measured on Zen 4 and Zen 5.
///
/// Zen 4 follows records that are read front to back by itself, at 85 to 95 % of the bandwidth, and asking
/// 2,048 bytes ahead halves that. In records whose parts are read side by side it gets lost: asking far ahead
/// takes Q6_K from 7 to 23 GB/s and Q5_K from 13 to 21. Zen 5 with AVX-512 wants the same for the K formats
/// (Q4_K 24 to 41 GB/s; Q6_K 20 to 39, from further ahead than the rest), and less for those with nibbles; Q8_0
/// it reads best alone.
private enum AMDLookahead: Lookahead {
  @inline(__always)
  static func distance(_ format: Int) -> Int {
    #if KERNELS_AVX512
      if format == CI_Q8_0 { return 0 }
      return ci_is_k(format) == 0 ? 6144 : format == CI_Q6_K ? 28_672 : 8192
    #else
      return RecordLayout(format).upper == 0 ? 0 : 10_240
    #endif
  }

  @inline(__always)
  static func ask(_ line: UnsafeRawPointer) {
    #if KERNELS_AVX512
      ci_prefetch_near(line)
    #else
      ci_prefetch(line)
    #endif
  }
}

private enum VectorProduct<Format: PackedFormat> {
  @inline(__always)
  static func run(
    _ weights: UnsafeRawPointer, _ records: Int, _ activations: ActivationTile,
    _ output: UnsafeMutablePointer<Float>
  ) {
    if ci_is_amd() != 0 {
      run(weights, records, activations, output, AMDLookahead.self)
    } else {
      run(weights, records, activations, output, IntelLookahead.self)
    }
  }

  private static func run<Ahead: Lookahead>(
    _ weights: UnsafeRawPointer, _ records: Int, _ activations: ActivationTile,
    _ output: UnsafeMutablePointer<Float>, _ ahead: Ahead.Type
  ) {
    var w = weights
    var x = activations
    var chain = ci_splat(0)
    for _ in 0..<records {
      addBlock(w, 0, ahead, &x, &chain)
      addBlock(w, 1, ahead, &x, &chain)
      if ci_is_k(Format.code) != 0 {
        addBlock(w, 2, ahead, &x, &chain)
        addBlock(w, 3, ahead, &x, &chain)
        addBlock(w, 4, ahead, &x, &chain)
        addBlock(w, 5, ahead, &x, &chain)
        addBlock(w, 6, ahead, &x, &chain)
        addBlock(w, 7, ahead, &x, &chain)
      }
      w += ci_record_bytes(Format.code)
    }
    store(chain, output, 0)
  }

  @inline(__always)
  private static func addBlock<Ahead: Lookahead>(
    _ w: UnsafeRawPointer, _ b: Int, _ ahead: Ahead.Type, _ x: inout ActivationTile,
    _ chain: inout f32x16
  ) {
    if Ahead.distance(Format.code) > 0 { prefetch(w + Ahead.distance(Format.code), b, ahead) }
    for part in 0..<Format.Kind.parts {
      var dot =
        Format.Kind.hasOffset ? splatInt32(x.fields, 4 &* part) : ci_splat_int(magicBits)
      #if KERNELS_AVX2
        dot = Format.narrowDot(w, b, part, x.values, dot)
      #else
        let quads = 8 / Format.Kind.parts
        for j in quads &* part..<quads &* part &+ quads {
          dot = dotProduct(dot, Format.quad(w, b, j), splatInt32(x.values, 4 &* j))
        }
      #endif
      let scaled = ci_fma(
        unsafeBitCast(dot, to: f32x16.self), splatFloat(x.scales, 0), splatFloat(x.biases, 0))
      chain = ci_fma(scaled, Format.scale(w, b, part), chain)
      if Format.Kind.hasAddend {
        chain = ci_fma(splatFloat(x.fields, 4 &* part), Format.addend(w, b, part), chain)
      }
    }
    x.advance()
  }

  /// Asks for the lines of a record that the share of block `b` in its bytes covers.
  @inline(__always)
  private static func prefetch<Ahead: Lookahead>(
    _ record: UnsafeRawPointer, _ b: Int, _ ahead: Ahead.Type
  ) {
    let lines = ci_record_bytes(Format.code) / 64
    let blocks = ci_record_columns(Format.code) / 32
    for line in lines &* b / blocks..<lines &* (b &+ 1) / blocks {
      Ahead.ask(record + 64 &* line)
    }
  }

  @inline(__always)
  private static func dotProduct(_ sum: i32x16, _ weights: u8x64, _ x: i32x16) -> i32x16 {
    Format.Kind.isWide ? ci_dot8(sum, weights, x) : ci_dot4(sum, weights, x)
  }
}

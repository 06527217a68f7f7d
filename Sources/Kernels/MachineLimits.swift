import CIntrinsics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What this machine can do at most with one instruction set: the yardstick of every kernel.
package struct MachineLimits: Sendable {
  /// Memory read in 10^9 bytes a second.
  package let readGBps: Double
  /// The same for memory that stays in the second-level cache: the yardstick of kernels on activations.
  package let cacheGBps: Double
  /// Integer multiplications and additions in 10^9 a second, as the dot product of bytes does them in
  /// vector registers.
  package let integerGOPs: Double
  /// The same of the matrix unit where there is one, multiplying tiles of 16 x 16 over the 32 columns that
  /// share a scale: half of what it does over 64.
  package let matrixGOPs: Double?
  /// Single-precision multiplications and additions in 10^9 a second, fused.
  package let fmaGFLOPs: Double

  /// The integer peak of the fastest unit: what products are measured against.
  package var productGOPs: Double { matrixGOPs ?? integerGOPs }

  /// Measures with the backend's instruction set on `threads` of its threads, all of them if nil.
  ///
  /// The best of several short attempts. Takes about a third of a second and 256 MiB.
  package static func measure(
    _ backend: Backend, threads: Int? = nil, bytes: Int = 256 << 20
  ) -> MachineLimits {
    let threads = min(threads ?? backend.threads, backend.threads)
    let iterations = backend.isa == .portable ? 20_000 : 200_000
    let memory = allocateAligned(bytes)
    defer { free(memory) }
    memset(memory, 1, bytes)
    let part = bytes / threads & ~255
    let kernels = backend.kernels
    let read = best(backend, threads, attempts: 6) { thread in
      kernels.read(memory + thread * part, part)
    }
    let small = min(part, cachedBytes)
    let rounds = max(1, part / small / 4)
    let cached = best(backend, threads, attempts: 6) { thread in
      (0..<rounds).reduce(0) { sum, _ in sum &+ kernels.read(memory + thread * part, small) }
    }
    let integer = best(backend, threads, attempts: 6) { _ in kernels.integer_work(iterations) }
    let fma = best(backend, threads, attempts: 6) { _ in
      Int(kernels.fma_work(iterations).bitPattern)
    }
    let all = Double(threads * iterations)
    let matrix = kernels.tile_work.map { work in
      best(backend, threads, attempts: 6) { _ in work(iterations) }
    }
    return MachineLimits(
      readGBps: Double(part * threads) / read,
      cacheGBps: Double(small * rounds * threads) / cached,
      integerGOPs: all * Double(kernels.integer_operations) / integer,
      matrixGOPs: matrix.map { all * Double(4 * 2 * 16 * 16 * 32) / $0 },
      fmaGFLOPs: all * Double(kernels.fma_operations) / fma)
  }

  /// Fits the second-level caches of all machines that have AVX2, and few first-level ones.
  private static let cachedBytes = 192 << 10

  /// Nanoseconds of the fastest attempt in which every thread does the work once.
  private static func best(
    _ backend: Backend, _ threads: Int, attempts: Int, _ work: (Int) -> Int
  ) -> Double {
    var shortest = Int64.max
    for _ in 0..<attempts {
      let start = ci_now()
      backend.withLock {
        backend.team.run(units: threads) { unit, _ in
          if work(unit) == Int.min { abort() }
        }
      }
      shortest = min(shortest, ci_now() - start)
    }
    return Double(shortest)
  }
}

/// What bounds a kernel on this machine.
package enum KernelBound: String, Sendable {
  /// The integer peak: quantised products of many tokens.
  case integer
  /// The peak of fused multiply-adds: float products and attention.
  case fma
  /// Reading weights, or keys and values, from memory.
  case memory
  /// Reading and writing activations that stay in the cache.
  case cache
}

extension MachineLimits {
  /// The roofline (https://doi.org/10.1145/1498765.1498785) of calls of one kernel: the shortest time
  /// that this machine's limits allow them together, in nanoseconds, and the limit that decides.
  package func roofline(
    _ shape: KernelShape, _ counter: KernelCounter
  ) -> (nanoseconds: Double, bound: KernelBound) {
    let operations = Double(counter.operations)
    let bytes = Double(counter.bytes)
    let compute: (Double, KernelBound)
    switch (shape.name, shape.format) {
    case ("attention", _): compute = (operations / fmaGFLOPs, .fma)
    case (_, let format?):
      compute =
        format.isQuantised
        ? (operations / productGOPs, .integer) : (operations / fmaGFLOPs, .fma)
    default: return (bytes / cacheGBps, .cache)
    }
    let memory = bytes / readGBps
    return compute.0 > memory ? compute : (memory, .memory)
  }
}

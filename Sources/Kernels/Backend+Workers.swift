import CIntrinsics

extension Backend {
  /// Rows that are worth a product of their own: fewer do not outweigh reading the weights.
  ///
  /// While tiles are multiplied the next weights are on their way, so few rows are enough; a matrix unit is
  /// faster than that.
  package var smallestPart: Int {
    kernels.tile_work == nil ? 16 : 8 * kernels.quantised_tile_tokens
  }

  /// Computes `body(unit, worker, thread)` for the units `0 ..< units`, each on one thread, in any order.
  ///
  /// For work whose parts need nothing of each other: what a thread has written it reads again from its
  /// own cache, and there is one region instead of one for each kernel. `worker` is a backend of one
  /// thread with this one's instruction set. `body` uses it instead of this backend, and must be safe to
  /// run on several threads at once; `thread` counts from 0.
  @discardableResult
  package func divide<Result>(
    units: Int, _ body: (_ unit: Int, _ worker: Backend, _ thread: Int) -> Result
  ) -> [Result] {
    if threads == 1 { return (0..<units).map { body($0, self, 0) } }
    return withLock {
      prepareWorkers()
      defer { takeCountersOfWorkers() }
      return Array(unsafeUninitializedCapacity: units) { results, count in
        team.run(units: units) { unit, thread in
          results.initializeElement(at: unit, to: body(unit, workers[thread], thread))
        }
        count = units
      }
    }
  }

  private func prepareWorkers() {
    if workers.isEmpty { workers = (0..<threads).map { _ in Backend(workerOf: self) } }
    for worker in workers {
      worker.tileLimit = tileLimit
      worker.counters = counters == nil ? nil : [:]
    }
  }

  /// Adds what the workers have counted; the time of all threads at once counts once.
  private func takeCountersOfWorkers() {
    if counters == nil { return }
    for worker in workers {
      for (shape, counter) in worker.counters ?? [:] {
        counters?[shape, default: KernelCounter()].add(counter, threads: threads)
      }
    }
  }
}

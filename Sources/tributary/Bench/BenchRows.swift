import Foundation
import Inference
import Kernels

/// Turns timings into the rows of the two tables.
enum BenchRows {
  typealias Column = BenchTable.Column

  static let speedColumns = [
    Column(title: "model", key: "model", alignsRight: false), Column(title: "size", key: "size"),
    Column(title: "params", key: "params"),
    Column(title: "backend", key: "backend", alignsRight: false),
    Column(title: "threads", key: "threads"), Column(title: "test", key: "test"),
    Column(title: "t/s", key: "tokens_per_second"), Column(title: "±", key: "deviation"),
    Column(title: "isa", key: "isa", alignsRight: false), Column(title: "GB/s", key: "gb_per_s"),
    Column(title: "% read", key: "percent_of_read_bandwidth"),
    Column(title: "% peak", key: "percent_of_integer_peak"),
  ]

  static let kernelColumns = [
    Column(title: "kernel", key: "kernel", alignsRight: false),
    Column(title: "format", key: "format", alignsRight: false),
    Column(title: "shape", key: "shape"), Column(title: "test", key: "test"),
    Column(title: "threads", key: "threads"), Column(title: "calls", key: "calls"),
    Column(title: "µs/call", key: "microseconds_per_call"),
    Column(title: "GOP/s", key: "gop_per_s"),
    Column(title: "GB/s", key: "gb_per_s"),
    Column(title: "bound", key: "bound", alignsRight: false),
    Column(title: "% limit", key: "percent_of_limit"),
    Column(title: "% pass", key: "percent_of_pass"),
  ]

  static func prefill(
    _ run: BenchRun, _ count: Int, _ samples: [Double], _ limits: MachineLimits
  ) -> [BenchValue] {
    let best = run.operations(prefill: count) / (samples.min() ?? .infinity) / 1e9
    return speed(run, "pp\(count)", count, samples)
      + [.absent, .absent, .decimal(100 * best / limits.productGOPs, 1)]
  }

  static func decode(
    _ run: BenchRun, _ count: Int, _ samples: [Double], _ limits: MachineLimits
  ) -> [BenchValue] {
    let best = Double(run.bytesPerToken * count) / (samples.min() ?? .infinity) / 1e9
    return speed(run, "tg\(count)", count, samples)
      + [.decimal(best, 2), .decimal(100 * best / limits.readGBps, 1), .absent]
  }

  private static func speed(
    _ run: BenchRun, _ test: String, _ count: Int, _ samples: [Double]
  ) -> [BenchValue] {
    let rates = samples.map { Double(count) / $0 }
    let mean = rates.reduce(0, +) / Double(rates.count)
    let variance = rates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = rates.count > 1 ? (variance / Double(rates.count - 1)).squareRoot() : 0
    return [
      .text(run.model.name), .text(mebibytes(run.fileBytes)),
      .text(String(format: "%.2f M", Double(run.parameters) / 1e6)), .text("CPU"),
      .integer(run.model.backend.threads), .text(test), .decimal(mean, 2),
      .decimal(deviation, 2), .text(run.model.backend.isa.rawValue),
    ]
  }

  /// One row for each kernel and shape of one prefill and of one decode.
  static func kernels(
    _ run: BenchRun, _ prompt: Int, _ generate: Int, _ limits: MachineLimits
  ) throws -> [[BenchValue]] {
    var rows: [[BenchValue]] = []
    if prompt > 0 {
      rows += try profile(run, "pp\(prompt)", limits) { _ = try run.prefill(prompt) }
    }
    if generate > 0 {
      rows += try profile(run, "tg\(generate)", limits) { _ = try run.decode(generate) }
    }
    return rows
  }

  private static func profile(
    _ run: BenchRun, _ test: String, _ limits: MachineLimits, _ body: () throws -> Void
  ) throws -> [[BenchValue]] {
    run.model.backend.startProfile()
    do {
      try body()
    } catch {
      _ = run.model.backend.stopProfile()
      throw error
    }
    let found = run.model.backend.stopProfile()
    let total = Double(found.reduce(0) { $0 + $1.counter.nanoseconds })
    return found.map { shape, counter in
      let time = Double(max(1, counter.nanoseconds))
      let roof = limits.roofline(shape, counter)
      let size = shape.rows > 0 ? "\(shape.rows)x\(shape.columns)" : "\(shape.columns)"
      return [
        .text(shape.name), .text(shape.format.map { "\($0)" } ?? ""), .text(size), .text(test),
        .integer(run.model.backend.threads), .integer(counter.calls),
        .decimal(time / 1000 / Double(counter.calls), 1),
        .decimal(Double(counter.operations) / time, 1), .decimal(Double(counter.bytes) / time, 2),
        .text(roof.bound.rawValue), .decimal(100 * roof.nanoseconds / time, 1),
        .decimal(100 * time / total, 1),
      ]
    }
  }

  private static func mebibytes(_ bytes: Int) -> String {
    String(format: "%.2f MiB", Double(bytes) / 1_048_576)
  }
}

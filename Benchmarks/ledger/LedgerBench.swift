import ArgumentParser
import Foundation
import LedgerWire

/// Loads a real `tributary-ledger` on the loopback address and measures what that cost it.
@main
struct LedgerBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger-bench",
    abstract: "Measures tributary-ledger: leaves a second and core, latency, growth.",
    discussion: """
      Starts the tributary-ledger that lies beside this program, on a new folder, and sends to \
      127.0.0.1 alone. Cost is the processor time of that process, so that what the generator \
      itself needs on the same machine does not count.
      """,
    subcommands: [Throughput.self, Latency.self, Growth.self])
}

/// How the ledger under load is started.
struct ServerOptions: ParsableArguments {
  @Option(help: "The folder for the log; a temporary one, deleted at the end, unless named.")
  var data: String?

  @Option(help: "PostgreSQL's address, if the ledger is to use one (with an empty database).")
  var database: String?

  @Option(help: "The ledger's --batch-interval in milliseconds.")
  var batchInterval = 250

  @Option(help: "The ledger's --batch-size.")
  var batchSize = 256

  /// Runs `body` with connections to a new ledger, which ends with it, and agents that it knows.
  func run(
    agents: Int, traces: Int, _ body: (ServerProcess, Load, inout Fleet) async throws -> Void
  ) async throws {
    let server = try ServerProcess(
      folder: data,
      arguments: [
        "--batch-interval", "\(batchInterval)", "--batch-size", "\(batchSize)",
        // Agents register in no time and send without end, which is what is to be measured.
        "--admission", "open", "--quota-leaves", "0", "--quota-megabytes", "0",
      ] + (database.map { ["--database", $0] } ?? []))
    do {
      try await Load.connect(to: server.url) { load in
        var fleet = try await load.register(agents, traces: traces)
        try await body(server, load, &fleet)
      }
    } catch {
      try? server.stop()
      throw error
    }
    try server.stop()
  }
}

/// As many leaves as the ledger takes.
struct Throughput: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Agents that send their next batch as soon as they have the last receipt.")

  @OptionGroup var server: ServerOptions
  @Option(help: "Batches to send.") var leaves = 20_000
  @Option(help: "Agents, each with one batch on its way.") var agents = 512
  @Option(help: "Traces in a batch, 0 to 64; with 0 only headers are logged.") var traces = 1
  @Option(help: "Batches in a request, 1 to 64: those of so many agents, forwarded together.")
  var together = 1

  func validate() throws {
    guard (1...LedgerLimits.batchesPerRequest).contains(together) else {
      throw ValidationError("--together is \(together), expected 1...64")
    }
  }

  func run() async throws {
    try await server.run(agents: agents, traces: traces) { server, load, fleet in
      // Statements are prepared and pages are warm before anything counts.
      try await load.closedLoop(&fleet, batches: fleet.count)
      let (result, usage) = try await server.measuring {
        try await load.closedLoop(&fleet, batches: leaves, together: together)
      }
      print(
        """
        | traces a leaf | leaves a request | leaves | leaves/s and core | leaves/s | traces/s and core | p50 ms | p99 ms | peak MiB | disk bytes a leaf |
        | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
        | \(traces) | \(together) | \(leaves) | \(count(Double(leaves) / usage.processorSeconds)) \
        | \(count(Double(leaves) / result.seconds)) \
        | \(count(Double(leaves * traces) / usage.processorSeconds)) \
        | \(result.milliseconds(0.5)) | \(result.milliseconds(0.99)) | \(usage.peakMebibytes) \
        | \(try server.bytesOnDisk() / (leaves + agents)) |
        """)
    }
  }
}

/// The time from a batch's moment to its receipt, at a given rate.
struct Latency: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Batches at a fixed rate, whether or not the ledger keeps up.")

  @OptionGroup var server: ServerOptions
  @Option(help: "Batches a second.") var rate = 1000
  @Option(help: "For so many seconds.") var seconds = 20
  @Option(help: "Traces in a batch.") var traces = 1

  func run() async throws {
    try await server.run(agents: max(16, rate), traces: traces) { server, load, fleet in
      try await load.closedLoop(&fleet, batches: 2 * fleet.count)
      let (result, usage) = try await server.measuring {
        try await load.openLoop(&fleet, rate: rate, seconds: seconds)
      }
      print(
        """
        | batches/s asked for | answered/s | processor | p50 ms | p99 ms | longest ms |
        | --- | --- | --- | --- | --- | --- |
        | \(rate) | \(count(Double(result.latencies.count) / result.seconds)) \
        | \(count(100 * usage.processorSeconds / result.seconds)) % \
        | \(result.milliseconds(0.5)) | \(result.milliseconds(0.99)) | \(result.milliseconds(1)) |
        """)
    }
  }
}

/// What grows with the log.
struct Growth: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Cost of a leaf, of a proof and of memory while the log grows.")

  @OptionGroup var server: ServerOptions
  @Option(help: "Sizes of the log at which to measure.", transform: Growth.sizes)
  var sizes = [1_000, 10_000, 100_000, 1_000_000]
  @Option(help: "Agents, each with one batch on its way.") var agents = 512
  @Option(help: "Traces in a batch.") var traces = 1
  @Option(help: "Proofs asked for at each size.") var proofs = 500

  func run() async throws {
    try await server.run(agents: agents, traces: traces) { server, load, fleet in
      say(
        "| leaves | leaves/s and core | hashes in a proof | proof ms | receipt again ms "
          + "| resident MiB | peak MiB | disk bytes a leaf |")
      say("| --- | --- | --- | --- | --- | --- | --- | --- |")
      var size = 0
      for target in sizes {
        let added = target - size
        let (result, usage) = try await server.measuring {
          try await load.closedLoop(&fleet, batches: added)
        }
        size = target
        let proof = try await load.proofs(count: proofs, size: size)
        let again = try await load.receiptsAgain(result.samples)
        say(
          "| \(size) | \(count(Double(added) / usage.processorSeconds)) | \(proof.hashes) "
            + "| \(proof.times.milliseconds(0.5)) | \(again.milliseconds(0.5)) "
            + "| \(usage.residentMebibytes) | \(usage.peakMebibytes) "
            + "| \(try server.bytesOnDisk() / size) |")
      }
    }
  }

  private static func sizes(_ text: String) throws -> [Int] {
    let sizes = text.split(separator: ",").map { Int($0) ?? 0 }
    guard !sizes.isEmpty, zip([0] + sizes, sizes).allSatisfy({ $0 < $1 }) else {
      throw ValidationError("--sizes is '\(text)', expected growing numbers with commas")
    }
    return sizes
  }
}

/// Prints a line at once: the next one may take minutes.
func say(_ line: String) {
  try? FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
}

func count(_ value: Double) -> String { String(Int(value.rounded())) }

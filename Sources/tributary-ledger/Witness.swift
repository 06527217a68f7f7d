import ArgumentParser
import Corpus
import Foundation
import Ledger
import Logging
import NIOCore
import ServiceLifecycle
import TransparencyLog
import Witness

/// Runs a witness.
struct WitnessCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "witness",
    abstract: "Cosign checkpoints of other people's logs until stopped (SIGINT or SIGTERM).",
    discussion: """
      Answers POST /add-checkpoint (C2SP tlog-witness): a checkpoint is cosigned only if it \
      continues the last one that was cosigned here. Prints "listening on http://HOST:PORT" once \
      it accepts requests. The data folder holds witness.key, the signing key, and \
      witness.sqlite, what was cosigned; a witness that lost the latter has to be replaced by a \
      new one with a new key.
      """)

  @Option(help: "The folder that holds the key and what was cosigned; created if missing.")
  var data: String

  @Option(help: "The witness's name, in every cosignature; it can never change.")
  var name: String?

  @Option(help: "A log's public key (vkey) whose checkpoints are cosigned; may be repeated.")
  var log: [String] = []

  @Option(help: "The address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "The port to listen on; 0 lets the system choose.")
  var port = 8788

  @Option(
    help: """
      A log's address, whose published checkpoints are cosigned without being asked; may be \
      repeated. Its key has to be among --log.
      """)
  var follow: [String] = []

  @Option(help: "Seconds between two looks at the logs that are followed.")
  var followInterval = 60

  @Flag(help: "Print the witness's public key, as agents list it (vkey), and end.")
  var showKey = false

  func validate() throws {
    guard (0...65_535).contains(port) else {
      throw ValidationError("--port is \(port), expected 0...65535")
    }
    guard (1...86_400).contains(followInterval) else {
      throw ValidationError("--follow-interval is \(followInterval), expected 1...86400")
    }
    for url in follow where TileSource.prefix(of: url) == nil {
      throw ValidationError("--follow is \(url), expected http://HOST[:PORT][/PREFIX] or https")
    }
    guard !showKey else { return }
    guard name != nil else { throw ValidationError("--name is missing: how is it called?") }
    guard !log.isEmpty else {
      throw ValidationError("--log is missing: the public key (vkey) of a log to cosign")
    }
  }

  func run() async throws {
    if showKey { return try printKey() }
    var logger = Logger(label: "tributary-witness") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .notice
    let (store, service) = try open(logger)
    let host = host
    let server = WitnessServer(
      service: service, host: host, port: port, logger: logger,
      onListening: { port in announce(host: host, port: port) })
    let followers: [any Service] = follow.map {
      WitnessFollower(
        service: service, url: $0, interval: .seconds(followInterval), logger: logger)
    }
    let group = ServiceGroup(
      configuration: .init(
        services: [server] + followers, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger
      ))
    do {
      try await group.run()
      try store.close()
    } catch let error as IOError {
      try fail("cannot listen on \(host):\(port): \(error)", Exit.unavailable)
    }
  }

  private func open(_ logger: Logger) throws -> (WitnessStore, WitnessService) {
    var logs: [NoteVerifier] = []
    for text in log {
      do throws(NoteError) { logs.append(try NoteVerifier(vkey: text)) } catch {
        try fail("--log \(text): \(error)", Exit.usage)
      }
    }
    do {
      let store = try WitnessStore(folder: data)
      let signer = try WitnessKey.loadOrCreate(in: data, name: name ?? "")
      logger.notice("cosigns as \(signer.verifier.vkey)")
      return (store, WitnessService(store: store, signer: signer, logs: logs, logger: logger))
    } catch let error as CorpusError {
      try fail("\(error)", Exit.badData)
    } catch let error as NoteError {
      try fail("--name: \(error)", Exit.usage)
    } catch {
      try fail("cannot open \(data): \(error)", Exit.cannotCreate)
    }
  }

  private func printKey() throws {
    guard FileManager.default.fileExists(atPath: WitnessKey.path(in: data)) else {
      try fail(
        "\(WitnessKey.path(in: data)) does not exist; create it with: "
          + "tributary-ledger witness --data \(data) --name NAME --log VKEY", Exit.missingInput)
    }
    do {
      print(try WitnessKey.load(in: data).verifier.vkey)
    } catch {
      try fail("\(error)", Exit.badData)
    }
  }
}

/// Says on standard output where a server listens, so that whoever started it can wait for it.
func announce(host: String, port: Int) {
  let name = host.contains(":") ? "[\(host)]" : host
  try? FileHandle.standardOutput.write(
    contentsOf: Data("listening on http://\(name):\(port)\n".utf8))
}

import ArgumentParser
import Corpus
import Foundation
import HummingbirdTLS
import Ledger
import Logging
import NIOCore
import ServiceLifecycle
import TransparencyLog

/// Runs the ledger.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the ledger until it is stopped (SIGINT or SIGTERM).",
    discussion: """
      Prints "listening on http://HOST:PORT" (https with a certificate) once it accepts requests. The data folder holds \
      ledger.sqlite and log.key, the signing key; keep a copy of the key and let nobody read it. \
      The public folder holds the checkpoint, tiles and entries (C2SP tlog-tiles) as files that \
      any web server can serve.
      """)

  @Option(help: "The folder that holds the log and its signing key; created if missing.")
  var data: String

  @Option(
    name: .customLong("public"),
    help: "The folder of the static files; without it, public in the data folder.")
  var publicFolder: String?

  @Option(
    help: """
      A PostgreSQL database for the log's state instead of a file in the data folder, as \
      postgres://USER@HOST:PORT/NAME; several front ends may share it. The password comes from \
      PGPASSWORD or ~/.pgpass.
      """)
  var database: String?

  @Option(help: "The address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "The port to listen on; 0 lets the system choose.")
  var port = 8787

  @Option(help: "The name of the log, in every checkpoint it signs; it can never change.")
  var origin = "tributary.local/ledger"

  @Option(
    help: "The least time between two integrations that are not full, in milliseconds.")
  var batchInterval = 250

  @Option(help: "This many waiting batches are integrated at once.")
  var batchSize = 256

  @Option(help: "A PEM file with the server's certificate and its chain: serve over TLS.")
  var tlsCertificate: String?

  @Option(help: "The PEM file of that certificate's private key.")
  var tlsKey: String?

  @Option(help: "The least severe lines on standard error.")
  var logLevel = LogLevel.info

  @Option(
    help: """
      A witness that cosigns every checkpoint, as URL=VKEY; may be repeated. See \
      'tributary-ledger witness'.
      """)
  var witness: [String] = []

  @Option(
    help: """
      How many witnesses have to have cosigned before a receipt is given; 0 for none. Without it \
      a majority.
      """)
  var witnessQuorum: Int?

  @OptionGroup(title: "Admission") var admission: AdmissionOptions

  @OptionGroup(title: "Contests") var contests: ContestOptions

  @OptionGroup(title: "Log shards") var logShards: LogShardOptions

  @Option(help: "The longest that witnesses hold up an integration, in milliseconds.")
  var witnessTimeout = 2000

  func validate() throws {
    guard (1...60_000).contains(witnessTimeout) else {
      throw ValidationError("--witness-timeout is \(witnessTimeout), expected 1...60000")
    }
    if let witnessQuorum, !(0...witness.count).contains(witnessQuorum) {
      throw ValidationError(
        "--witness-quorum is \(witnessQuorum), expected 0 to \(witness.count), the witnesses given")
    }
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-certificate and --tls-key go together")
    }
    guard (0...60_000).contains(batchInterval) else {
      throw ValidationError("--batch-interval is \(batchInterval), expected 0...60000")
    }
    guard (1...4096).contains(batchSize) else {
      throw ValidationError("--batch-size is \(batchSize), expected 1...4096")
    }
    guard (0...65_535).contains(port) else {
      throw ValidationError("--port is \(port), expected 0...65535")
    }
  }

  func run() async throws {
    var logger = Logger(label: "tributary-ledger") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = logLevel.level
    let host = host
    let tls = try loadTLS()
    let scheme = tls == nil ? "http" : "https"
    let store = try await openStore(witnesses(logger))
    let server = LedgerServer(
      store: store, host: host, port: port,
      batching: Batching(interval: .milliseconds(batchInterval), size: batchSize), tls: tls,
      logger: logger,
      onListening: { port in
        let name = host.contains(":") ? "[\(host)]" : host
        try? FileHandle.standardOutput.write(
          contentsOf: Data("listening on \(scheme)://\(name):\(port)\n".utf8))
      })
    let group = ServiceGroup(
      configuration: .init(
        services: [server], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    do {
      try await group.run()
      try store.close()
    } catch let error as LedgerError {
      try fail("\(error)", Exit.badData)
    } catch let error as FileError {
      try fail("\(error)", Exit.cannotCreate)
    } catch let error where LedgerDatabase.failed(error) {
      try fail("\(error)", Exit.unavailable)
    } catch let error as IOError {
      try fail("cannot listen on \(host):\(port): \(error)", Exit.unavailable)
    }
  }

  private func loadTLS() throws -> TLSConfiguration? {
    guard let tlsCertificate, let tlsKey else { return nil }
    do {
      return try TLSFiles(certificate: tlsCertificate, key: tlsKey).load()
    } catch let error as FileError {
      try fail("\(error)", Exit.missingInput)
    } catch {
      try fail("\(error)", Exit.badData)
    }
  }

  private func witnesses(_ logger: Logger) throws -> Witnesses? {
    guard !witness.isEmpty else { return nil }
    do throws(NoteError) {
      var members: [(url: String, verifier: CosignatureVerifier)] = []
      for text in witness { members.append(try Witnesses.Settings.read(text)) }
      let settings = Witnesses.Settings(
        members, quorum: witnessQuorum, timeout: .milliseconds(witnessTimeout))
      return try Witnesses(settings, logger: logger)
    } catch {
      try fail("--witness: \(error)", Exit.usage)
    }
  }

  private func openStore(_ witnesses: Witnesses?) async throws -> LedgerStore {
    let database = try await LedgerDatabase.open(database, .changing)
    do {
      let signer = try LedgerKey.loadOrCreate(in: data, origin: origin)
      var terms = try admission.terms(contests: contests.terms(witnesses: witness))
      terms.logShards = try logShards.list(own: signer.verifier)
      return try LedgerStore(
        folder: data,
        publicFolder: publicFolder, database: database, signer: signer, witnesses: witnesses,
        terms: terms)
    } catch let error as CorpusError {
      try fail("\(error)", Exit.badData)
    } catch let error as LedgerError {
      try fail("\(error)", Exit.badData)
    } catch let code as ExitCode {
      throw code
    } catch {
      try fail("cannot open \(data): \(error)", Exit.cannotCreate)
    }
  }
}

/// The severities of log lines that can be asked for.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
  case debug, info, notice, error

  var level: Logger.Level {
    switch self {
    case .debug: .debug
    case .info: .info
    case .notice: .notice
    case .error: .error
    }
  }
}

/// Says what went wrong on standard error and ends the program with that code.
func fail(_ message: String, _ code: ExitCode) throws -> Never {
  try? FileHandle.standardError.write(contentsOf: Data("tributary-ledger: \(message)\n".utf8))
  throw code
}

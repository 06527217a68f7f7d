import Corpus
import Foundation
import LedgerSync
import Trace
import TransparencyLog

extension AgentSession {
  /// A file that shows a stranger one trace in the log, and nothing that stays on this machine.
  package func proveTrace(_ prefix: String) throws -> [UInt8] {
    let entry = try entry(matching: prefix)
    guard let proof = try store().proof(of: entry.id) else {
      throw AgentError(
        .missing,
        "trace \(entry.id.short) has no receipt: its state is \(entry.state.rawValue)",
        hint: "tributary sync")
    }
    return proof.encode()
  }

  /// Lines that say what a proof shows, or what is wrong with it.
  ///
  /// The log's key is the given one, or the pinned one of the ledger in the settings; with
  /// witnesses in the settings the checkpoint needs their cosignatures.
  package func checkProof(file: String, log vkey: String?) throws -> (
    lines: [String], isValid: Bool
  ) {
    let bytes = try DurableFile.read(file, maximumBytes: TraceProof.maximumBytes)
    let log = try logKey(vkey)
    do {
      let finding = try TraceProof(encoded: bytes).verify(by: log)
      if case .invalid(let reason) = try settings.witnessPolicy()?.check(
        finding.note, now: Int(Date().timeIntervalSince1970))
      {
        return (["\(file): the checkpoint is signed by the log, but \(reason)"], false)
      }
      return (Self.lines(finding), true)
    } catch let error as TraceError {
      return (["\(file): \(error)"], false)
    }
  }

  private static func lines(_ finding: TraceProof.Finding) -> [String] {
    let trace = finding.trace
    return [
      "trace        \(trace.id.hex) of \(time(trace.created)), by agent \(trace.agent.hex)",
      "log          \(finding.header.origin), leaf \(finding.leafIndex) of \(finding.checkpoint.size)",
      "batch        \(finding.header.sequence) of the agent, with \(finding.header.count) traces",
    ]
      + trace.shares.map { "share        \($0.contributor.hex)  \(Figures.percent($0.sharePPM))" }
      + ["own          \(Figures.percent(trace.ownKnowledgePPM))", "valid"]
  }

  private func logKey(_ vkey: String?) throws -> NoteVerifier {
    if let vkey {
      do throws(NoteError) {
        return try NoteVerifier(vkey: vkey)
      } catch {
        throw AgentError(.usage, "--log: \(error)")
      }
    }
    let pinned = try settings.ledger.flatMap { try store().ledger($0)?.vkey }
    guard let pinned else {
      throw AgentError(
        .missing, "no log key is known here",
        hint: "give the one that you trust: --log VKEY (the ledger shows it at /v1/key)")
    }
    return try logKey(pinned)
  }
}

import Corpus
import Foundation
import LedgerSync
import Trace

/// What verification of one trace found, worded.
package struct TraceCheck: Sendable {
  package let line: String
  /// Empty for a trace that is as it was signed.
  package let problems: [String]
}

extension AgentSession {
  /// The traces on this machine, one line each, the latest last.
  package func traceLines(last: Int) throws -> [String] {
    try store().list(limit: last).reversed().map { entry in
      let (created, question) =
        (try? record(entry.id)).map { (Self.time($0.created), $0.question) }
        ?? ("?", "(damaged: tributary trace verify \(entry.id.short))")
      let state = Figures.left(entry.state.rawValue, 11)
      return
        "\(entry.id.short)  \(created)  \(state)  \(Figures.right("\(entry.byteCount)", 6)) B  \(question)"
    }
  }

  /// Lines that show a trace: what is public, and what stays here.
  package func describeTrace(_ prefix: String?) throws -> [String] {
    let entry = try entry(matching: prefix)
    guard let loaded = try store().load(entry.id) else { throw Self.noTrace(entry.id.hex) }
    let (record, sealed) = try TraceCodec.open(loaded.storedBytes)
    let part = sealed.publicPart
    var lines = [
      "trace        \(part.id.hex)", "state        \(entry.state.rawValue)",
      "stored       \(loaded.storedBytes.count) bytes, signed by agent \(part.agent.short)", "",
      "public, \(sealed.publicBytes.count) bytes (this is what leaves):",
      "  hour       \(Self.time(part.created))", "  engine     \(part.engineVersion)",
      "  model      \(part.model.hex)", "  mode       \(part.mode.rawValue)",
    ]
    lines += part.shardRoots.map { "  shard      \($0.hex)" }
    lines += part.shares.map {
      "  share      \($0.contributor.hex)  \(Figures.percent($0.sharePPM))"
    }
    lines.append("  own        \(Figures.percent(part.ownKnowledgePPM))")
    lines.append("  commitment \(part.privateRoot.hex)")
    lines += ["", "private (stays here): question, answer, passages, values"]
    lines.append("  question   \(record.question)")
    if let refusal = entry.refusal { lines.append("refused      \(refusal)") }
    if let receipt = entry.receipt {
      lines.append("receipt      batch \(receipt.sequence) in \(receipt.origin), proof verified")
    }
    return lines
  }

  /// Checks stored traces by id, or exported ones by file.
  package func verifyTrace(_ name: String) throws -> TraceCheck {
    if FileManager.default.fileExists(atPath: name) {
      let bytes = try DurableFile.read(name, maximumBytes: TraceCodec.maximumBytes)
      return Self.check(bytes, name: name)
    }
    let id = try entry(matching: name).id
    return try check(id)
  }

  package func verifyAllTraces() throws -> [TraceCheck] {
    try store().list(limit: .max).reversed().map { try check($0.id) }
  }

  /// A trace's bytes for a file: all of it, or the signed public part alone.
  package func exportTrace(_ prefix: String, publicOnly: Bool) throws -> [UInt8] {
    let id = try entry(matching: prefix).id
    guard let loaded = try store().load(id) else { throw Self.noTrace(prefix) }
    guard publicOnly else { return loaded.storedBytes }
    return try TraceCodec.open(loaded.storedBytes).sealed.publicBytes
  }

  /// The latest answers, the first asked first, with their receipts, for a page, and how many traces
  /// are damaged and left out.
  ///
  /// `withSentences`: each answer with passages is computed again, once without each of their sentences.
  package func pageEntries(
    last: Int, withSentences: Bool = false
  ) throws -> (entries: [AnswerPage.Entry], damaged: Int) {
    let listed = try store().list(limit: last)
    let entries = listed.reversed().compactMap { entry -> AnswerPage.Entry? in
      guard let record = try? record(entry.id), let report = try? report(on: record) else {
        return nil
      }
      let receipt = entry.receipt.map { "receipt verified: batch \($0.sequence) in \($0.origin)" }
      let sentences =
        withSentences && !record.chunks.isEmpty
        ? Result { try self.sentences(matching: entry.id.hex) } : nil
      return AnswerPage.Entry(report: report, receipt: receipt, sentences: sentences)
    }
    return (entries, listed.count - entries.count)
  }

  // MARK: Finding

  func record(_ id: TraceID) throws -> TraceRecord {
    guard let loaded = try store().load(id) else { throw Self.noTrace(id.hex) }
    return try TraceCodec.open(loaded.storedBytes).record
  }

  /// The record whose id starts with `prefix`, or the latest intact one that had sources.
  func record(matching prefix: String?) throws -> TraceRecord {
    if prefix != nil { return try record(entry(matching: prefix).id) }
    let entries = try store().list(limit: 200)
    for entry in entries {
      if let record = try? record(entry.id), !record.players.isEmpty { return record }
    }
    guard let latest = entries.first else { throw Self.noTrace(nil) }
    return try record(latest.id)
  }

  func entry(matching prefix: String?) throws -> TraceEntry {
    guard let prefix else {
      guard let latest = try store().list(limit: 1).first else { throw Self.noTrace(nil) }
      return latest
    }
    let found = try store().find(prefix: prefix.lowercased())
    guard found.count < 2 else {
      throw AgentError(
        .usage, "more than one trace starts with '\(prefix)'", hint: "tributary trace list")
    }
    guard let entry = found.first else { throw Self.noTrace(prefix) }
    return entry
  }

  private func check(_ id: TraceID) throws -> TraceCheck {
    guard let loaded = try store().load(id) else { throw Self.noTrace(id.hex) }
    return Self.check(loaded.storedBytes, name: id.short)
  }

  /// Signature, hashes, and whether shares follow from the coalition table.
  private static func check(_ bytes: [UInt8], name: String) -> TraceCheck {
    switch TraceCodec.verify(bytes) {
    case .damaged(let problems):
      return TraceCheck(line: "\(name)  damaged", problems: problems.map(\.description))
    case .valid:
      do {
        let problems = try TraceCodec.open(bytes).record.arithmeticProblems()
        return TraceCheck(
          line: "\(name)  \(problems.isEmpty ? "valid" : "wrong")", problems: problems)
      } catch {
        return TraceCheck(line: "\(name)  damaged", problems: ["\(error)"])
      }
    }
  }

  private static func noTrace(_ name: String?) -> AgentError {
    let message = name.map { "there is no trace '\($0)'" } ?? "there are no answers yet"
    return AgentError(.missing, message, hint: "tributary trace list, or tributary ask \"...\"")
  }

  static func time(_ seconds: Int) -> String {
    Date(timeIntervalSince1970: Double(seconds)).formatted(
      Date.ISO8601FormatStyle(dateTimeSeparator: .space, timeZone: .gmt)
        .year().month().day().time(includingFractionalSeconds: false))
  }
}

extension TraceReceipt {
  /// The log's origin, with which its public key begins.
  fileprivate var origin: String { String(log.prefix { $0 != "+" }) }
}

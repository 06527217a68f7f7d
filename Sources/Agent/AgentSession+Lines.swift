import Corpus
import Inference
import LedgerSync

/// What interactive sessions and `--help`-less people ask about: short lines of text.
extension AgentSession {
  /// `3 shards by 3 contributors`.
  package var sourcesLine: String {
    guard let shards = try? shards().list(), !shards.isEmpty else {
      return "No shards yet (tributary shard install FILE, tributary add FOLDER)"
    }
    let people = Set(shards.map(\.manifest.contributor)).count
    return "\(shards.count) shard\(shards.count == 1 ? "" : "s") by \(people) "
      + "contributor\(people == 1 ? "" : "s")"
  }

  package func sources() throws -> [String] {
    let rows = try shards().list().map { shard in
      [
        shard.root.short, shard.manifest.name, shard.manifest.contributorName,
        "\(shard.manifest.documents.count) documents",
        shard.isLocal ? "local" : shard.manifest.license,
      ]
    }
    return Figures.table(rows)
  }

  /// Mean information share by contributor over the traces on this machine.
  package func contributorTotals() throws -> [String] {
    let entries = try store().list(limit: .max)
    var totals: [ContributorKey: (name: String, ppm: Int, answers: Int)] = [:]
    for entry in entries {
      for player in (try? record(entry.id))?.players ?? [] {  // `trace list` names damaged ones
        let known = totals[player.contributor] ?? (player.name, 0, 0)
        totals[player.contributor] = (
          player.name, known.ppm + player.sharePPM, known.answers + (player.sharePPM > 0 ? 1 : 0)
        )
      }
    }
    guard !entries.isEmpty else { return ["no answers yet"] }
    let rows = totals.sorted { ($1.value.ppm, $0.key) < ($0.value.ppm, $1.key) }
    return rows.map { key, total in
      "\(Figures.right(Figures.percent(total.ppm / entries.count), 7)) of \(entries.count) answers, "
        + "\(total.answers) influenced  \(total.name)  \(key.short)"
    }
  }

  package func statistics() throws -> [String] {
    let outbox = try store().statistics()
    let index = try index().statistics()
    let traces = TraceState.allCases.compactMap { state in
      outbox.traces[state].map { "\($0) \(state.rawValue)" }
    }
    return [
      "index   \(index.shards) shards, \(index.documents) documents, \(index.chunks) passages, "
        + "\(index.duplicates) near-duplicates",
      "traces  " + (traces.isEmpty ? "none" : traces.joined(separator: ", ")),
    ]
  }

  package func modelLines() throws -> [String] {
    let loaded = try answerer()
    let backend = try backend()
    return [
      "model   \(loaded.model.name) (\(loaded.model.path))", "sha256  \(loaded.digest.hex)",
      "engine  \(engineVersion), \(backend.isa.rawValue), \(backend.threads) threads, "
        + "\(loaded.answerer.mode.rawValue) context",
    ]
  }
}

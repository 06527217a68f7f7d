import Corpus
import Foundation

/// A person's settings: `config.json` in the configuration folder, one flat object.
package struct AgentSettings: Codable, Equatable, Sendable {
  /// Where traces are synced to; `nil` keeps everything local.
  package var ledger: String?
  /// The ledger's verifier key (signed-note form); pinned on first contact when absent.
  package var ledgerKey: String?
  /// The model that answers: a path, or `reader` for the embedded one.
  package var model: String = "reader"
  /// Threads of the engine; 0 means one per core.
  package var threads: Int = 0
  /// How many passages an answer may read.
  package var passages: Int = 6
  /// How many of these one contributor may fill.
  package var passagesPerContributor: Int = 2
  /// Whether adapters of installed shards may change the chat model that they are for.
  package var adapters: Bool = true
  /// Refuses every network use.
  package var offline: Bool = false
  /// How many gigabytes of models' packed weights may stay on disk; 0 for none.
  package var weightCache: Int = 10
  /// Seconds between periodic syncs of `tributary agent`.
  package var syncInterval: Int = 300

  package init() {}

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let plain = AgentSettings()
    ledger = try values.decodeIfPresent(String.self, forKey: .ledger)
    ledgerKey = try values.decodeIfPresent(String.self, forKey: .ledgerKey)
    model = try values.decodeIfPresent(String.self, forKey: .model) ?? plain.model
    threads = try values.decodeIfPresent(Int.self, forKey: .threads) ?? plain.threads
    passages = try values.decodeIfPresent(Int.self, forKey: .passages) ?? plain.passages
    passagesPerContributor =
      try values.decodeIfPresent(Int.self, forKey: .passagesPerContributor)
      ?? plain.passagesPerContributor
    adapters = try values.decodeIfPresent(Bool.self, forKey: .adapters) ?? plain.adapters
    offline = try values.decodeIfPresent(Bool.self, forKey: .offline) ?? plain.offline
    weightCache = try values.decodeIfPresent(Int.self, forKey: .weightCache) ?? plain.weightCache
    syncInterval = try values.decodeIfPresent(Int.self, forKey: .syncInterval) ?? plain.syncInterval
  }

  /// Every key with the value that is in force, as `config list` shows it.
  package var entries: [(key: String, value: String)] {
    [
      ("ledger", ledger ?? ""), ("ledgerKey", ledgerKey ?? ""), ("model", model),
      ("threads", String(threads)), ("passages", String(passages)),
      ("passagesPerContributor", String(passagesPerContributor)), ("adapters", String(adapters)),
      ("offline", String(offline)),
      ("weightCache", String(weightCache)), ("syncInterval", String(syncInterval)),
    ]
  }

  /// Sets one key from text; an empty text clears `ledger` and `ledgerKey`.
  package mutating func set(_ key: String, to value: String) throws {
    switch key {
    case "ledger": ledger = try value.isEmpty ? nil : Self.checkedURL(value)
    case "ledgerKey": ledgerKey = value.isEmpty ? nil : value
    case "model": model = value
    case "threads": threads = try number(key, value, in: 0...256)
    case "passages": passages = try number(key, value, in: 1...8)
    case "passagesPerContributor": passagesPerContributor = try number(key, value, in: 1...8)
    case "adapters": adapters = try flag(key, value)
    case "offline": offline = try flag(key, value)
    case "weightCache": weightCache = try number(key, value, in: 0...10_000)
    case "syncInterval": syncInterval = try number(key, value, in: 1...604_800)
    default:
      let known = entries.map(\.key).joined(separator: ", ")
      throw AgentError(.usage, "no setting is called '\(key)'; there are: \(known)")
    }
  }

  private static func checkedURL(_ text: String) throws -> String {
    guard let url = URL(string: text), url.scheme == "http" || url.scheme == "https",
      url.host?.isEmpty == false
    else {
      throw AgentError(.usage, "ledger: '\(text)' is not an http or https address")
    }
    return text
  }

  private func number(_ key: String, _ text: String, in range: ClosedRange<Int>) throws -> Int {
    guard let value = Int(text), range.contains(value) else {
      throw AgentError(
        .usage,
        "\(key): found '\(text)', expected a number from \(range.lowerBound) to \(range.upperBound)"
      )
    }
    return value
  }

  private func flag(_ key: String, _ text: String) throws -> Bool {
    guard let value = Bool(text) else {
      throw AgentError(.usage, "\(key): found '\(text)', expected true or false")
    }
    return value
  }
}

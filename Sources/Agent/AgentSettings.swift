import Answering
import Corpus
import Foundation
import LedgerWire
import TransparencyLog

/// A person's settings: `config.json` in the configuration folder, one flat object.
package struct AgentSettings: Codable, Equatable, Sendable {
  /// Where traces are synced to; `nil` keeps everything local.
  package var ledger: String?
  /// The ledger's verifier key (signed-note form); pinned on first contact when absent.
  package var ledgerKey: String?
  /// Keys (vkeys) of the witnesses that have to have cosigned what the ledger shows; none asks for
  /// no witness.
  package var witnesses: [String] = []
  /// How many of them; a majority when absent.
  package var witnessQuorum: Int?
  /// A token that admits this agent to the ledger, once; without one it does a proof of work where
  /// the ledger asks for that.
  package var invitation: String?
  /// The model that answers: a path, or `reader` for the embedded one.
  package var model: String = "reader"
  /// How passages share the model's context; nil stands for what the model was made for: independent
  /// for the reader, joint for others.
  package var context: Answering.ContextMode?
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
    witnesses = try values.decodeIfPresent([String].self, forKey: .witnesses) ?? []
    witnessQuorum = try values.decodeIfPresent(Int.self, forKey: .witnessQuorum)
    invitation = try values.decodeIfPresent(String.self, forKey: .invitation)
    model = try values.decodeIfPresent(String.self, forKey: .model) ?? plain.model
    context = try values.decodeIfPresent(String.self, forKey: .context).map { name in
      guard let mode = Answering.ContextMode(rawValue: name) else {
        throw DecodingError.dataCorruptedError(
          forKey: .context, in: values, debugDescription: Self.unknownContext(name))
      }
      return mode
    }
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
      ("ledger", ledger ?? ""), ("ledgerKey", ledgerKey ?? ""),
      ("witnesses", witnesses.joined(separator: " ")),
      ("witnessQuorum", quorum.map(String.init) ?? ""), ("invitation", invitation ?? ""),
      ("model", model), ("context", context?.rawValue ?? ""),
      ("threads", String(threads)), ("passages", String(passages)),
      ("passagesPerContributor", String(passagesPerContributor)), ("adapters", String(adapters)),
      ("offline", String(offline)),
      ("weightCache", String(weightCache)), ("syncInterval", String(syncInterval)),
    ]
  }

  /// The quorum in force; nil when no witness is listed.
  private var quorum: Int? {
    witnesses.isEmpty ? nil : witnessQuorum ?? WitnessPolicy.majority(of: witnesses.count)
  }

  /// Who has to have cosigned the checkpoint of a receipt; nil when no witness is listed.
  package func witnessPolicy() throws -> WitnessPolicy? {
    guard !witnesses.isEmpty else { return nil }
    do {
      return try WitnessPolicy(vkeys: witnesses, quorum: witnessQuorum)
    } catch {
      throw AgentError(
        .usage, "\(error)",
        hint: "tributary config set witnesses 'KEY KEY ...', then witnessQuorum")
    }
  }

  /// Reads vkeys with spaces between them; a quorum that is larger than their number goes.
  private mutating func setWitnesses(_ text: String) throws {
    var changed = self
    changed.witnesses = text.split(whereSeparator: \.isWhitespace).map(String.init)
    if let quorum = witnessQuorum, quorum > changed.witnesses.count {
      changed.witnessQuorum = nil
    }
    _ = try changed.witnessPolicy()
    self = changed
  }

  private mutating func setWitnessQuorum(_ text: String) throws {
    guard !witnesses.isEmpty else {
      throw AgentError(
        .usage, "witnessQuorum: no witnesses are set",
        hint: "tributary config set witnesses 'KEY KEY ...'")
    }
    witnessQuorum = try text.isEmpty ? nil : number("witnessQuorum", text, in: 1...witnesses.count)
  }

  /// Sets one key from text; an empty text clears `ledger`, `ledgerKey`, `witnesses`, `invitation`
  /// and `context`.
  package mutating func set(_ key: String, to value: String) throws {
    switch key {
    case "ledger": ledger = try value.isEmpty ? nil : Self.checkedURL(value)
    case "ledgerKey": ledgerKey = value.isEmpty ? nil : value
    case "witnesses": try setWitnesses(value)
    case "witnessQuorum": try setWitnessQuorum(value)
    case "invitation": invitation = value.isEmpty ? nil : try Self.checkedInvitation(value)
    case "model": model = value
    case "context": context = try value.isEmpty ? nil : Self.checkedContext(value)
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

  private static func unknownContext(_ name: String) -> String {
    "found '\(name)', expected joint or independent"
  }

  private static func checkedContext(_ name: String) throws -> Answering.ContextMode {
    guard let mode = Answering.ContextMode(rawValue: name) else {
      throw AgentError(.usage, "context: \(unknownContext(name))")
    }
    return mode
  }

  private static func checkedInvitation(_ text: String) throws -> String {
    do {
      return try Invitation(token: text).token
    } catch {
      throw AgentError(.usage, "\(error)")
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

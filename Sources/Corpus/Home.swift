import Foundation

/// The folders and files that Tributary keeps for one person.
///
/// `TRIBUTARY_HOME` puts everything in one folder; otherwise the XDG base directories are used.
package struct Home: Sendable, Equatable {
  /// Keys and settings.
  package let config: String
  /// Shards, catalog and traces.
  package let data: String
  /// What can be computed again.
  package let cache: String

  /// `cache` nil: a folder inside `data`.
  package init(config: String, data: String, cache: String? = nil) {
    self.config = config
    self.data = data
    self.cache = cache ?? data + "/cache"
  }

  /// Finds the folders from the environment; they need not exist yet.
  package static func locate(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> Home {
    if let home = environment["TRIBUTARY_HOME"], !home.isEmpty {
      let path = URL(fileURLWithPath: home).path
      return Home(config: path, data: path)
    }
    guard let user = environment["HOME"], user.hasPrefix("/") else {
      throw CorpusError(
        "environment", field: "HOME", found: environment["HOME"] ?? "nothing",
        expected: "an absolute path; or set TRIBUTARY_HOME")
    }
    // The XDG specification says that relative values are to be ignored.
    func folder(_ variable: String, _ standard: String) -> String {
      guard let value = environment[variable], value.hasPrefix("/") else {
        return "\(user)/\(standard)/tributary"
      }
      return "\(value)/tributary"
    }
    return Home(
      config: folder("XDG_CONFIG_HOME", ".config"),
      data: folder("XDG_DATA_HOME", ".local/share"),
      cache: folder("XDG_CACHE_HOME", ".cache"))
  }

  package var keys: String { config + "/keys" }
  package var contributorKey: String { keys + "/contributor.key" }
  package var agentKey: String { keys + "/agent.key" }
  package var shards: String { data + "/shards" }
  package var catalog: String { data + "/catalog.sqlite" }
  package var traces: String { data + "/traces.sqlite" }
  package var history: String { data + "/history" }
  /// Keys and values of passages that a model has read.
  package var passageCache: String { cache + "/passages" }
  package var weightCache: String { cache + "/weights" }
  /// The words of shards, to find what answers share with them.
  package var spans: String { cache + "/spans" }
  /// Digests of model files that did not change since.
  package var fileDigests: String { cache + "/digests.json" }

  /// Makes the folders, readable for their owner alone.
  package func create() throws {
    for folder in [config, data, cache, keys, shards] {
      try DurableFile.createFolder(folder, permissions: 0o700)
    }
  }
}

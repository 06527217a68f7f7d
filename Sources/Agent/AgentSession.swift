import Answering
import Corpus
import Foundation
import Inference
import Kernels
import LedgerSync
import Retrieval
import Trace

/// One person's agent: their settings, shards, models and traces, each opened when first needed.
///
/// A session belongs to one task at a time.
package final class AgentSession {
  package let home: Home
  package let settings: AgentSettings
  package let sampling: AgentOptions.Sampling
  /// What the files of models hash to; remembered, since hashing can take longer than loading.
  let digests: FileDigests

  private var openedShards: ShardStore?
  private var openedStore: TraceStore?
  private var openedBackend: Backend?
  private var openedEmbedder: EmbeddingModel?
  private var openedCrossEncoder: CrossEncoder?
  private var openedIndex: Index?
  private var openedModel: LoadedModel?
  private var openedAnswerer: LoadedAnswerer?

  /// Reads the settings of the home that the environment names; makes its folders if need be.
  package init(options: AgentOptions = AgentOptions()) throws {
    home = try Home.locate()
    try home.create()
    var settings = try SettingsFile(path: home.config + "/config.json").load()
    try options.overrides(&settings)
    self.settings = settings
    digests = FileDigests(rememberedIn: home.fileDigests)
    sampling = options.sampling
  }

  /// Where the lines of interactive sessions are remembered.
  package var historyPath: String { home.history }

  package func shards() throws -> ShardStore {
    try opened(&openedShards) { try ShardStore(home) }
  }

  package func store() throws -> TraceStore {
    try opened(&openedStore) { try TraceStore(path: home.traces) }
  }

  /// The key that signs this agent's traces.
  package func agentIdentity() throws -> ContributorIdentity {
    try ContributorIdentity.agent(in: home)
  }

  func backend() throws -> Backend {
    try opened(&openedBackend) {
      let cores = ProcessInfo.processInfo.activeProcessorCount
      return try Backend(threads: settings.threads == 0 ? cores : settings.threads)
    }
  }

  func embedder() throws -> EmbeddingModel {
    try opened(&openedEmbedder) {
      try EmbeddingModel.load(path: ModelLocator.find("embedding"), backend: backend())
    }
  }

  func crossEncoder() throws -> CrossEncoder {
    try opened(&openedCrossEncoder) {
      try CrossEncoder.load(path: ModelLocator.find("cross-encoder"), backend: backend())
    }
  }

  func index() throws -> Index {
    try opened(&openedIndex) {
      try Index(path: home.catalog, embedder: FileEmbedder(embedder(), digests: digests))
    }
  }

  /// The model that the settings name, loaded again only if its file has changed.
  func model() throws -> LoadedModel {
    if openedModel?.isCurrent == false { openedModel = nil }
    return try opened(&openedModel) { try LoadedModel(self) }
  }

  func answerer() throws -> LoadedAnswerer {
    try opened(&openedAnswerer) {
      let loaded = try LoadedAnswerer(
        session: self, sampling: sampling, context: settings.context)
      try loaded.require(settings.context)
      return loaded
    }
  }

  private func opened<Part>(_ part: inout Part?, _ open: () throws -> Part) throws -> Part {
    if let part { return part }
    let new = try open()
    part = new
    return new
  }
}

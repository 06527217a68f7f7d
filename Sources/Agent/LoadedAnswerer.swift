import Answering
import Corpus
import Inference

/// A model that is ready to answer, with the digests that a trace names.
struct LoadedAnswerer {
  let answerer: any Answerer
  let model: LanguageModel
  let digest: Digest
  /// What else decides the values: the embedding model and the lexicon, for the reader.
  let companions: [Digest]

  init(session: AgentSession) throws {
    let path = try ModelLocator.find(session.settings.model)
    model = try LanguageModel.load(path: path, backend: session.backend())
    digest = try FileDigest.sha256(path)
    guard ReaderAnswerer.canUse(model) else {
      answerer = try ChatAnswerer(
        model: model, sampler: session.sampling.sampler,
        maximumTokens: session.sampling.maximumTokens)
      companions = []
      return
    }
    let lexicon = try Lexicon.load(besideModel: path)
    answerer = try ReaderAnswerer(model: model, embedder: session.embedder(), lexicon: lexicon)
    companions = [
      try FileDigest.sha256(ModelLocator.find("embedding")),
      try FileDigest.sha256(Lexicon.path(besideModel: path)),
    ]
  }
}

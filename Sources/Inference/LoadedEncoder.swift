import GGUF
import Kernels
import Tokenizers

/// What a file of an encoder holds: its layers, what stands on them, and the tokenizer.
struct LoadedEncoder<Head> {
  let encoder: Encoder
  let head: Head
  let tokenizer: Result<any Tokenizer, any Error>

  /// Reads the tensors, all of them, while another thread makes the tokenizer.
  init(
    _ file: GGUFFile, _ configuration: Configuration, _ features: EncoderFeatures,
    backend: Backend, head: (inout TensorSource, Configuration, Backend) throws -> Head
  ) throws {
    let tokenizer = configuration.startTokenizer(of: file)
    var source = TensorSource(file, backend: backend)
    encoder = try Encoder(&source, configuration, features, backend: backend)
    self.head = try head(&source, configuration, backend)
    try source.finish()
    self.tokenizer = tokenizer.value
  }
}

extension Configuration {
  /// The encoder's features, if it pools so; the error of a file of another kind names what was found.
  func encoderFeatures(
    of file: GGUFFile, expected: String, where pools: (EncoderFeatures.Pooling) -> Bool
  ) throws -> EncoderFeatures {
    guard let encoder, pools(encoder.pooling) else {
      throw InferenceError.unsupportedArchitecture(
        file: file.path, name: architecture.rawValue, expected: expected)
    }
    return encoder
  }
}

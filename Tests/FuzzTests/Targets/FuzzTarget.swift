/// A reader of bytes from outside that must end every input with a value or an error: no trap, no
/// endless loop, no memory beyond what the input warrants.
package enum FuzzTarget: String, CaseIterable {
  case gguf, model, tokenizer, safetensors
  case cbor, note, proof, tile, batch

  /// Feeds one input; what the readers refuse is no finding, what contradicts itself traps here.
  package func run(_ input: UnsafeRawBufferPointer) {
    switch self {
    case .gguf: fuzzGGUF(Array(input))
    case .model: fuzzModel(Array(input))
    case .tokenizer: fuzzTokenizer(input)
    case .safetensors: fuzzSafetensors(Array(input))
    case .cbor: fuzzCBOR(Array(input))
    case .note: fuzzNote(Array(input))
    case .proof: fuzzProof(Array(input))
    case .tile: fuzzTile(Array(input))
    case .batch: fuzzBatch(Array(input))
    }
  }
}

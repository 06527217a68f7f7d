import Foundation
import Inference
import Kernels

/// A sentence encoder over the lines of a text file, tokenisation included.
enum Encode {
  static func run(_ options: Options) throws {
    let backend = try Backend(threads: options.threads)
    let model = try EmbeddingModel.load(path: options.path, backend: backend)
    let file = try String(contentsOfFile: options.paths[1], encoding: .utf8)
    let texts = file.split(separator: "\n").map(String.init)
    _ = try model.embed(texts)
    let about: [String: Any] = [
      "isa": backend.isa.rawValue, "threads": options.threads, "model": options.path,
      "engine": engineVersion,
    ]
    try report(options, about: about) {
      ["texts": try rate(texts.count) { _ = try model.embed(texts) }]
    }
  }
}

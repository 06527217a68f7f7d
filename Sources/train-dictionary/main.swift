// Trains the zstd dictionary that traces and batches are compressed with.
//
//     swift run train-dictionary [OUTPUT]
//
// The samples are synthesised from a fixed seed, so the same version of libzstd gives the same bytes.
// A dictionary that has shipped is never changed: a new one gets a new version and file.

import Corpus
import Foundation
import Zstd

let output =
  CommandLine.arguments.dropFirst().first ?? "Sources/Trace/Resources/trace-dictionary-v1.zdict"
let sampleCount = 1200
let dictionaryByteCount = 8 << 10

var samples = SampleTraces(seed: 1)
var contents: [[UInt8]] = []
for _ in 0..<sampleCount {
  let sample = try samples.next()
  contents += [sample.content, sample.publicBytes]
}
let bytes = try ZstdDictionary.train(samples: contents, maximumBytes: dictionaryByteCount)
let dictionary = try ZstdDictionary(bytes)
try DurableFile.write(bytes, to: output, permissions: 0o644)

/// Compressed sizes of `contents` one by one: plain, and with the dictionary.
func sizes(_ contents: [[UInt8]]) throws -> String {
  let plain = try contents.reduce(0) { try $0 + Zstd.compress($1, level: 19).count }
  let trained = try contents.reduce(0) { try $0 + Zstd.compress($1, dictionary: dictionary).count }
  let whole = contents.reduce(0) { $0 + $1.count }
  return "\(whole) bytes, zstd -19 \(plain), with the dictionary \(trained)"
}

var fresh = SampleTraces(seed: 2)
let unseen = try (0..<100).map { _ in try fresh.next() }
print("\(output): \(bytes.count) bytes, id \(dictionary.id)")
print("sha256 \(Corpus.Digest(sha256: bytes))")
print("100 traces of another seed: \(try sizes(unseen.map(\.content)))")
print("their public parts, one by one: \(try sizes(unseen.map(\.publicBytes)))")

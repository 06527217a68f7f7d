import Corpus
import Foundation
import Zstd

/// Trains a dictionary of 8 KiB on synthesised samples.
///
/// They come from a fixed seed, so the same version of libzstd gives the same bytes. A dictionary
/// that has shipped is never changed, so a file that is there is not replaced.
func train(output: String) throws {
  guard !FileManager.default.fileExists(atPath: output) else {
    FileHandle.standardError.write(
      Data("train-dictionary: \(output) is there already; expected a new file\n".utf8))
    exit(73)
  }
  var samples = SampleTraces(seed: 1)
  var contents: [[UInt8]] = []
  for _ in 0..<1200 {
    let sample = try samples.next()
    contents += [sample.content, sample.publicBytes]
  }
  let bytes = try ZstdDictionary.train(samples: contents, maximumBytes: 8 << 10)
  let dictionary = try ZstdDictionary(bytes)
  try DurableFile.write(bytes, to: output, permissions: 0o644)

  var fresh = SampleTraces(seed: 2)
  let unseen = try (0..<100).map { _ in try fresh.next() }
  print("\(output): \(bytes.count) bytes, id \(dictionary.id)")
  print("sha256 \(Corpus.Digest(sha256: bytes))")
  for (name, contents) in [
    ("100 traces of another seed", unseen.map(\.content)),
    ("their public parts, one by one", unseen.map(\.publicBytes)),
  ] {
    let sizes = try CompressedSizes(contents, dictionary: dictionary)
    print(
      "\(name): \(sizes.whole) bytes, zstd -19 \(sizes.plain), with the dictionary "
        + "\(sizes.withDictionary)")
  }
}

/// Sizes of contents that are compressed one by one.
struct CompressedSizes {
  var whole = 0
  var plain = 0
  var withDictionary = 0

  init(_ contents: [[UInt8]], dictionary: ZstdDictionary) throws {
    for content in contents {
      whole += content.count
      plain += try Zstd.compress(content, level: 19).count
      withDictionary += try Zstd.compress(content, dictionary: dictionary).count
    }
  }
}

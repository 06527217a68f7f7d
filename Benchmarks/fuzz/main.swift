import Foundation
// Coverage-guided fuzzing with libFuzzer; see README.md.
//   tributary-fuzz fuzz TARGET [LIBFUZZER-ARGUMENT ...]
//   tributary-fuzz seeds TARGET FOLDER     the valid inputs to start from
//   tributary-fuzz unpack FILE FOLDER      a committed corpus to libFuzzer's folder of files
//   tributary-fuzz pack FOLDER FILE
import FuzzTargets

/// libFuzzer's driver: parses its arguments, loops, and exits.
@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ words: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

nonisolated(unsafe) var target = FuzzTarget.gguf

func fuzz(_ arguments: [String]) -> Int32 {
  var words = arguments.map { strdup($0) } + [nil]
  var count = Int32(arguments.count)
  return words.withUnsafeMutableBufferPointer { words in
    var base = words.baseAddress!
    return runDriver(&count, &base) { bytes, size in
      target.run(UnsafeRawBufferPointer(start: bytes, count: size))
      return 0
    }
  }
}

func write(_ inputs: [[UInt8]], to folder: String, _ prefix: String) throws {
  for (index, input) in inputs.enumerated() {
    try Data(input).write(to: URL(filePath: "\(folder)/\(prefix)\(index)"))
  }
}

/// Small inputs first, so that the committed file changes little when a long one is added.
func pack(_ folder: String, _ file: String) throws {
  var corpus = Corpus()
  for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
    corpus.inputs.append([UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))))
  }
  corpus.inputs.sort { ($0.count, $0.lexicographicKey) < ($1.count, $1.lexicographicKey) }
  try corpus.write(to: URL(filePath: file))
}

extension [UInt8] {
  fileprivate var lexicographicKey: String { map { String(format: "%02x", $0) }.joined() }
}

func chosenTarget(_ name: String) -> FuzzTarget {
  if let target = FuzzTarget(rawValue: name) { return target }
  print("targets: \(FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))")
  exit(64)
}

/// libFuzzer starts this program again to merge corpora, with its own arguments: they begin with no action.
let targetVariable = "TRIBUTARY_FUZZ_TARGET"
let arguments = CommandLine.arguments
if let name = ProcessInfo.processInfo.environment[targetVariable] {
  target = chosenTarget(name)
  exit(fuzz(arguments))
}
switch (arguments.dropFirst().first, arguments.count) {
case ("fuzz", 3...):
  target = chosenTarget(arguments[2])
  setenv(targetVariable, arguments[2], 1)
  exit(fuzz([arguments[0]] + arguments.dropFirst(3)))
case ("seeds", 4): try write(chosenTarget(arguments[2]).seeds, to: arguments[3], "seed-")
case ("unpack", 4):
  try write(Corpus(contentsOf: URL(filePath: arguments[2])).inputs, to: arguments[3], "corpus-")
case ("pack", 4): try pack(arguments[2], arguments[3])
default:
  print(
    "usage: tributary-fuzz fuzz TARGET [...] | seeds TARGET FOLDER | unpack FILE FOLDER | pack FOLDER FILE"
  )
  exit(64)
}

// What the tokenizers make of a vocabulary, in bytes that compare.py reads.
//
//   tokenizer-bench ids VOCABULARY STRINGS [special] [parse]
//   tokenizer-bench pieces VOCABULARY
//   tokenizer-bench decode VOCABULARY TOKENS
//   tokenizer-bench time VOCABULARY TEXT SECONDS
//
// STRINGS is a sequence of texts, TOKENS one of lists of token ids; before each text and each list
// stands how many bytes it has. All integers have 32 bits, the least significant byte first.

import Foundation
import GGUF
import Tokenizers

func records(_ path: String) throws -> [Data] {
  let bytes = try Data(contentsOf: URL(filePath: path))
  var records: [Data] = []
  var start = 0
  while start + 4 <= bytes.count {
    let count = Int(bytes[start..<(start + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    records.append(bytes[(start + 4)..<(start + 4 + count)])
    start += 4 + count
  }
  return records
}

func encoded(_ integers: [UInt32]) -> Data {
  var data = Data(capacity: integers.count * 4)
  for integer in integers {
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      data.append(UInt8(truncatingIfNeeded: integer >> shift))
    }
  }
  return data
}

func record(_ bytes: some Collection<UInt8>) -> Data { encoded([UInt32(bytes.count)]) + bytes }

func record(_ tokens: [Int32]) -> Data {
  record(encoded(tokens.map { UInt32(bitPattern: $0) }))
}

func tokens(_ data: Data) -> [Int32] {
  stride(from: data.startIndex, to: data.endIndex, by: 4).map { start in
    Int32(bitPattern: data[start..<(start + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) })
  }
}

/// The processor time of this process in seconds, which other processes do not lengthen.
func processorTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Megabytes of text per second of processor time, the best of as many runs as fit.
func rate(_ tokenizer: any Tokenizer, _ text: String, seconds: Double) -> Double {
  var best = Double.infinity
  let end = processorTime() + seconds
  repeat {
    let start = processorTime()
    _ = tokenizer.encode(text, addSpecial: false, parseSpecial: true)
    best = min(best, processorTime() - start)
  } while processorTime() < end
  return Double(text.utf8.count) / best / 1e6
}

let arguments = CommandLine.arguments
guard arguments.count >= 3 else {
  FileHandle.standardError.write(Data("usage: see the head of main.swift\n".utf8))
  exit(64)
}
let began = processorTime()
let tokenizer = try TokenizerLoader.load(from: GGUFFile(path: arguments[2]))
let loading = processorTime() - began
var output = Data()
switch arguments[1] {
case "ids":
  for text in try records(arguments[3]) {
    output += record(
      tokenizer.encode(
        String(decoding: text, as: UTF8.self), addSpecial: arguments.contains("special"),
        parseSpecial: arguments.contains("parse")))
  }
case "pieces":
  for token in 0..<Int32(tokenizer.vocabularySize) { output += record(tokenizer.bytes(of: token)) }
case "decode":
  for list in try records(arguments[3]) { output += record(tokenizer.decode(tokens(list)).utf8) }
case "time":
  let text = try String(contentsOfFile: arguments[3], encoding: .utf8)
  let rate = rate(tokenizer, text, seconds: Double(arguments[4]) ?? 1)
  output = Data("\(rate) \(loading)\n".utf8)
default:
  let message = "found mode \(arguments[1]), expected ids, pieces, decode or time\n"
  FileHandle.standardError.write(Data(message.utf8))
  exit(64)
}
FileHandle.standardOutput.write(output)

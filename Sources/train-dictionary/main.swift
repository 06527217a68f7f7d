// The zstd dictionary that traces and batches are compressed with: trains one, and measures one on
// real traces.
//
//     train-dictionary train OUTPUT
//     train-dictionary measure TRACES.sqlite

import Foundation

let arguments = CommandLine.arguments.dropFirst()
switch (arguments.first, arguments.count) {
case ("train", 2): try train(output: arguments[2])
case ("measure", 2): try measure(store: arguments[2])
default:
  FileHandle.standardError.write(
    Data("usage: train-dictionary train OUTPUT | measure TRACES.sqlite\n".utf8))
  exit(64)
}

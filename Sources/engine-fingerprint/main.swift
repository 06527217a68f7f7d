import Foundation
import Inference
import Kernels

// Prints the instruction set in use and the fingerprint of a model file:
//   engine-fingerprint MODEL.gguf [THREADS]
// Runs of the same engine version print the same fingerprint on every machine; the tests run it
// under an emulated older processor to prove that.

let arguments = CommandLine.arguments
guard arguments.count == 2 || arguments.count == 3,
  let threads = arguments.count == 3 ? Int(arguments[2]) : 1, threads > 0
else {
  FileHandle.standardError.write(Data("usage: engine-fingerprint MODEL.gguf [THREADS]\n".utf8))
  exit(64)
}
do {
  let backend = try Backend(threads: threads)
  let model = try LanguageModel.load(path: arguments[1], backend: backend)
  print(backend.isa.rawValue, try model.fingerprint())
} catch {
  FileHandle.standardError.write(Data("engine-fingerprint: \(error)\n".utf8))
  exit(65)
}

import Foundation

// Times one part of the engine on a model file and prints JSON.
//   engine-bench speed MODEL.gguf [--prefill 128,256] [--decode 32]
//   engine-bench load MODEL.gguf           once, in this fresh process: no rounds, no --serve
//   engine-bench context MODEL.gguf [--context 128,512,1024,2048,4096,8064]
//   engine-bench encode MODEL.gguf TEXTS.txt
//   engine-bench score MODEL.gguf [--contexts 16] [--shared 256] [--continuation 64]
// and for each [--threads 1] [--rounds 5] [--serve]. With --serve it times one round for every line on
// standard input, so that a script can let this engine and another one take turns.

struct Mode {
  let usage: String
  let files: Int
  let options: [String]
  let run: (Options) throws -> Void
}

let modes = [
  "speed": Mode(
    usage: "MODEL.gguf [--prefill N,N] [--decode N] [--weight-cache FOLDER]", files: 1,
    options: ["prefill", "decode", "weight-cache"],
    run: Speed.run),
  "load": Mode(
    usage: "MODEL.gguf [--weight-cache FOLDER]", files: 1, options: ["weight-cache"], run: Load.run),
  "context": Mode(
    usage: "MODEL.gguf [--context N,N]", files: 1, options: ["context"], run: Context.run),
  "encode": Mode(usage: "MODEL.gguf TEXTS.txt", files: 2, options: [], run: Encode.run),
  "score": Mode(
    usage: "MODEL.gguf [--contexts N] [--shared N] [--continuation N]", files: 1,
    options: ["contexts", "shared", "continuation"], run: Score.run),
]

func fail(_ message: String, _ status: Int32) -> Never {
  FileHandle.standardError.write(Data("engine-bench: \(message)\n".utf8))
  exit(status)
}

let usage = modes.sorted { $0.key < $1.key }.map { name, mode in
  "  engine-bench \(name) \(mode.usage) [--threads N] [--rounds N] [--serve]"
}.joined(separator: "\n")

let arguments = CommandLine.arguments.dropFirst()
do {
  guard let name = arguments.first, let mode = modes[name] else { throw Usage("no such mode") }
  try mode.run(Options(arguments.dropFirst(), files: mode.files, known: mode.options))
} catch let error as Usage {
  fail("\(error.message); usage:\n\(usage)", 64)
} catch {
  fail("\(error)", 65)
}

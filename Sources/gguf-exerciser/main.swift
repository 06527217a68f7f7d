// Does to a file, in a process of its own, what a test could not survive or could not measure.
//   gguf-exerciser read FILE        opens it and decodes all metadata, in file size + 64 MiB of memory
//   gguf-exerciser exceed FILE      takes more than that: must not end well
//   gguf-exerciser default FILE     shortens it under a mapping that nobody watches over: must end by SIGBUS
//   gguf-exerciser chained FILE     the same with an earlier handler, which must be called (exit status 42)
//   gguf-exerciser sent FILE        a SIGBUS that is sent, not caused: must end the process too
import GGUF

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

guard CommandLine.arguments.count == 3 else {
  print("usage: gguf-exerciser read|exceed|default|chained|sent FILE")
  exit(64)
}
let path = CommandLine.arguments[2]
do {
  switch CommandLine.arguments[1] {
  case "read": try readWithinLimit(path)
  case "exceed": try exceedLimit(path)
  case "default": try touchForeignMapping(path)
  case "chained":
    signal(SIGBUS) { _ in _exit(42) }
    try touchForeignMapping(path)
  case "sent":
    let watched = try MappedFile(path: path)
    kill(getpid(), SIGBUS)
    withExtendedLifetime(watched) { print("survived") }
  default: exit(64)
  }
} catch {
  print("refused: \(error)")
}

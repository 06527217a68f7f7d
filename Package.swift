// swift-tools-version: 6.2
import PackageDescription

// One kernel source is compiled once per instruction set (Sources/Kernels*/ share files through
// symlinks). Every variant, the baseline included, is always optimised: an unoptimised build would
// share weak generic functions between variants, and a baseline CPU would meet AVX code.
#if arch(x86_64)
  let avx512 = [
    "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512cd", "-mavx512vnni", "-mavx2",
    "-mfma", "-mf16c", "-mbmi", "-mbmi2", "-mtune=znver4", "-mprefer-vector-width=512",
    "-mamx-tile", "-mamx-int8",
  ].flatMap { ["-Xcc", $0] }
  let avx2 = ["-mavx2", "-mfma", "-mf16c", "-mbmi", "-mbmi2"].flatMap { ["-Xcc", $0] }
#else
  let avx512: [String] = []
  let avx2: [String] = []
#endif

/// Warnings are errors in continuous integration.
let warnings: [SwiftSetting] =
  Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

/// Tests see the inside of our own modules in release builds too.
///
/// Packages that we use are built as they would be without tests.
let strict = warnings + [.unsafeFlags(["-enable-testing"], .when(configuration: .release))]

/// Tests are compiled without optimisation, in two thirds of the time, unless they compute much.
func tests(
  _ target: String, optimized: Bool = false, _ dependencies: [Target.Dependency]
) -> Target {
  .testTarget(
    name: "\(target)Tests", dependencies: dependencies, exclude: fixtures[target] ?? [],
    swiftSettings: strict
      + (optimized ? [] : [.unsafeFlags(["-Onone"], .when(configuration: .release))]))
}

/// Data that tests read from the source folder by path.
let fixtures = [
  "Kernels": ["Fixtures"], "GGUF": ["Fixtures"], "Tokenizers": ["Fixtures"],
  "Inference": ["Fixtures"],
  "ModelImport": ["Fixtures"], "Fuzz": ["Targets", "Corpus"],
]

/// Whole modules, so that kernels inline what other files define in debug builds too.
func kernelSettings(_ name: String, _ flags: [String]) -> [SwiftSetting] {
  let whole = ["-O", "-wmo", "-num-threads", "1", "-disable-batch-mode"]
  return [.define(name), .unsafeFlags(whole + flags)] + warnings
}

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
/// scrypt, the proof of work of admission.
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
/// The C interface of the SQLite that GRDB uses.
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let arguments = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let lifecycle = Target.Dependency.product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")

/// What needs libpq is built with the trait alone.
let postgreSQL = TargetDependencyCondition.when(traits: ["PostgreSQL"])

let package = Package(
  name: "tributary",
  products: [
    .executable(name: "tributary", targets: ["tributary"]),
    .executable(name: "tributary-ledger", targets: ["tributary-ledger"]),
  ],
  traits: [
    .trait(name: "PostgreSQL", description: "Ledgers can keep their state in PostgreSQL (libpq).")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // System libraries
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

    .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),

    .target(name: "CEdit", linkerSettings: [.linkedLibrary("edit")]),

    // Engine
    .target(name: "CIntrinsics", linkerSettings: [.linkedLibrary("m")]),
    .target(
      name: "KernelsAVX512", dependencies: ["CIntrinsics"],
      swiftSettings: kernelSettings("KERNELS_AVX512", avx512)),
    .target(
      name: "KernelsAVX2", dependencies: ["CIntrinsics"],
      swiftSettings: kernelSettings("KERNELS_AVX2", avx2)),
    .target(
      name: "KernelsPortable", dependencies: ["CIntrinsics"],
      swiftSettings: kernelSettings("KERNELS_PORTABLE", [])),
    .target(
      name: "Kernels",
      dependencies: ["CIntrinsics", "KernelsAVX512", "KernelsAVX2", "KernelsPortable"],
      swiftSettings: strict),
    .executableTarget(name: "kernel-hash", dependencies: ["Kernels"], swiftSettings: strict),
    .target(name: "CMappedFile"),
    .target(name: "GGUF", dependencies: ["CMappedFile"], swiftSettings: strict),
    // Reads files in a process of its own, to be limited and killed by tests.
    .executableTarget(name: "gguf-exerciser", dependencies: ["GGUF"], swiftSettings: strict),
    .target(name: "ModelImport", dependencies: ["GGUF"], swiftSettings: strict),
    .target(name: "Tokenizers", dependencies: ["GGUF"], swiftSettings: strict),
    .target(
      name: "Inference", dependencies: ["GGUF", "Tokenizers", "Kernels"], swiftSettings: strict),
    // What fuzzing feeds with hostile input: the readers of model files, and of what comes over
    // the network.
    .target(
      name: "FuzzTargets",
      dependencies: [
        "GGUF", "Tokenizers", "Inference", "CBOR", "Corpus", "LedgerWire", "Trace",
        "TransparencyLog", crypto,
      ],
      path: "Tests/FuzzTests/Targets", swiftSettings: strict),

    // Documents, attribution, traces
    .target(name: "CBOR", dependencies: [crypto], swiftSettings: strict),
    .target(name: "Zstd", dependencies: ["CZstd"], swiftSettings: strict),
    .target(
      name: "Corpus", dependencies: ["CBOR", "GGUF", "Zstd", crypto, grdb], swiftSettings: strict),
    .target(name: "Retrieval", dependencies: ["Corpus", "Inference", grdb], swiftSettings: strict),
    .target(name: "Spans", dependencies: ["Corpus", "GGUF"], swiftSettings: strict),
    .target(name: "Attribution", swiftSettings: strict),
    // Other methods and planted sources to compare with, for measurements alone.
    .target(
      name: "AttributionMethods", dependencies: ["Attribution"], swiftSettings: strict),
    .target(
      name: "Answering", dependencies: ["Inference", "Tokenizers", "Kernels", "Attribution"],
      swiftSettings: strict),
    .target(
      name: "Trace", dependencies: ["CBOR", "Corpus", "TransparencyLog", "Zstd", crypto],
      exclude: ["FORMAT.md"],
      resources: [.embedInCode("Resources/trace-dictionary-v1.zdict")], swiftSettings: strict),

    // Network
    .target(name: "TransparencyLog", dependencies: [crypto], swiftSettings: strict),
    .target(
      name: "LedgerWire", dependencies: ["CBOR", "Corpus", "TransparencyLog", cryptoExtras],
      swiftSettings: strict),
    .target(
      name: "LedgerSync",
      dependencies: [
        "LedgerWire", "Trace", "TransparencyLog", "Corpus", grdb, sqlite, httpClient, log,
      ],
      swiftSettings: strict),
    .target(
      name: "Ledger",
      dependencies: [
        "LedgerWire", "Witness", "Trace", "TransparencyLog", "Corpus", crypto, grdb, sqlite,
        hummingbird, hummingbirdTLS, httpClient, lifecycle, log,
      ],
      swiftSettings: strict),
    // Empty without the trait.
    .target(
      name: "LedgerPostgreSQL",
      dependencies: ["Ledger", .target(name: "CLibpq", condition: postgreSQL)],
      swiftSettings: strict),
    .target(
      name: "Witness",
      dependencies: [
        "LedgerWire", "TransparencyLog", "Corpus", crypto, grdb, httpClient, hummingbird, lifecycle,
        log,
      ],
      swiftSettings: strict),

    // Composition
    .target(
      name: "Agent",
      dependencies: [
        "Inference", "Retrieval", "Spans", "Attribution", "Answering", "Trace", "LedgerSync",
        "LedgerWire", "TransparencyLog", "Corpus", "GGUF", "Kernels", crypto, mustache,
      ],
      resources: [.embedInCode("Resources/page.mustache")],
      swiftSettings: strict),
    .executableTarget(
      name: "tributary",
      dependencies: [
        "Agent", "Answering", "CEdit", "CBOR", "Corpus", "GGUF", "Inference", "Kernels",
        "LedgerSync", "LedgerWire", "ModelImport", "Trace", arguments,
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "tributary-ledger",
      dependencies: [
        "Ledger", .target(name: "LedgerPostgreSQL", condition: postgreSQL), "LedgerWire", "Witness",
        "Corpus", "TransparencyLog", hummingbirdTLS, arguments, lifecycle, log,
      ],
      swiftSettings: strict),

    // Measurements
    .executableTarget(
      name: "engine-bench", dependencies: ["Inference", "Kernels"], swiftSettings: strict),
    .executableTarget(
      name: "engine-fingerprint", dependencies: ["Inference", "Kernels"], swiftSettings: strict),
    .executableTarget(
      name: "tokenizer-bench", dependencies: ["Tokenizers", "GGUF"],
      path: "Benchmarks/tokenizers", exclude: ["compare.py"], swiftSettings: strict),
    .target(
      name: "BenchmarkSupport",
      dependencies: ["Answering", "Corpus", "Inference", "Kernels", arguments],
      path: "Benchmarks/support", swiftSettings: strict),
    .executableTarget(
      name: "answer-bench",
      dependencies: ["BenchmarkSupport", "Answering", "Attribution", "Inference", arguments],
      path: "Benchmarks/answers", exclude: ["README.md"], swiftSettings: strict),
    .executableTarget(
      name: "attribution-bench",
      dependencies: [
        "BenchmarkSupport", "AttributionMethods", "Attribution", "Answering", "Corpus", "Retrieval",
        "Inference", "Kernels", arguments,
      ],
      path: "Benchmarks/attribution", exclude: ["README.md"], swiftSettings: strict),
    .executableTarget(
      name: "span-bench", dependencies: ["Spans"], path: "Benchmarks/spans", swiftSettings: strict),
    .executableTarget(name: "shard-exerciser", dependencies: ["Corpus"], swiftSettings: strict),
    .executableTarget(
      name: "train-dictionary", dependencies: ["Trace", "Corpus", "CBOR", "Zstd", grdb],
      swiftSettings: strict),
    .executableTarget(
      name: "ledger-bench",
      dependencies: [
        "LedgerWire", "Trace", "TransparencyLog", "Corpus", httpClient, arguments,
        "tributary-ledger",
      ],
      path: "Benchmarks/ledger", exclude: ["README.md", "run"], swiftSettings: strict),
    // Disks that lose power or are full, for the outbox's tests and Benchmarks/crash.
    .target(name: "CFaultVFS", linkerSettings: [.linkedLibrary("sqlite3")]),
    .target(
      name: "OutboxFaults",
      dependencies: ["CFaultVFS", "LedgerSync", "Trace", "Corpus", "Zstd", grdb],
      path: "Benchmarks/crash/faults", swiftSettings: strict),
    // Appends and syncs in a loop, to be killed by the crash tests.
    .executableTarget(
      name: "outbox-exerciser",
      dependencies: [
        "LedgerSync", "OutboxFaults", "Trace", "Corpus", "TransparencyLog", "Zstd", arguments,
      ],
      swiftSettings: strict),

    // What several test targets need: temporary folders and processes; agents, ledgers, witnesses
    .target(name: "TestSupport", path: "Tests/Support", swiftSettings: strict),
    .target(
      name: "LedgerTestSupport",
      dependencies: [
        "TestSupport", "Ledger", "LedgerWire", "Witness", "Trace", "TransparencyLog", "Corpus",
        httpClient, lifecycle, log,
      ],
      path: "Tests/LedgerSupport", swiftSettings: strict),

    // Tests, one target for each module
    tests("Kernels", optimized: true, ["Kernels", "CIntrinsics", "TestSupport", "kernel-hash"]),
    tests("GGUF", ["GGUF", "TestSupport", "gguf-exerciser"]),
    tests(
      "ModelImport", ["ModelImport", "GGUF", "Inference", "Tokenizers", "Kernels", "TestSupport"]),
    tests("Tokenizers", ["Tokenizers", "GGUF", "TestSupport"]),
    tests(
      "Inference", optimized: true,
      ["Inference", "Tokenizers", "GGUF", "Kernels", "TestSupport", "engine-fingerprint"]),
    tests("Fuzz", ["FuzzTargets", "TestSupport"]),
    tests("CBOR", ["CBOR", crypto]),
    tests("Zstd", ["Zstd", "OutboxFaults"]),
    tests("Corpus", ["Corpus", "CBOR", "GGUF", "Zstd", crypto, "TestSupport", "shard-exerciser"]),
    tests("Retrieval", ["Retrieval", "Corpus", "Inference", "Kernels", grdb, "TestSupport"]),
    tests("Spans", optimized: true, ["Spans", "Corpus", "TestSupport"]),
    tests("Attribution", ["Attribution"]),
    tests("AttributionMethods", ["AttributionMethods", "Attribution"]),
    tests(
      "Answering",
      [
        "Answering", "Attribution", "Inference", "Tokenizers", "Kernels", "GGUF", "TestSupport",
      ]),
    tests("Trace", ["Trace", "TransparencyLog", "Corpus", "CBOR", "Zstd", crypto]),
    tests("TransparencyLog", ["TransparencyLog", crypto, "TestSupport"]),
    tests(
      "LedgerSync",
      [
        "LedgerSync", "LedgerWire", "Ledger", "OutboxFaults", "Witness", "Trace", "TransparencyLog",
        "Corpus", grdb, "TestSupport", "LedgerTestSupport", "outbox-exerciser", "tributary-ledger",
      ]),
    tests(
      "Ledger",
      [
        "Ledger", "LedgerWire", "Trace", "TransparencyLog", "Corpus", "CBOR", grdb, httpClient,
        "TestSupport", "LedgerTestSupport", "tributary-ledger",
      ]),
    tests(
      "LedgerPostgreSQL",
      [
        "LedgerPostgreSQL", "Ledger", "LedgerWire", "Trace", "TransparencyLog", "Corpus",
        "TestSupport", "LedgerTestSupport", "tributary-ledger",
      ]),
    tests(
      "Witness",
      [
        "Witness", "TransparencyLog", "Corpus", crypto, log, "TestSupport", "LedgerTestSupport",
        "tributary-ledger",
      ]),
    tests(
      "CommandLine",
      ["Agent", "Corpus", "GGUF", "Trace", "TestSupport", "tributary", "tributary-ledger"]),
  ]
)

// Benchmarks/fuzz/run builds with libFuzzer's instrumentation and names its runtime here.
if let runtime = Context.environment["TRIBUTARY_FUZZER"] {
  let fuzzed = [
    "GGUF", "Tokenizers", "Inference", "CBOR", "LedgerWire", "Trace", "TransparencyLog",
  ]
  for target in package.targets where fuzzed.contains(target.name) {
    target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(["-sanitize=fuzzer"])]
  }
  package.targets.append(
    .executableTarget(
      name: "tributary-fuzz", dependencies: ["FuzzTargets"], path: "Benchmarks/fuzz",
      exclude: ["run"],
      linkerSettings: [.unsafeFlags([runtime]), .linkedLibrary("stdc++")]))
}

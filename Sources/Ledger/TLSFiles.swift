import Corpus
import HummingbirdTLS
import NIOSSL

/// The certificate chain and private key of a server, as PEM files.
package struct TLSFiles: Sendable {
  package let certificate: String
  package let key: String

  package init(certificate: String, key: String) {
    self.certificate = certificate
    self.key = key
  }

  /// Reads both; they are read once, at the start.
  package func load() throws -> TLSConfiguration {
    let chain = try read(certificate, "a PEM file of certificates, the server's first") {
      try NIOSSLCertificate.fromPEMFile($0)
    }
    guard !chain.isEmpty else {
      throw LedgerError(
        file: certificate, field: "certificates", found: "none", expected: "at least one")
    }
    let privateKey = try read(key, "a PEM file of one private key without a password") {
      try NIOSSLPrivateKey(file: $0, format: .pem)
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
    configuration.minimumTLSVersion = .tlsv12
    // Does the key belong to the certificate? Better said now than at the first connection.
    do {
      _ = try NIOSSLContext(configuration: configuration)
    } catch {
      throw LedgerError(
        file: key, field: "key", found: "one that does not fit the certificate",
        expected: "the private key of \(certificate)")
    }
    return configuration
  }

  private func read<Value>(
    _ path: String, _ expected: String, _ load: (String) throws -> Value
  ) throws -> Value {
    // Says what is wrong with the file itself, which the library does not.
    _ = try DurableFile.read(path, maximumBytes: 1 << 20)
    do {
      return try load(path)
    } catch {
      throw LedgerError(file: path, field: "content", found: "other bytes", expected: expected)
    }
  }
}

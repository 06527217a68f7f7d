/// A certificate for localhost and 127.0.0.1 that signed itself, made for these tests with
/// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500`.
///
/// The key protects nothing.
enum TestCertificate {
  static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBmzCCAUGgAwIBAgIUPbnVYeylJ/cSH7AjYst5XJCNkEIwCgYIKoZIzj0EAwIw
    FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjAxMTkzMFoYDzIxMjYxMDI5
    MDExOTMwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
    PQMBBwNCAAQi/VqYyUx703WMc81mW1EISxRFv/rLOMMhOCwl+8j9nhzREJDNuSht
    cDosnZZxgh03w0bYiedTawPTRZiFmUNpo28wbTAdBgNVHQ4EFgQUbF1s+Az5sWtQ
    C5hAEZa2zMlU7/swHwYDVR0jBBgwFoAUbF1s+Az5sWtQC5hAEZa2zMlU7/swDwYD
    VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
    zj0EAwIDSAAwRQIgH5d9zyrsLjJJfao4UAgtopA3bt+FGVFAPaCQd9UrD2sCIQCH
    zsu4WBK4dh1XBQUrCWSOSsHUBOZ0Yx3KbjQAZrtbfQ==
    -----END CERTIFICATE-----

    """

  static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0GLOAHsdSwoHvDOE
    zV35wW166nsvZgtHwCdwcsPQHWmhRANCAAQi/VqYyUx703WMc81mW1EISxRFv/rL
    OMMhOCwl+8j9nhzREJDNuShtcDosnZZxgh03w0bYiedTawPTRZiFmUNp
    -----END PRIVATE KEY-----

    """

  /// The key of another certificate.
  static let otherKey = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmaGop7lPk5jYAWHA
    TN03wW0sb/4vA1TprrXaS1vtbpOhRANCAAQ89tvS9FHPpqkt0j5eLlTiPHXftK7X
    7CBxYI0BixJE+kRgxBL8LxiDSoSylI3oe7BJ081BPKCILxBCEc3yoOhL
    -----END PRIVATE KEY-----

    """
}

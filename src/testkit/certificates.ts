// Certificates for tests: self-signed, valid for a hundred years, trusted by nobody who is not told to. The first names
// `sip.example`, `localhost`, 127.0.0.1 and, as RFC 5922 has it, the SIP domain `voice.example`; the second is what it is renewed to.

export interface TestIdentity {
  /** PEM. */
  readonly key: string
  readonly certificate: string
}

export const testIdentity: TestIdentity = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUzYdicJCmHRQJRC3
CEVQRxBt8TE2sL2r7k5pj8nynLqhRANCAAQ0vFv34EAJ6W5+HbPYcQZ3EoFrPgb0
qehDo5FEJakGygvLQ1vC9nYlb3iliRzF/GU2RUyVUeZXCsGEABsnlTaa
-----END PRIVATE KEY-----`,
  certificate: `-----BEGIN CERTIFICATE-----
MIIBwjCCAWegAwIBAgIUHrVsf1ZEiAyDGUXZmkdvEqV1QYIwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLc2lwLmV4YW1wbGUwIBcNMjYxMTIxMTIwNjI2WhgPMjEyNjEw
MjgxMjA2MjZaMBYxFDASBgNVBAMMC3NpcC5leGFtcGxlMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAENLxb9+BACelufh2z2HEGdxKBaz4G9KnoQ6ORRCWpBsoLy0Nb
wvZ2JW94pYkcxfxlNkVMlVHmVwrBhAAbJ5U2mqOBkDCBjTAdBgNVHQ4EFgQUIEx8
55oSplWjXJyjWbP1EmgAD0UwHwYDVR0jBBgwFoAUIEx855oSplWjXJyjWbP1EmgA
D0UwDwYDVR0TAQH/BAUwAwEB/zA6BgNVHREEMzAxggtzaXAuZXhhbXBsZYIJbG9j
YWxob3N0hhFzaXA6dm9pY2UuZXhhbXBsZYcEfwAAATAKBggqhkjOPQQDAgNJADBG
AiEA5ksQjtJSCErMECn5hiK2pdjEKORcro8vc4IPooBbJssCIQDZQnKkHQG2hvER
6FDl42do+vjnUvjSgbEQHbF6Pd/jWQ==
-----END CERTIFICATE-----`,
}

export const renewedIdentity: TestIdentity = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzcVf9PkKQOA7kXQB
DHPf7SX/7BS5F/7OMRzDvGvDkNChRANCAATvrBND+9/emLoAS3dj9xMUgwPJbGrV
Ah+6puCAlgGFUwBAXxGchm9y1t8ZHuTfZ7lb4+IjntRLBf2rQxNwQiv9
-----END PRIVATE KEY-----`,
  certificate: `-----BEGIN CERTIFICATE-----
MIIBtDCCAVqgAwIBAgIUDH8rGsWB8SrydJDAxeDwaG9s3KEwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLc2lwLmV4YW1wbGUwIBcNMjYxMTIxMTIwNjI2WhgPMjEyNjEw
MjgxMjA2MjZaMBYxFDASBgNVBAMMC3NpcC5leGFtcGxlMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAE76wTQ/vf3pi6AEt3Y/cTFIMDyWxq1QIfuqbggJYBhVMAQF8R
nIZvctbfGR7k32e5W+PiI57USwX9q0MTcEIr/aOBgzCBgDAdBgNVHQ4EFgQUjkBv
R/RaXHAl7dyhoEfzlr+v+6YwHwYDVR0jBBgwFoAUjkBvR/RaXHAl7dyhoEfzlr+v
+6YwDwYDVR0TAQH/BAUwAwEB/zAtBgNVHREEJjAkggtzaXAuZXhhbXBsZYIPcmVu
ZXdlZC5leGFtcGxlhwR/AAABMAoGCCqGSM49BAMCA0gAMEUCIGeCTrKlF1ye0mSd
7tNB2Hw8fvOgcq49hEEkFrAlAhLBAiEAl600hlqFcDEiK3UVqYZtoBzvjUBF7CLk
ki0nEzXAs6k=
-----END CERTIFICATE-----`,
}

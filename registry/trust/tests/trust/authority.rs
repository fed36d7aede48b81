//! A small Sigstore of our own, offline: a certificate authority, a certificate log, a transparency log, their trusted
//! root, and keyless bundles. Everything that can be left out or made wrongly is a field.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockgate_model::ids::Digest;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    PublicKeyData as _, SanType, SerialNumber, date_time_ymd,
};
use serde_json::{Value, json};

/// OIDC issuer, in certificates (Fulcio's extension 1.3.6.1.4.1.57264.1.8).
const OIDC_ISSUER: &[u64] = &[1, 3, 6, 1, 4, 1, 57264, 1, 8];
/// List of signed certificate timestamps (RFC 6962 section 3.3).
const SCTS: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
/// 1 June 2024, 12:00 UTC: within the certificate's day.
pub(crate) const SIGNED_AT_S: i64 = 1_717_243_200;

/// Who vouches: an authority and two logs.
pub(crate) struct Authority {
    ca: Issuer<'static, KeyPair>,
    certificate: Certificate,
    certificate_log: KeyPair,
    log: KeyPair,
}

/// How a bundle is made.
pub(crate) struct Order {
    pub(crate) issuer: &'static str,
    pub(crate) subject: &'static str,
    pub(crate) usage: ExtendedKeyUsagePurpose,
    pub(crate) has_sct: bool,
    pub(crate) has_entry: bool,
    pub(crate) has_proof: bool,
    pub(crate) has_promise: bool,
    pub(crate) signed_at_s: i64,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            issuer: "https://issuer.example",
            subject: "https://ci.example/team/build@refs/heads/main",
            usage: ExtendedKeyUsagePurpose::CodeSigning,
            has_sct: true,
            has_entry: true,
            has_proof: true,
            has_promise: true,
            signed_at_s: SIGNED_AT_S,
        }
    }
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params.not_before, params.not_after) = (date_time_ymd(2024, 1, 1), date_time_ymd(2034, 1, 1));
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let [certificate_log, log] = [(); 2].map(|()| KeyPair::generate().unwrap());
        Self { ca: Issuer::new(params, key), certificate, certificate_log, log }
    }

    /// Its trusted root (Sigstore `TrustedRoot`, JSON).
    pub(crate) fn root(&self) -> String {
        let log = |key: &KeyPair| {
            json!([{
                "baseUrl": "https://log.example",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(key.subject_public_key_info()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": { "start": "2024-01-01T00:00:00Z" },
                },
                "logId": { "keyId": STANDARD.encode(id(key).as_bytes()) },
            }])
        };
        let root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "certificateAuthorities": [{
                "uri": "https://authority.example",
                "certChain": { "certificates": [{ "rawBytes": STANDARD.encode(self.certificate.der()) }] },
                "validFor": { "start": "2024-01-01T00:00:00Z" },
            }],
            "ctlogs": log(&self.certificate_log),
            "tlogs": log(&self.log),
        });
        root.to_string()
    }

    /// A keyless bundle with this statement.
    pub(crate) fn bundle(&self, order: &Order, statement: &[u8]) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let certificate = self.issue(order, &key);
        let payload_type = "application/vnd.in-toto+json";
        let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), statement.len());
        let signature = sign(&key, &[head.as_bytes(), statement].concat());
        let entries =
            if order.has_entry { vec![self.entry(order, &certificate, statement, &signature)] } else { vec![] };
        let bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": { "rawBytes": STANDARD.encode(certificate.der()) },
                "tlogEntries": entries,
            },
            "dsseEnvelope": {
                "payloadType": payload_type,
                "payload": STANDARD.encode(statement),
                "signatures": [{ "sig": STANDARD.encode(&signature) }],
            },
        });
        bundle.to_string().into_bytes()
    }

    /// A certificate for a day. It is made twice: the certificate log signs the first, the second carries its timestamp.
    fn issue(&self, order: &Order, key: &KeyPair) -> Certificate {
        let mut params = CertificateParams::default();
        params.serial_number = Some(SerialNumber::from(7_u64));
        (params.not_before, params.not_after) = (date_time_ymd(2024, 6, 1), date_time_ymd(2024, 6, 2));
        params.subject_alt_names = vec![SanType::URI(order.subject.try_into().unwrap())];
        params.extended_key_usages = vec![order.usage.clone()];
        let issuer = [&[0x0c, u8::try_from(order.issuer.len()).unwrap()], order.issuer.as_bytes()].concat();
        params.custom_extensions.push(CustomExtension::from_oid_content(OIDC_ISSUER, issuer));
        if order.has_sct {
            let first = params.signed_by(key, &self.ca).unwrap();
            let scts = self.scts(to_be_signed(first.der()));
            params.custom_extensions.push(CustomExtension::from_oid_content(SCTS, scts));
        }
        params.signed_by(key, &self.ca).unwrap()
    }

    /// RFC 6962 section 3.2 (what is signed) and 3.3 (how it stands in a certificate).
    fn scts(&self, to_be_signed: &[u8]) -> Vec<u8> {
        let time = u64::try_from(SIGNED_AT_S * 1000).unwrap().to_be_bytes();
        let issuer = Digest::of(&self.ca.key().subject_public_key_info());
        let length = u32::try_from(to_be_signed.len()).unwrap().to_be_bytes();
        let signed = [&[0, 0], &time[..], &[0, 1], issuer.as_bytes(), &length[1..], to_be_signed, &[0, 0]].concat();
        let signature = prefixed(&sign(&self.certificate_log, &signed));
        let log = id(&self.certificate_log);
        let sct = [&[0], &log.as_bytes()[..], &time, &[0, 0], &[4, 3], &signature].concat();
        let list = prefixed(&prefixed(&sct));
        assert!(list.len() < 0x80, "an octet string with a length of one byte");
        [&[0x04, u8::try_from(list.len()).unwrap()], &list[..]].concat()
    }

    /// The only entry of the transparency log: its hash is the tree's root.
    fn entry(&self, order: &Order, certificate: &Certificate, statement: &[u8], signature: &[u8]) -> Value {
        let hash = |bytes: &[u8]| json!({ "algorithm": "sha256", "value": Digest::of(bytes).hex() });
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": hash(b"of an envelope that nobody can write again"),
                "payloadHash": hash(statement),
                "signatures": [{ "signature": STANDARD.encode(signature), "verifier": STANDARD.encode(certificate.pem()) }],
            },
        });
        let body = body.to_string();
        let mut entry = json!({
            "logIndex": "0",
            "logId": { "keyId": STANDARD.encode(id(&self.log).as_bytes()) },
            "kindVersion": { "kind": "dsse", "version": "0.0.1" },
            "integratedTime": order.signed_at_s.to_string(),
            "canonicalizedBody": STANDARD.encode(&body),
        });
        if order.has_promise {
            entry["inclusionPromise"] = json!({ "signedEntryTimestamp": self.promise(order, &body) });
        }
        if order.has_proof {
            entry["inclusionProof"] = self.proof(&body);
        }
        entry
    }

    fn promise(&self, order: &Order, body: &str) -> String {
        // Keys stand in the order of RFC 8785 already.
        let promise = format!(
            r#"{{"body":"{}","integratedTime":{},"logID":"{}","logIndex":0}}"#,
            STANDARD.encode(body),
            order.signed_at_s,
            id(&self.log).hex()
        );
        STANDARD.encode(sign(&self.log, promise.as_bytes()))
    }

    fn proof(&self, body: &str) -> Value {
        let root = Digest::of(&[&[0], body.as_bytes()].concat());
        let root = STANDARD.encode(root.as_bytes());
        let note = format!("log.example - 1\n1\n{root}\n");
        let signature = [&id(&self.log).as_bytes()[..4], &sign(&self.log, note.as_bytes())].concat();
        let envelope = format!("{note}\n\u{2014} log.example {}\n", STANDARD.encode(signature));
        json!({ "logIndex": "0", "rootHash": root, "treeSize": "1", "hashes": [], "checkpoint": { "envelope": envelope } })
    }
}

fn id(key: &KeyPair) -> Digest {
    Digest::of(&key.subject_public_key_info())
}

fn sign(key: &KeyPair, message: &[u8]) -> Vec<u8> {
    rcgen::SigningKey::sign(key, message).unwrap()
}

/// With its length before it, in two bytes.
fn prefixed(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// The first element within a certificate's sequence: both have lengths of two bytes (X.690 section 8.1.3.5).
fn to_be_signed(certificate: &[u8]) -> &[u8] {
    let inner = &certificate[4..];
    assert_eq!((certificate[1], inner[1]), (0x82, 0x82));
    &inner[..4 + usize::from(u16::from_be_bytes([inner[2], inner[3]]))]
}

//! The specification's example, every kind of key, and what must not pass.

use p256::ecdsa::signature::Signer as _;
use proptest::prelude::*;
use ssh_key::PrivateKey;
use ssh_key::private::{EcdsaKeypair, EcdsaPrivateKey, Ed25519Keypair, KeypairData};

use super::*;

/// Keys from fixed numbers: no randomness, no files.
fn keys() -> [PrivateKey; 3] {
    let p256 = p256::SecretKey::from_slice(&[7; 32]).unwrap();
    let p384 = p384::SecretKey::from_slice(&[7; 48]).unwrap();
    let nist_p256 = EcdsaKeypair::NistP256 {
        public: p256.public_key().into(),
        private: EcdsaPrivateKey::from(p256),
    };
    let nist_p384 = EcdsaKeypair::NistP384 {
        public: p384.public_key().into(),
        private: EcdsaPrivateKey::from(p384),
    };
    [
        KeypairData::Ed25519(Ed25519Keypair::from_seed(&[7; 32])),
        KeypairData::Ecdsa(nist_p256),
        KeypairData::Ecdsa(nist_p384),
    ]
    .map(|data| PrivateKey::new(data, "").unwrap())
}

fn signed(key: &PrivateKey, payload: &[u8]) -> Envelope {
    let signature: Signature = key.try_sign(&pae(IN_TOTO, payload)).unwrap();
    Envelope {
        payload_type: IN_TOTO.to_owned(),
        payload: payload.to_vec(),
        signatures: vec![EnvelopeSignature {
            keyid: keyid(key.public_key().key_data()),
            sig: raw(&signature).unwrap(),
        }],
    }
}

/// The test vector of the protocol's specification.
#[test]
fn the_encoding_is_the_specifications() {
    let message = pae("http://example.com/HelloWorld", b"hello world");
    assert_eq!(message, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

#[test]
fn every_kind_of_key_signs_and_verifies() {
    let keys = keys();
    for key in &keys {
        let envelope = signed(key, b"{}");
        let read = Envelope::parse(&envelope.render().unwrap()).unwrap();
        assert_eq!(read, envelope);
        assert_eq!(read.verified_by(key.public_key().key_data()), Ok(&b"{}"[..]));
        for other in keys.iter().filter(|other| *other != key) {
            let refused = read.verified_by(other.public_key().key_data());
            assert!(matches!(refused, Err(DsseError::NotSignedBy(_))));
        }
        let changed = |change: fn(&mut Envelope)| {
            let mut changed = envelope.clone();
            change(&mut changed);
            assert!(changed.verified_by(key.public_key().key_data()).is_err());
        };
        changed(|envelope| envelope.payload.push(b' '));
        changed(|envelope| envelope.payload_type.push('x'));
        changed(|envelope| envelope.signatures.iter_mut().for_each(|made| made.sig.truncate(1)));
        changed(|envelope| envelope.signatures.iter_mut().for_each(|made| made.sig.push(0)));
    }
}

#[test]
fn what_is_no_envelope_is_refused() {
    let good = String::from_utf8(signed(&keys()[0], b"{}").render().unwrap()).unwrap();
    let cases = [
        good.replacen("\"payload\":", "\"payload\":\"\",\"payload\":", 1),
        good.replacen("{\"payload\":", "{\"evil\":1,\"payload\":", 1),
        good.replacen("\"e30=\"", "\"e30\"", 1),
        good.replacen("\"sig\":\"", "\"sig\":\"*", 1),
        r#"{"payload":"e30=","payloadType":"x","signatures":[]}"#.to_owned(),
    ];
    for case in cases {
        assert_ne!(case, good);
        assert!(Envelope::parse(case.as_bytes()).is_err(), "{case}");
    }
    let unsigned = Envelope {
        signatures: Vec::new(),
        ..signed(&keys()[0], b"{}")
    };
    assert_eq!(unsigned.render(), Err(DsseError::Unsigned));
    assert!(matches!(
        demand_raw(&Algorithm::SkEd25519),
        Err(DsseError::Algorithm(name)) if name.starts_with("sk-ssh-ed25519")
    ));
}

proptest! {
    #[test]
    fn parse_reads_what_was_rendered(payload_type in any::<String>(), payload in any::<Vec<u8>>(), signatures in proptest::collection::vec(any::<(String, Vec<u8>)>(), 1..3)) {
        let signatures = signatures.into_iter().map(|(keyid, sig)| EnvelopeSignature { keyid, sig }).collect();
        let envelope = Envelope { payload_type, payload, signatures };
        prop_assert_eq!(Envelope::parse(&envelope.render().unwrap()).unwrap(), envelope);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(Envelope::parse(&bytes));
    }
}

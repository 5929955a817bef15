#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::role::NamedKey;

const TYPE: &str = "application/vnd.notochord.test";

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

fn role(threshold: usize, seeds: &[u8]) -> Role {
    let keys =
        seeds.iter().map(|seed| NamedKey { name: format!("k{seed}"), key: key(*seed).public() }).collect();
    Role::new("approvers", threshold, keys).unwrap()
}

#[test]
fn the_signed_bytes_are_those_of_the_published_test_vector() {
    // https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, "Test Vectors".
    assert_eq!(
        pre_authentication("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    let envelope = Envelope::seal("http://example.com/HelloWorld", b"hello world".to_vec(), &key(1));
    assert!(envelope.to_json().starts_with(
        r#"{"payload":"aGVsbG8gd29ybGQ=","payloadType":"http://example.com/HelloWorld","signatures":[{"keyid":""#
    ));
}

#[test]
fn one_key_counts_once_however_often_it_signed() {
    let mut envelope = Envelope::seal(TYPE, b"study".to_vec(), &key(1));
    let mut doubled = envelope.clone();
    doubled.signatures.push(Seal { key_id: KeyId("another name".into()), ..envelope.signatures[0].clone() });
    assert_eq!(
        doubled.verify(TYPE, &role(2, &[1, 2])),
        Err(EnvelopeError::Threshold { role: "approvers".into(), valid: 1, needed: 2 })
    );
    envelope.sign(&key(2));
    assert_eq!(envelope.verify(TYPE, &role(2, &[1, 2])).unwrap().signers, ["k1", "k2"]);
}

#[test]
fn a_seal_that_claims_a_key_does_not_keep_that_key_from_signing() {
    let mut envelope = Envelope::new(TYPE, b"study".to_vec());
    envelope.signatures.push(Seal { key_id: key(1).public().id(), signature: vec![0; 64] });
    envelope.sign(&key(1));
    assert!(envelope.verify(TYPE, &role(1, &[1])).is_ok());
    assert_eq!(envelope.signatures.len(), 1);
}

#[test]
fn seals_of_strangers_are_dropped_and_those_of_the_roles_kept() {
    let mut envelope = Envelope::seal(TYPE, b"study".to_vec(), &key(1));
    envelope.sign(&key(9));
    envelope.keep_seals_of(&[&role(1, &[1]), &role(1, &[2])]);
    assert_eq!(envelope, Envelope::seal(TYPE, b"study".to_vec(), &key(1)));
}

#[test]
fn a_signature_by_a_stranger_does_not_count() {
    let mut envelope = Envelope::seal(TYPE, b"study".to_vec(), &key(1));
    envelope.sign(&key(9));
    assert!(envelope.verify(TYPE, &role(2, &[1, 2])).is_err());
}

#[test]
fn a_document_of_one_kind_is_not_taken_for_another() {
    let envelope = Envelope::seal("application/other", b"study".to_vec(), &key(1));
    assert!(matches!(envelope.verify(TYPE, &role(1, &[1])), Err(EnvelopeError::Type { .. })));
    let mut renamed = envelope;
    renamed.payload_type = TYPE.into();
    assert!(matches!(renamed.verify(TYPE, &role(1, &[1])), Err(EnvelopeError::Threshold { .. })));
}

proptest! {
    #[test]
    fn an_envelope_reads_back_byte_for_byte(payload: Vec<u8>, seeds in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut envelope = Envelope::new(TYPE, payload);
        seeds.iter().for_each(|seed| envelope.sign(&key(*seed)));
        let json = envelope.to_json();
        let again = Envelope::from_json(json.as_bytes()).unwrap();
        prop_assert_eq!(again.to_json(), json);
        prop_assert_eq!(again, envelope);
    }

    #[test]
    fn a_changed_payload_byte_breaks_the_seal(payload in prop::collection::vec(any::<u8>(), 1..40), at: prop::sample::Index, bit in 0..8u8) {
        let mut envelope = Envelope::seal(TYPE, payload, &key(1));
        let at = at.index(envelope.payload.len());
        envelope.payload[at] ^= 1 << bit;
        prop_assert!(envelope.verify(TYPE, &role(1, &[1])).is_err());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
        let _ = Envelope::from_json(&bytes);
    }
}

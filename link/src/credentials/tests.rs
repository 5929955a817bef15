#![allow(clippy::unwrap_used)]
use notochord_proto::keys::SecretKey;
use notochord_proto::name::{NetworkName, SiteId};
use notochord_proto::role::Role;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use time::macros::date;

use super::*;
use crate::tls::create_key;

struct Network {
    authority: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    root: Root,
    now: OffsetDateTime,
}

fn network() -> Network {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = parameters.self_signed(&key).unwrap().der().clone();
    let issuer = Issuer::from_ca_cert_der(&authority, key).unwrap();
    let role =
        |name: &str, seed: u8| Role::of_one(name, SecretKey::from_seed(&Zeroizing::new([seed; 32])).public());
    let root = Root {
        network: NetworkName::new("net").unwrap(),
        version: 1,
        expires: date!(2090 - 01 - 01),
        authority: Digest::of(&authority),
        former_authority: None,
        coordinator: role("coordinator", 3).keys()[0].key,
        dictionary_version: "1".into(),
        dictionary: Digest::of(b"dictionary"),
        root: role("root", 1),
        approvers: role("approvers", 4),
        investigators: role("investigators", 5),
        throwaway_minimum: None,
    };
    Network { authority, issuer, root, now: OffsetDateTime::now_utc() }
}

impl Network {
    fn parameters(&self, site: &str, purpose: ExtendedKeyUsagePurpose) -> CertificateParams {
        let mut parameters = CertificateParams::default();
        let name = format!("spiffe://net/site/{site}");
        parameters.subject_alt_names = vec![SanType::URI(name.try_into().unwrap())];
        parameters.extended_key_usages = vec![purpose];
        (parameters.not_before, parameters.not_after) =
            (self.now - Duration::HOUR, self.now + Duration::HOUR);
        parameters
    }

    fn chain(&self, parameters: &CertificateParams, key: &KeyPair) -> Vec<CertificateDer<'static>> {
        vec![parameters.signed_by(key, &self.issuer).unwrap().der().clone(), self.authority.clone()]
    }

    fn toronto(&self) -> Identity {
        Identity::site(self.root.network.clone(), SiteId::new("toronto").unwrap())
    }
}

#[test]
fn a_renewed_pair_takes_the_place_of_the_enrolled_one_in_a_single_file() {
    let (network, directory) = (network(), tempfile::tempdir().unwrap());
    let first = create_key(&directory.path().join("tls.key")).unwrap();
    let parameters = network.parameters("toronto", ExtendedKeyUsagePurpose::ClientAuth);
    let chain = network.chain(&parameters, &first);
    let text = chain.iter().map(|one| pem::encode(&pem::Pem::new(CERTIFICATE, one.to_vec())));
    fs::write(directory.path().join("certificate.pem"), text.collect::<String>()).unwrap();
    let enrolled = Held::read(directory.path()).unwrap();
    assert_eq!(enrolled.key.serialize_der(), first.serialize_der());

    let second = KeyPair::generate().unwrap();
    let (chain, der) = (network.chain(&parameters, &second), second.serialize_der());
    renew(directory.path(), &network.toronto(), &network.root, &second, chain.clone(), network.now).unwrap();
    let renewed = Held::read(directory.path()).unwrap();
    assert_eq!((renewed.chain, renewed.key.serialize_der()), (chain, der));
    // What a crash in the middle of the writing leaves does not count.
    fs::write(directory.path().join("credentials.new"), "half").unwrap();
    Held::read(directory.path()).unwrap();
}

#[test]
fn a_renewed_certificate_that_is_not_ours_is_not_taken() {
    let (network, other, directory) = (network(), super::tests::network(), tempfile::tempdir().unwrap());
    let key = || KeyPair::generate().unwrap();
    let client = ExtendedKeyUsagePurpose::ClientAuth;
    let refusal = |chain: Vec<CertificateDer<'static>>, key: KeyPair| {
        let (identity, now) = (network.toronto(), network.now);
        let refused = renew(directory.path(), &identity, &network.root, &key, chain, now);
        assert!(fs::read_dir(directory.path()).unwrap().next().is_none());
        refused.unwrap_err().to_string()
    };
    let of = |net: &Network, site: &str, purpose: &ExtendedKeyUsagePurpose| {
        let own = key();
        (net.chain(&net.parameters(site, purpose.clone()), &own), own)
    };
    let (chain, own) = of(&network, "utrecht", &client);
    assert!(refusal(chain, own).contains("it is for spiffe://net/site/utrecht"));
    let (chain, own) = of(&other, "toronto", &client);
    assert!(refusal(chain, own).contains("an authority that the root document does not name"));
    let (chain, _) = of(&network, "toronto", &client);
    assert!(refusal(chain, key()).contains("another key"));
    let (chain, own) = of(&network, "toronto", &ExtendedKeyUsagePurpose::ServerAuth);
    assert!(refusal(chain, own).contains("invalid peer certificate"));
    let (mut chain, own) = of(&other, "toronto", &client);
    chain[1] = network.authority.clone();
    assert!(refusal(chain, own).contains("invalid peer certificate"));
    let mut over = network.parameters("toronto", client.clone());
    over.not_after = network.now - Duration::MINUTE;
    let own = key();
    assert!(refusal(network.chain(&over, &own), own).contains("invalid peer certificate"));
    let (chain, own) = of(&network, "toronto", &client);
    assert!(refusal(chain[..1].to_vec(), own).contains("not complete"));
}

#[test]
fn a_certificate_is_due_at_half_life_and_spoken_of_before_and_at_its_end() {
    let network = network();
    let mut parameters = network.parameters("toronto", ExtendedKeyUsagePurpose::ClientAuth);
    (parameters.not_before, parameters.not_after) =
        (network.now - CLOCK_SLACK, network.now + Duration::days(8));
    let leaf = network.chain(&parameters, &KeyPair::generate().unwrap()).remove(0);
    let due = half_life(&leaf).unwrap() - network.now;
    assert!((due - Duration::days(4)).abs() <= Duration::SECOND, "{due}");
    let said = |after: Duration| warning(&leaf, network.now + after);
    assert_eq!(said(Duration::days(5)), None);
    let left = |after: Duration| Remaining::of_certificate(&leaf, network.now + after).unwrap();
    assert_eq!(left(Duration::days(4) - Duration::MINUTE), Remaining::Enough);
    assert_eq!(left(Duration::days(4) + Duration::MINUTE), Remaining::Half);
    assert_eq!(left(Duration::days(6) + Duration::MINUTE), Remaining::Quarter);
    assert_eq!(left(Duration::days(8)), Remaining::Nothing);
    assert!(said(Duration::days(8) - Duration::hours(47)).unwrap().contains("ends in 4"));
    assert!(said(Duration::days(8)).unwrap().contains("has ended"));
}

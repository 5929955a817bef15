//! The network's certificate authority: certifies the coordinator's server, sites and people.

use notochord_link::credentials::CLOCK_SLACK;
use notochord_link::identity::Identity;
use notochord_link::tls::{Credentials, TlsError, coordinator_name, private_key};
use notochord_proto::digest::Digest;
use notochord_proto::name::NetworkName;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer};
use time::{Duration, OffsetDateTime};

/// How long a site's or person's certificate lives.
pub const MEMBER_LIFE: Duration = Duration::days(7);
/// How long the certificate of the coordinator's server lives.
pub const SERVER_LIFE: Duration = Duration::days(30);
const AUTHORITY_LIFE: Duration = Duration::days(5 * 365);

/// The authority's certificate and the right to use its key.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new authority for `network`; the certificate is to be kept as `authority.pem`.
    pub fn create(network: &NetworkName, key: KeyPair, now: OffsetDateTime) -> Result<Self, TlsError> {
        let mut parameters = parameters(&format!("Notochord network {network}"), now, AUTHORITY_LIFE);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = parameters.self_signed(&key)?.der().clone();
        Self::load(certificate, key)
    }

    /// An authority from its certificate and key.
    pub fn load(certificate: CertificateDer<'static>, key: KeyPair) -> Result<Self, TlsError> {
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        Ok(Self { certificate, issuer })
    }

    /// The authority's own certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Its fingerprint.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.certificate)
    }

    /// Credentials for the coordinator's server.
    pub fn server(
        &self,
        network: &NetworkName,
        key: &KeyPair,
        now: OffsetDateTime,
    ) -> Result<Credentials, TlsError> {
        let mut parameters = parameters(&format!("coordinator of {network}"), now, SERVER_LIFE);
        parameters.subject_alt_names = vec![SanType::DnsName(ia5(coordinator_name(network))?)];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = parameters.signed_by(key, &self.issuer)?;
        Ok(Credentials { chain: self.chain(&certificate), key: private_key(key) })
    }

    /// Certifies the key of a signing request (DER) for `identity`, whatever name the request asks for. The
    /// chain ends with the authority.
    pub fn certify(
        &self,
        request: &[u8],
        identity: &Identity,
        now: OffsetDateTime,
    ) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        self.certify_for(MEMBER_LIFE, request, identity, now)
    }

    /// The same, for a certificate that lives so long.
    pub fn certify_for(
        &self,
        life: Duration,
        request: &[u8],
        identity: &Identity,
        now: OffsetDateTime,
    ) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let request =
            CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(request))?;
        let mut parameters = parameters(&identity.to_string(), now, life);
        parameters.subject_alt_names = vec![SanType::URI(ia5(identity.to_string())?)];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = parameters.signed_by(&request.public_key, &self.issuer)?;
        Ok(self.chain(&certificate))
    }

    fn chain(&self, leaf: &Certificate) -> Vec<CertificateDer<'static>> {
        vec![leaf.der().clone(), self.certificate.clone()]
    }
}

fn parameters(common_name: &str, now: OffsetDateTime, life: Duration) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, common_name.chars().take(64).collect::<String>());
    parameters.not_before = now - CLOCK_SLACK;
    parameters.not_after = now + life;
    parameters.use_authority_key_identifier_extension = true;
    parameters
}

fn ia5(text: String) -> Result<Ia5String, TlsError> {
    Ok(Ia5String::try_from(text)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use notochord_link::identity::certificate_end;
    use notochord_proto::name::SiteId;

    use super::*;

    #[test]
    fn a_site_is_certified_under_the_name_the_authority_gives_it_whatever_it_asked_for() {
        let network = NetworkName::new("net").unwrap();
        let now = OffsetDateTime::now_utc();
        let authority = Authority::create(&network, KeyPair::generate().unwrap(), now).unwrap();
        let mut wish = CertificateParams::default();
        wish.subject_alt_names = vec![SanType::URI(ia5("spiffe://net/site/utrecht".into()).unwrap())];
        let request = wish.serialize_request(&KeyPair::generate().unwrap()).unwrap();
        let identity = Identity::site(network, SiteId::new("toronto").unwrap());
        let chain = authority.certify(request.der(), &identity, now).unwrap();
        assert_eq!(Identity::of_certificate(&chain[0]).unwrap(), identity);
        assert_eq!(certificate_end(&chain[0]).unwrap(), (now + MEMBER_LIFE).unix_timestamp());
        assert!(authority.certify(b"rubbish", &identity, now).is_err());
    }
}

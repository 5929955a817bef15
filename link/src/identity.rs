//! Who a certificate belongs to: exactly one URI name, `spiffe://<network>/site/<id>` or
//! `spiffe://<network>/person/<id>`. Common names are never looked at.

use std::fmt;

use notochord_proto::name::{NetworkName, SiteId};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The holder of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The network that vouches for it.
    pub network: NetworkName,
    /// Which site or person.
    pub holder: Holder,
}

/// A site or a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Holder {
    /// A person, by the slug of the name.
    Person(SiteId),
    /// A centre's node.
    Site(SiteId),
}

/// Why a certificate names nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not a certificate.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// Not exactly one URI name.
    #[error("the certificate must carry exactly one name, a URI; it carries {0}")]
    Names(usize),
    /// The one name is no identity.
    #[error("`{0}` is not spiffe://<network>/site/<id> or spiffe://<network>/person/<id>")]
    Name(String),
}

impl Identity {
    /// A site of a network.
    pub fn site(network: NetworkName, id: SiteId) -> Self {
        Self { network, holder: Holder::Site(id) }
    }

    /// A person of a network.
    pub fn person(network: NetworkName, id: SiteId) -> Self {
        Self { network, holder: Holder::Person(id) }
    }

    /// The holder of a certificate (DER) whose chain has been verified already.
    pub fn of_certificate(der: &[u8]) -> Result<Self, IdentityError> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| IdentityError::Unreadable)?;
        let names = certificate
            .subject_alternative_name()
            .map_err(|_| IdentityError::Unreadable)?
            .map(|extension| extension.value.general_names.as_slice())
            .unwrap_or_default();
        match names {
            [GeneralName::URI(uri)] => uri.parse(),
            _ => Err(IdentityError::Names(names.len())),
        }
    }
}

/// When a certificate (DER) ends, in seconds since 1970-01-01 UTC.
pub fn certificate_end(der: &[u8]) -> Result<i64, IdentityError> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| IdentityError::Unreadable)?;
    Ok(certificate.validity().not_after.timestamp())
}

impl std::str::FromStr for Identity {
    type Err = IdentityError;
    fn from_str(uri: &str) -> Result<Self, IdentityError> {
        let wrong = || IdentityError::Name(uri.chars().take(200).collect());
        let path = uri.strip_prefix("spiffe://").ok_or_else(wrong)?;
        let [network, kind, id] = path.split('/').collect::<Vec<_>>()[..] else { return Err(wrong()) };
        let network = NetworkName::new(network).map_err(|_| wrong())?;
        let id = SiteId::new(id).map_err(|_| wrong())?;
        match kind {
            "site" => Ok(Self::site(network, id)),
            "person" => Ok(Self::person(network, id)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.holder {
            Holder::Person(id) => write!(out, "spiffe://{}/person/{id}", self.network),
            Holder::Site(id) => write!(out, "spiffe://{}/site/{id}", self.network),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    fn certificate(names: &[&str]) -> Vec<u8> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, "spiffe://net/site/toronto");
        parameters.subject_alt_names =
            names.iter().map(|name| SanType::URI((*name).try_into().unwrap())).collect();
        parameters.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_with_one_uri_names_its_holder() {
        let identity = Identity::of_certificate(&certificate(&["spiffe://net/site/toronto"])).unwrap();
        assert_eq!(identity.to_string(), "spiffe://net/site/toronto");
    }

    #[test]
    fn two_uris_none_or_a_common_name_alone_name_nobody() {
        assert_eq!(Identity::of_certificate(&certificate(&[])), Err(IdentityError::Names(0)));
        let two = certificate(&["spiffe://net/site/toronto", "spiffe://net/site/utrecht"]);
        assert_eq!(Identity::of_certificate(&two), Err(IdentityError::Names(2)));
        assert!(matches!("spiffe://net/site/a/b".parse::<Identity>(), Err(IdentityError::Name(_))));
    }
}

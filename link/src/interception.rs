//! What is wrong with who answers a TLS handshake. A firewall that inspects TLS answers in the other side's place
//! with a certificate of its own authority: then the issuer says whom to ask.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The most characters of an issuer's name: it is the other side's words.
const LONGEST_ISSUER: usize = 120;

/// Why a handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The certificate is of an authority that is not trusted; who issued it.
    OtherAuthority(Issuer),
    /// The certificate does not hold for another reason.
    Certificate(&'static str),
    /// The other side does not accept our certificate.
    NotAccepted,
    /// No version of TLS that both speak.
    OldVersion,
    /// What came is no TLS.
    NotTls,
    /// The connection ended in the middle.
    Cut,
    /// Something else.
    Other(String),
}

/// Who issued a certificate, as it says; control characters and what is too long are left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Issuer(String);

impl Issuer {
    fn of(certificate: &CertificateDer<'_>) -> Self {
        let name = match X509Certificate::from_der(certificate) {
            Ok((_, certificate)) => certificate.issuer().to_string(),
            Err(_) => String::new(),
        };
        let printable = name.chars().filter(|c| !c.is_control() && *c != '`').take(LONGEST_ISSUER);
        match printable.collect::<String>() {
            name if name.is_empty() => Self("somebody who gives no name".to_owned()),
            name => Self(name),
        }
    }
}

impl Fault {
    /// In few and fixed words, none of them the other side's.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::OtherAuthority(_) => "its certificate is of another authority",
            Self::Certificate(reason) => reason,
            Self::NotAccepted => "it does not accept this certificate",
            Self::OldVersion => {
                "it does not speak TLS 1.3; a firewall that inspects TLS may sit in between: ask IT to exempt it"
            }
            Self::NotTls => {
                "what answers does not speak TLS; a firewall or another service may sit in its place"
            }
            Self::Cut => {
                "the connection was cut in the TLS handshake; a firewall that blocks or inspects TLS may sit in \
                 between"
            }
            Self::Other(_) => "the TLS handshake failed",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherAuthority(issuer) => {
                write!(out, "its certificate is of another authority, issued by `{issuer}`")
            }
            Self::Other(reason) => write!(out, "the TLS handshake failed: {reason}"),
            fault => out.write_str(fault.reason()),
        }
    }
}

/// What the error of a handshake means.
pub fn fault(error: &io::Error) -> Fault {
    let Some(cause) = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Fault::Cut,
            _ => Fault::Other(error.to_string()),
        };
    };
    match cause {
        Error::InvalidCertificate(fault) => certificate_fault(fault),
        Error::InvalidMessage(_) => Fault::NotTls,
        Error::PeerIncompatible(_) | Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            Fault::OldVersion
        }
        Error::AlertReceived(
            AlertDescription::AccessDenied
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRequired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::DecryptError
            | AlertDescription::UnknownCA,
        ) => Fault::NotAccepted,
        other => Fault::Other(other.to_string()),
    }
}

fn certificate_fault(fault: &CertificateError) -> Fault {
    match fault {
        CertificateError::Other(OtherError(cause)) => match cause.downcast_ref::<Issuer>() {
            Some(issuer) => Fault::OtherAuthority(issuer.clone()),
            None => Fault::Certificate("its certificate does not hold"),
        },
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Fault::Certificate("its certificate is for another name")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            Fault::Certificate("its certificate has expired")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Fault::Certificate("its certificate is not valid yet; check this machine's clock")
        }
        _ => Fault::Certificate("its certificate does not hold"),
    }
}

/// The same verifier, but the error of an unknown authority carries the [`Issuer`].
pub(crate) fn naming_issuers(verifier: Arc<dyn ServerCertVerifier>) -> Arc<dyn ServerCertVerifier> {
    Arc::new(NamingIssuers(verifier))
}

#[derive(Debug)]
struct NamingIssuers(Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for NamingIssuers {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        verified.map_err(|error| match error {
            // An authority of the same name but another key is found out by its signature.
            Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
                let issuer = Issuer::of(end_entity);
                Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(issuer))))
            }
            error => error,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    #[test]
    fn an_issuer_is_named_without_control_characters_and_in_bounds() {
        let mut parameters = CertificateParams::default();
        let name = format!("Inspecting\u{1b}[2J `Firewall`{}", "x".repeat(500));
        parameters.distinguished_name.push(DnType::CommonName, name);
        let certificate = parameters.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let issuer = Issuer::of(certificate.der()).to_string();
        assert!(issuer.contains("Inspecting") && !issuer.contains(['\u{1b}', '`']), "{issuer}");
        assert!(issuer.chars().count() <= LONGEST_ISSUER);
        assert_eq!(Issuer::of(&CertificateDer::from(vec![1])).to_string(), "somebody who gives no name");
    }

    #[test]
    fn every_way_to_fail_has_its_own_words() {
        let tls = |error: Error| fault(&io::Error::new(io::ErrorKind::InvalidData, error));
        assert_eq!(fault(&io::ErrorKind::UnexpectedEof.into()), Fault::Cut);
        assert_eq!(tls(Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)), Fault::NotTls);
        assert_eq!(tls(Error::AlertReceived(AlertDescription::ProtocolVersion)), Fault::OldVersion);
        assert_eq!(tls(Error::AlertReceived(AlertDescription::CertificateExpired)), Fault::NotAccepted);
        let early = tls(Error::InvalidCertificate(CertificateError::NotValidYet));
        assert!(early.reason().ends_with("check this machine's clock"));
    }
}

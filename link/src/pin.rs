//! Trusting certificate authorities by their fingerprints, as an invitation and the root document give them.

use std::sync::Arc;

use notochord_proto::digest::Digest;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Accepts a server whose presented chain holds an authority with one of these fingerprints and is valid under it.
#[derive(Debug)]
pub(crate) struct PinnedAuthority {
    fingerprints: Vec<Digest>,
    provider: Arc<CryptoProvider>,
}

impl PinnedAuthority {
    pub(crate) fn new(fingerprints: Vec<Digest>, provider: Arc<CryptoProvider>) -> Self {
        Self { fingerprints, provider }
    }
}

impl ServerCertVerifier for PinnedAuthority {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let authority = intermediates
            .iter()
            .find(|certificate| self.fingerprints.contains(&Digest::of(certificate)))
            .ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let roots = Arc::new(root_store([authority])?);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, self.provider.clone())
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        verifier.verify_server_cert(end_entity, &[], server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not spoken here".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// These authorities as the only roots of trust.
pub(crate) fn root_store<'a>(
    authorities: impl IntoIterator<Item = &'a CertificateDer<'a>>,
) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    for authority in authorities {
        store.add(authority.clone().into_owned())?;
    }
    Ok(store)
}

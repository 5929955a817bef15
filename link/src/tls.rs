//! TLS 1.3, mutually authenticated, under the network's own certificate authority.

use std::path::Path;
use std::sync::Arc;

use notochord_proto::name::NetworkName;
use rcgen::{CertificateParams, CertificateSigningRequestParams, KeyPair, PublicKeyData as _};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{
    CertificateDer, CertificateSigningRequestDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName,
};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use zeroize::Zeroizing;

use crate::interception::naming_issuers;
use crate::pin::{PinnedAuthority, root_store};
use crate::private_file::{create_private, read_private};
use crate::probe;
use notochord_proto::digest::Digest;

/// What can go wrong with keys and certificates.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A key file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Making a key or certificate.
    #[error("a key or certificate cannot be made or read: {0}")]
    Certificate(#[from] rcgen::Error),
    /// Setting TLS up.
    #[error("TLS cannot be set up with this key and certificate: {0}")]
    Setup(#[from] rustls::Error),
    /// Setting the verifier of clients up.
    #[error("TLS cannot be set up with this certificate authority: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// A certificate chain (DER, leaf first; the authority last) and its key.
pub struct Credentials {
    /// The chain.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key.
    pub key: PrivateKeyDer<'static>,
}

/// A fresh key for TLS, written to `path`.
pub fn create_key(path: &Path) -> Result<KeyPair, TlsError> {
    let pair = KeyPair::generate()?;
    let text = Zeroizing::new(pair.serialize_pem());
    create_private(path, text.as_bytes()).map_err(|source| file_error(path, source))?;
    Ok(pair)
}

/// Reads a key that [`create_key`] wrote.
pub fn read_key(path: &Path) -> Result<KeyPair, TlsError> {
    let text = read_private(path).map_err(|source| file_error(path, source))?;
    Ok(KeyPair::from_pem(&text)?)
}

/// A certificate signing request (DER) for `key`. It carries no name: the authority decides who the token's
/// bearer is.
pub fn signing_request(key: &KeyPair) -> Result<Vec<u8>, TlsError> {
    Ok(CertificateParams::default().serialize_request(key)?.der().to_vec())
}

/// The public key (DER) that a certificate signing request (DER) is for.
pub fn requested_key(request: &[u8]) -> Result<Vec<u8>, TlsError> {
    let request = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(request))?;
    Ok(request.public_key.subject_public_key_info())
}

/// The name on the coordinator's certificate: a fixed one, since the network's own authority vouches for it.
pub fn coordinator_name(network: &NetworkName) -> String {
    format!("coordinator.{network}.notochord.internal")
}

/// The coordinator's name as rustls wants it.
pub fn coordinator_server_name(network: &NetworkName) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(coordinator_name(network))
        .map_err(|_| TlsError::Setup(rustls::Error::General("the network's name is not a host name".into())))
}

/// For sites and persons: who proves its own identity and asks for the coordinator's.
pub fn client_config(
    authority: &CertificateDer<'_>,
    own: Credentials,
) -> Result<Arc<ClientConfig>, TlsError> {
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(root_store([authority])?), provider())
            .build()?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(naming_issuers(verifier))
        .with_client_auth_cert(own.chain, own.key)?;
    Ok(Arc::new(config))
}

/// For members: the coordinator is whoever holds a certificate of one of these authorities, which it shows itself.
pub fn member_config(authorities: Vec<Digest>, own: Credentials) -> Result<Arc<ClientConfig>, TlsError> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(naming_issuers(Arc::new(PinnedAuthority::new(
            authorities,
            provider(),
        ))))
        .with_client_auth_cert(own.chain, own.key)?;
    Ok(Arc::new(config))
}

/// The same, for speaking this protocol.
pub fn speaking(config: &ClientConfig, protocol: &[u8]) -> Arc<ClientConfig> {
    let mut config = config.clone();
    config.alpn_protocols = vec![protocol.to_vec()];
    Arc::new(config)
}

/// For enrolment: no identity yet, and an authority known by its fingerprint alone.
pub fn enrolment_client_config(authority: Digest) -> Result<Arc<ClientConfig>, TlsError> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(naming_issuers(Arc::new(PinnedAuthority::new(
            vec![authority],
            provider(),
        ))))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// For reaching a proxy within TLS: it must be certified by one of `roots`, which are trusted for nothing else.
pub fn proxy_client_config(roots: RootCertStore) -> Result<Arc<ClientConfig>, TlsError> {
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build()?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(naming_issuers(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// For the coordinator: every caller must hold a certificate of `authority`.
pub fn server_config(
    authority: &CertificateDer<'_>,
    own: Credentials,
) -> Result<Arc<ServerConfig>, TlsError> {
    members_server_config(&[authority.clone().into_owned()], own)
}

/// Whether a certificate is a member's, under these authorities: for client authentication, and valid.
pub fn client_verifier(
    authorities: &[CertificateDer<'static>],
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let roots = Arc::new(root_store(authorities)?);
    Ok(WebPkiClientVerifier::builder_with_provider(roots, provider()).build()?)
}

/// For the coordinator: every caller must hold a certificate of one of `authorities`.
pub fn members_server_config(
    authorities: &[CertificateDer<'static>],
    own: Credentials,
) -> Result<Arc<ServerConfig>, TlsError> {
    let verifier = client_verifier(authorities)?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(own.chain, own.key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), probe::PROTOCOL.to_vec()];
    Ok(Arc::new(config))
}

/// For the coordinator's door for newcomers.
pub fn enrolment_server_config(own: Credentials) -> Result<Arc<ServerConfig>, TlsError> {
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_single_cert(own.chain, own.key)?;
    Ok(Arc::new(config))
}

/// A key pair as rustls wants it.
pub fn private_key(pair: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn file_error(path: &Path, source: std::io::Error) -> TlsError {
    TlsError::File { path: path.display().to_string(), source }
}

//! What a site or a person holds once enrolled: a certificate and its key, and the network's root of trust.
//!
//! A directory with `member.toml` (names and address), `tls.key` (0600), `certificate.pem` (chain, the network's
//! authority last), `credentials.pem` (0600) in their place once they were renewed, `root.json` and `status.json`
//! (sealed) and `dictionaries/` with the files of the dictionary
//! that the root document names, in a directory of its hash.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use notochord_proto::dictionary::DictionaryFiles;
use notochord_proto::digest::Digest;
use notochord_proto::fields::Section;
use notochord_proto::keys::PublicKey;
use notochord_proto::name::{Address, NetworkName, SiteId};
use notochord_proto::problem::{Place, Problem};
use notochord_proto::root::Root;
use notochord_proto::trust::Trust;
use notochord_proto::wire::TrustRequest;
use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::credentials::{self, Held};
use crate::destination::Destination;
use crate::dial::CONNECT_TIMEOUT;
use crate::dictionary_directory;
use crate::identity::{Holder, Identity, certificate_end};
use crate::interception::{Fault, fault};
use crate::private_file::replace;
use crate::probe;
use crate::tls;
use crate::trust_store::{self, News};
use crate::update::Update;
use crate::way_out::{WayOut, WayOutError, Wire};

pub use self::enrolment::greet_unknown;
pub use self::error::MembershipError;

mod enrolment;
mod error;

/// A connection on which both sides have proven who they are.
pub type Connection = TlsStream<Box<dyn Wire>>;

/// An enrolled site or person.
pub struct Membership {
    directory: PathBuf,
    /// Who.
    pub identity: Identity,
    /// The name in full.
    pub label: String,
    /// `host:port` of the coordinator.
    pub connect: String,
    /// The root document in force.
    pub root: Root,
    /// SHA-256 of the root document's exact bytes.
    pub root_digest: Digest,
    /// The data dictionary's files, as the root document names them.
    pub dictionary: DictionaryFiles,
    /// The root document and the newest status list.
    pub trust: Trust,
    chain: Vec<CertificateDer<'static>>,
    way_out: WayOut,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To serve or to call on it.
    Link,
    /// To ask what [`crate::probe`] asks.
    Probe,
}

/// The public keys of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteKeys {
    /// What its node signs answers and checkpoints with.
    pub node: PublicKey,
    /// What its data steward accepts studies with.
    pub steward: PublicKey,
}

impl Membership {
    /// Reads a directory that [`Membership::enrol`] wrote.
    pub fn load(directory: &Path) -> Result<Self, MembershipError> {
        let member = directory.join("member.toml");
        if !member.exists() {
            return Err(MembershipError::NotEnrolled(directory.display().to_string()));
        }
        let damaged = |name: &str, reason: String| {
            let place = Place::file(directory.join(name).display().to_string());
            Problem::new(place, format!("{reason}; restore the file, or enrol again with a new invitation"))
        };
        let read = |name: &str| {
            let path = directory.join(name);
            fs::read(&path).map_err(|source| match source.kind() {
                ErrorKind::NotFound => damaged(name, "it is missing".into()).into(),
                _ => file_error(&path, source),
            })
        };
        let section = Section::from_bytes(&member.display().to_string(), &read("member.toml")?)?;
        let mut fields = section.fields();
        let (label, connect) = (fields.required("label")?, fields.required::<Address>("connect")?.into());
        fields.finish()?;
        let chain = Held::read(directory)?.chain;
        let leaf =
            chain.first().ok_or_else(|| damaged("certificate.pem", "it holds no certificate".into()))?;
        let identity =
            Identity::of_certificate(leaf).map_err(|error| damaged("certificate.pem", error.to_string()))?;
        let trust = trust_store::read(directory)?;
        let root = trust.root().clone();
        if chain.last().is_none_or(|authority| !root.trusts(&Digest::of(authority))) {
            let reason = "its last certificate is not of an authority that the root document names";
            return Err(damaged("certificate.pem", reason.into()).into());
        }
        let dictionary = dictionary_directory::named(directory, &root.dictionary)?;
        Ok(Self {
            directory: directory.to_owned(),
            identity,
            label,
            connect,
            root,
            root_digest: trust.root_reference().digest,
            dictionary,
            trust,
            chain,
            way_out: WayOut::default(),
        })
    }

    /// The same, reaching the coordinator by this way out.
    pub fn leaving_by(self, way_out: WayOut) -> Self {
        Self { way_out, ..self }
    }

    /// Puts a new root document and its dictionary in the place of those that are held.
    pub fn update(self, update: &Update) -> Result<Self, MembershipError> {
        update.verify(&self.root)?;
        let root = self.directory.join("root.json");
        // The dictionary first: whatever happens, the root document in force has its dictionary beside it.
        dictionary_directory::keep(&self.directory, update.files())?;
        replace(&root, update.root().to_json().as_bytes()).map_err(|source| file_error(&root, source))?;
        Ok(Self::load(&self.directory)?.leaving_by(self.way_out))
    }

    /// The site's or person's id.
    pub fn id(&self) -> &SiteId {
        match &self.identity.holder {
            Holder::Person(id) | Holder::Site(id) => id,
        }
    }

    /// The network's name.
    pub fn network(&self) -> &NetworkName {
        &self.identity.network
    }

    /// When the certificate ends, in seconds since 1970-01-01 UTC.
    pub fn certificate_end(&self) -> i64 {
        self.chain.first().and_then(|leaf| certificate_end(leaf).ok()).unwrap_or_default()
    }

    /// How connections leave from here.
    pub fn way_out(&self) -> &WayOut {
        &self.way_out
    }

    /// The certificate (DER), without its chain.
    pub fn certificate(&self) -> &[u8] {
        self.chain.first().map(|leaf| leaf.as_ref()).unwrap_or_default()
    }

    /// Takes what the coordinator sends of root documents and status lists. What was new is put into `news`, also what
    /// came before a fault.
    pub fn hear(
        &mut self,
        sent: &TrustRequest,
        now: OffsetDateTime,
        news: &mut News,
    ) -> Result<(), MembershipError> {
        let taken = trust_store::take(&self.directory, &mut self.trust, sent, now, news);
        if !news.roots.is_empty() {
            self.root = self.trust.root().clone();
            self.root_digest = self.trust.root_reference().digest;
            self.dictionary = dictionary_directory::named(&self.directory, &self.root.dictionary)?;
        }
        Ok(taken?)
    }

    /// Puts a renewed certificate (DER chain) and its key in the place of those that are held.
    pub fn renew(
        &mut self,
        key: &KeyPair,
        chain: &[Vec<u8>],
        now: OffsetDateTime,
    ) -> Result<(), MembershipError> {
        let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        credentials::renew(&self.directory, &self.identity, &self.root, key, chain.clone(), now)?;
        self.chain = chain;
        Ok(())
    }

    /// Opens a connection to the coordinator, both sides proving who they are.
    pub async fn dial(&self) -> Result<Connection, MembershipError> {
        let wire = open(&self.way_out, &self.connect).await?;
        self.greet(wire, &self.connect).await
    }

    /// Proves who both sides are on a connection that is open already, whoever opened it.
    pub async fn greet(&self, wire: Box<dyn Wire>, address: &str) -> Result<Connection, MembershipError> {
        self.greet_for(Purpose::Link, wire, address).await
    }

    /// The same, for a purpose that the other side learns.
    pub async fn greet_for(
        &self,
        purpose: Purpose,
        wire: Box<dyn Wire>,
        address: &str,
    ) -> Result<Connection, MembershipError> {
        // Read anew: a renewal switches key and certificate while the member is connected.
        let own = Held::read(&self.directory)?.into_credentials();
        let config = tls::member_config(self.root.authorities().collect(), own)?;
        let name = tls::coordinator_server_name(self.network())?;
        let config = match purpose {
            Purpose::Link => config,
            Purpose::Probe => tls::speaking(&config, probe::PROTOCOL),
        };
        handshake(TlsConnector::from(config), wire, name, address).await
    }
}

/// Writes a membership without enrolment: for the coordinator's own first person.
pub fn write_directly(
    directory: &Path,
    label: &str,
    connect: &str,
    chain: &[CertificateDer<'_>],
    sealed_root: &[u8],
    dictionary: &DictionaryFiles,
) -> Result<(), MembershipError> {
    let certificates: Vec<_> = chain.iter().map(|der| pem::Pem::new("CERTIFICATE", der.to_vec())).collect();
    let member = format!(
        "# Who this directory belongs to, and where the coordinator is.\nlabel = {}\nconnect = {}\n",
        toml::Value::from(label),
        toml::Value::from(connect)
    );
    let put = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        replace(&path, bytes).map_err(|source| file_error(&path, source))
    };
    put("certificate.pem", pem::encode_many(&certificates).as_bytes())?;
    put("root.json", sealed_root)?;
    dictionary_directory::keep(directory, dictionary)?;
    // Last: a directory without it does not count as enrolled.
    put("member.toml", member.as_bytes())
}

async fn open(way_out: &WayOut, address: &str) -> Result<Box<dyn Wire>, MembershipError> {
    let destination: Destination = address.parse().map_err(WayOutError::from)?;
    Ok(way_out.open(&destination).await?)
}

async fn handshake(
    connector: TlsConnector,
    wire: Box<dyn Wire>,
    name: rustls::pki_types::ServerName<'static>,
    address: &str,
) -> Result<Connection, MembershipError> {
    let shaken = timeout(CONNECT_TIMEOUT, connector.connect(name, wire)).await;
    let limit = CONNECT_TIMEOUT.as_secs();
    let silent = || {
        format!(
            "it can be connected to, but nothing comes back within {limit} s; ask IT what on the way lets \
             connections open and holds back what they carry, or whether the coordinator hangs"
        )
    };
    let done = shaken.map_err(|_| unreachable(address, silent()))?;
    done.map_err(|error| match fault(&error) {
        Fault::OtherAuthority(issuer) => MembershipError::Intercepted { address: address.to_owned(), issuer },
        Fault::Certificate(reason) => MembershipError::Unproven { address: address.to_owned(), reason },
        fault => unreachable(address, fault),
    })
}

fn unreachable(address: &str, reason: impl std::fmt::Display) -> MembershipError {
    MembershipError::Unreachable { address: address.to_owned(), reason: reason.to_string() }
}

fn file_error(path: &Path, source: std::io::Error) -> MembershipError {
    MembershipError::File { path: path.display().to_string(), source }
}

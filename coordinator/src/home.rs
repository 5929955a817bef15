//! The coordinator's directory: configuration, keys, and the documents that must outlive any index.
//!
//! ```text
//! network.toml              names and addresses
//! keys/                     authority.key, coordinator.key, root.key (0600)
//! authority.pem             the certificate authority's certificate
//! authority.former.pem      the one before it, as long as certificates of it count
//! authority.next.pem        one that the next root document may bring into force (its key is in keys/)
//! root.json                 the sealed root document in force
//! root.next.json            one with another coordinator's key (keys/coordinator.next.key), until the next start
//! roots/<version>.json      every root document, for members who were away
//! status.json               the sealed status list
//! statements/<sha256>.json  what was stated about studies beside approvals
//! superseded/<sha256>.json  studies in whose place another has come
//! dictionaries/<sha256>/    the data dictionary's files
//! operator/                 the membership of the coordinator's own first person
//! sites/<id>.json           enrolment log: one file per site
//! people/<id>.json          enrolled people
//! studies/<sha256>.json     sealed studies
//! ledger/                   the record of who came, what was submitted and what was run
//! ledger.until-root-<v>/    the one before, under the coordinator's key before
//! checkpoints/<origin>      the newest cosigned checkpoint of each ledger of the network
//! runs/<run>/               rounds/<number>/{round.json, answers/}, result.json, tables.json, evidence.json
//! state/                    sled: invitations and the index of runs
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use notochord_ledger::{CheckpointKey, DirectoryStorage, Origin};
use notochord_link::dictionary_directory::{self, DirectoryError};
use notochord_link::private_file::{read_signing_key, replace};
use notochord_link::tls::{self, TlsError};
use notochord_program::failure::Failure;
use notochord_proto::dictionary::{Dictionary, DictionaryFiles};
use notochord_proto::digest::Digest;
use notochord_proto::envelope::{Envelope, EnvelopeError};
use notochord_proto::fields::Section;
use notochord_proto::keys::SecretKey;
use notochord_proto::name::Address;
use notochord_proto::problem::{Place, Problem};
use notochord_proto::root::{Root, RootError};
use notochord_proto::trust::MOST_ROOTS;
use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use time::Duration;

use crate::authority::Authority;

/// A coordinator's directory.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

/// Where the coordinator listens, and what it tells others to dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// Where sites and people connect: `host:port` to listen on.
    pub listen: String,
    /// Where newcomers enrol: `host:port` to listen on.
    pub enrol: String,
    /// What invitations say of `listen`, where that differs (behind a gateway).
    pub public_listen: Option<String>,
    /// What invitations say of `enrol`, where that differs.
    pub public_enrol: Option<String>,
}

/// The shortest and the longest life of members' certificates.
const SHORTEST_LIFE: Duration = Duration::seconds(2);
const LONGEST_LIFE: Duration = Duration::days(30);

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Nothing there.
    #[error(
        "{0} is no coordinator's directory; run `notochord init` first, or name the right one with --home"
    )]
    Missing(String),
    /// A file that a person may have touched.
    #[error("{0}")]
    Problem(#[from] Problem),
    /// The root document.
    #[error("root.json: {0}")]
    Root(#[from] RootError),
    /// An envelope.
    #[error("root.json: {0}")]
    Envelope(#[from] EnvelopeError),
    /// TLS keys.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The dictionary.
    #[error(transparent)]
    Dictionary(#[from] DirectoryError),
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        match error {
            HomeError::Missing(_) | HomeError::Problem(_) => Self::usage(error),
            HomeError::Dictionary(error) => error.into(),
            HomeError::File { path, source } if source.kind() == io::ErrorKind::NotFound => {
                Self::usage(format!("{path} is missing; restore it"))
            }
            HomeError::Root(_) | HomeError::Envelope(_) => Self::usage(format!("{error}; restore the file")),
            _ => Self::failed(error),
        }
    }
}

impl Home {
    /// An existing directory.
    pub fn open(path: &Path) -> Result<Self, HomeError> {
        let home = Self(path.to_owned());
        match home.path("network.toml").exists() {
            true => Ok(home),
            false => Err(HomeError::Missing(path.display().to_string())),
        }
    }

    /// A directory that `init` is about to fill.
    pub(crate) fn fresh(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// A path within.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// The bytes of a file within.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, HomeError> {
        let path = self.path(name);
        fs::read(&path).map_err(|source| file_error(&path, source))
    }

    /// Writes a file within, whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), HomeError> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|source| file_error(parent, source))?;
        }
        replace(&path, bytes).map_err(|source| file_error(&path, source))
    }

    /// Removes a file within, if it is there.
    pub fn remove(&self, name: &str) -> Result<(), HomeError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file_error(&path, error)),
            _ => Ok(()),
        }
    }

    /// The names of the files in a directory within, sorted; none if it is not there.
    pub fn list(&self, directory: &str) -> Result<Vec<String>, HomeError> {
        let path = self.path(directory);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&path).map_err(|source| file_error(&path, source))?;
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.retain(|name| !name.ends_with(".new"));
        names.sort();
        Ok(names)
    }

    /// The sealed root document and what it says.
    pub fn root(&self) -> Result<(Envelope, Root), HomeError> {
        let envelope = Envelope::from_json(&self.read("root.json")?)?;
        let root = Root::open(&envelope)?;
        Ok((envelope, root))
    }

    /// Puts a root document in the place of the one in force.
    pub fn write_root(&self, envelope: &Envelope, version: u32) -> Result<(), HomeError> {
        let bytes = envelope.to_json().into_bytes();
        self.write(&format!("roots/{version}.json"), &bytes)?;
        self.write("root.json", &bytes)
    }

    /// The sealed root documents after a version, in their order.
    pub fn roots_after(&self, held: u32) -> Result<Vec<Vec<u8>>, HomeError> {
        let newest = self.root()?.1.version;
        let versions = (held.saturating_add(1)..=newest).take(MOST_ROOTS);
        let read = |version| match version == newest {
            // A network made by an earlier version kept none but the newest.
            true => self.read("root.json"),
            false => self.read(&format!("roots/{version}.json")),
        };
        versions.map(read).collect()
    }

    /// The sealed root documents that led to a version, in their order. A network made by an earlier version of this
    /// program kept none but the newest: what comes before the first that is here is left out.
    pub fn roots_before(&self, version: u32) -> Result<Vec<Vec<u8>>, HomeError> {
        let names = (1..version).map(|version| format!("roots/{version}.json"));
        names.skip_while(|name| !self.path(name).exists()).map(|name| self.read(&name)).collect()
    }

    /// Whether a dictionary's files are here.
    pub fn holds_dictionary(&self, digest: &Digest) -> bool {
        dictionary_directory::named(&self.0, digest).is_ok()
    }

    /// The certificate authority that `root` names. One that was made for the next root document takes its place
    /// here once that document is in force; the old one stays beside it as long as it is trusted.
    pub fn settle_authority(&self, root: &Root) -> Result<Authority, HomeError> {
        let held = self.certificate("authority.pem")?;
        let is_next = held.as_ref().is_none_or(|held| Digest::of(held) != root.authority)
            && self.next_authority()? == Some(root.authority);
        if is_next {
            if let Some(held) = held {
                self.write_certificate("authority.former.pem", &held)?;
            }
            if self.path("keys/authority.next.key").exists() {
                self.rename("keys/authority.key", "keys/authority.former.key")?;
                self.rename("keys/authority.next.key", "keys/authority.key")?;
            }
            self.rename("authority.next.pem", "authority.pem")?;
        }
        let certificate = self.certificate("authority.pem")?.filter(|one| Digest::of(one) == root.authority);
        let certificate = certificate.ok_or_else(|| {
            Problem::new(
                Place::file(self.path("authority.pem").display().to_string()),
                "is not the certificate authority that the root document names; restore the file",
            )
        })?;
        Ok(Authority::load(certificate, self.tls_key("keys/authority.key")?)?)
    }

    /// The authority before the one in force, where `root` still trusts it.
    pub fn former_authority(&self, root: &Root) -> Result<Option<Authority>, HomeError> {
        let former = self.certificate("authority.former.pem")?;
        match former.filter(|one| root.former_authority == Some(Digest::of(one))) {
            Some(certificate) => {
                Ok(Some(Authority::load(certificate, self.tls_key("keys/authority.former.key")?)?))
            }
            None => Ok(None),
        }
    }

    /// The fingerprint of the authority made for the next root document.
    pub fn next_authority(&self) -> Result<Option<Digest>, HomeError> {
        Ok(self.certificate("authority.next.pem")?.map(|certificate| Digest::of(&certificate)))
    }

    /// Writes a certificate as people can read it with openssl.
    pub fn write_certificate(&self, name: &str, certificate: &CertificateDer<'_>) -> Result<(), HomeError> {
        self.write(name, pem::encode(&pem::Pem::new("CERTIFICATE", certificate.to_vec())).as_bytes())
    }

    fn certificate(&self, name: &str) -> Result<Option<CertificateDer<'static>>, HomeError> {
        let path = self.path(name);
        if !path.exists() {
            return Ok(None);
        }
        let parsed = pem::parse(self.read(name)?).map_err(|error| {
            Problem::new(Place::file(path.display().to_string()), format!("{error}; restore the file"))
        })?;
        Ok(Some(CertificateDer::from(parsed.into_contents())))
    }

    /// Moves a file within, if it is there: an interrupted change may have moved it already.
    pub(crate) fn rename(&self, from: &str, to: &str) -> Result<(), HomeError> {
        let (from, to) = (self.path(from), self.path(to));
        match fs::rename(&from, &to) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(file_error(&from, source)),
            _ => Ok(()),
        }
    }

    /// The data dictionary.
    pub fn dictionary(&self) -> Result<Dictionary, HomeError> {
        let problems = |problems| DirectoryError::Problems(problems).into();
        Dictionary::from_files(&self.dictionary_files()?).map_err(problems)
    }

    /// The files of the data dictionary that the root document names.
    pub fn dictionary_files(&self) -> Result<DictionaryFiles, HomeError> {
        self.dictionary_files_of(&self.root()?.1.dictionary)
    }

    /// The files of the data dictionary of this hash.
    pub fn dictionary_files_of(&self, digest: &Digest) -> Result<DictionaryFiles, HomeError> {
        Ok(dictionary_directory::named(&self.0, digest)?)
    }

    /// Keeps a dictionary's files beside those of other versions.
    pub fn keep_dictionary(&self, files: &DictionaryFiles) -> Result<(), HomeError> {
        Ok(dictionary_directory::keep(&self.0, files)?)
    }

    /// The key rounds and release records are sealed with.
    pub fn coordinator_key(&self) -> Result<SecretKey, HomeError> {
        self.secret_key("keys/coordinator.key")
    }

    /// The ledger's files.
    pub fn ledger_storage(&self) -> Result<DirectoryStorage, HomeError> {
        let path = self.path("ledger");
        DirectoryStorage::open(&path).map_err(|source| file_error(&path, source))
    }

    /// The key that signs the ledger's checkpoints.
    pub fn checkpoint_key(&self) -> Result<CheckpointKey, HomeError> {
        let key = self.coordinator_key()?;
        Ok(CheckpointKey::new(Origin::of_coordinator(&key.public()), key.signing_key().clone()))
    }

    /// A TLS key, such as `keys/authority.key`.
    pub fn tls_key(&self, name: &str) -> Result<KeyPair, HomeError> {
        Ok(tls::read_key(&self.path(name))?)
    }

    fn secret_key(&self, name: &'static str) -> Result<SecretKey, HomeError> {
        Ok(read_signing_key(&self.path(name))?)
    }

    /// How long members' certificates live, where `network.toml` says so.
    pub fn certificate_life(&self) -> Result<Option<Duration>, HomeError> {
        Ok(self.settings()?.1)
    }

    /// Names and addresses of `network.toml`.
    pub fn addresses(&self) -> Result<Addresses, HomeError> {
        Ok(self.settings()?.0)
    }

    fn settings(&self) -> Result<(Addresses, Option<Duration>), HomeError> {
        let path = self.path("network.toml");
        let section = Section::from_bytes(&path.display().to_string(), &self.read("network.toml")?)?;
        let mut fields = section.fields();
        let addresses = Addresses {
            listen: fields.required::<Address>("listen")?.into(),
            enrol: fields.required::<Address>("enrol")?.into(),
            public_listen: fields.optional::<Address>("public_listen")?.map(String::from),
            public_enrol: fields.optional::<Address>("public_enrol")?.map(String::from),
        };
        let _label: String = fields.required("label")?;
        let life = fields.optional::<String>("certificate_life")?.map(|text| {
            let parsed = humantime::parse_duration(&text).ok().and_then(|life| Duration::try_from(life).ok());
            let wrong = "write it like `7d`: from 2 s to 30 days";
            parsed
                .filter(|life| (SHORTEST_LIFE..=LONGEST_LIFE).contains(life))
                .ok_or_else(|| fields.problem("certificate_life", wrong))
        });
        let life = life.transpose()?;
        fields.finish()?;
        Ok((addresses, life))
    }
}

pub(crate) fn file_error(path: &Path, source: io::Error) -> HomeError {
    HomeError::File { path: path.display().to_string(), source }
}

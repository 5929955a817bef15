//! A node's directory.
//!
//! ```text
//! policy.toml           the centre's own policy: it can only be stricter than the network's rules
//! link.toml             the way out of the hospital, where it is not straight (see `notochord_link::settings`)
//! keys/                 node.key (answers, checkpoints), steward.key (acceptances), record.key (0600);
//!                       snapshot.key, where snapshots are sealed
//! network/              the membership: certificate, root document, dictionary
//! snapshots/<sha256>/   imported data
//! snapshots.toml        where the key of encrypted snapshots lies
//! reports/<time>/       what imports and checks found; they quote bad cells
//! studies/<sha256>.json sealed studies as they arrived
//! decisions/<sha256>.json  what the data steward decided about each
//! statements/<sha256>.json  withdrawals that the data steward signed
//! rules/<name>.json     standing rules that the data steward signed
//! coordinator.json      what the coordinator's software can do, as it said last
//! ledger/               the record of everything that was asked and answered
//! witness/              the last checkpoint of each other ledger that this node has cosigned
//! state/                sled: answers given, by idempotency key (can be computed again)
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use notochord_engine::record_key::RecordKey;
use notochord_engine::snapshot::{SnapshotKey, SnapshotKeyError, Snapshots};
use notochord_ledger::{
    CheckpointKey, DirectoryMemory, DirectoryStorage, Document, Ledger, LedgerError, Origin, Storage as _,
    Witness,
};
use notochord_link::credentials::CredentialsError;
use notochord_link::dictionary_directory::DirectoryError;
use notochord_link::membership::{Membership, MembershipError, SiteKeys};
use notochord_link::private_file::{create_private, create_private_directory, read_signing_key, replace};
use notochord_link::settings::LinkSettings;
use notochord_link::trust_store::NewsError;
use notochord_program::failure::Failure;
use notochord_proto::capability::Offer;
use notochord_proto::dictionary::Dictionary;
use notochord_proto::fields::Section;
use notochord_proto::keys::SecretKey;
use notochord_proto::problem::Problem;
use zeroize::Zeroizing;

/// A node's directory.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The dictionary.
    #[error(transparent)]
    Dictionary(#[from] DirectoryError),
    /// There already.
    #[error("{0} holds a node already")]
    Exists(String),
    /// A file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The membership.
    #[error(transparent)]
    Membership(#[from] MembershipError),
    /// Nothing there.
    #[error("{0} is no node's directory; run `notochord-node init` first, or name the right one with --home")]
    Missing(String),
    /// A file that a person may have touched.
    #[error("{0}")]
    Problem(#[from] Problem),
    /// The key of the snapshots.
    #[error(transparent)]
    SnapshotKey(#[from] SnapshotKeyError),
    /// No randomness.
    #[error("the operating system gives no randomness: {0}")]
    Randomness(getrandom::Error),
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        match error {
            HomeError::Missing(_)
            | HomeError::Exists(_)
            | HomeError::Problem(_)
            | HomeError::Membership(
                MembershipError::Credentials(CredentialsError::Damaged { .. })
                | MembershipError::NotEnrolled(_)
                | MembershipError::Problem(_),
            ) => Self::usage(error),
            HomeError::Membership(
                MembershipError::InvitationExpired(_)
                | MembershipError::Refused(_)
                | MembershipError::Impostor(_)
                | MembershipError::Intercepted { .. }
                | MembershipError::News(NewsError::Root(_) | NewsError::Status(_))
                | MembershipError::Unproven { .. }
                | MembershipError::Update(_),
            ) => Self::refused(error),
            HomeError::File { path, source } if source.kind() == io::ErrorKind::NotFound => {
                Self::usage(format!("{path} is missing; restore it, or make a new node"))
            }
            HomeError::Dictionary(error) | HomeError::Membership(MembershipError::Dictionary(error)) => {
                error.into()
            }
            _ => Self::failed(error),
        }
    }
}

/// Where the key of the snapshots lies; not there where they are not encrypted.
const SNAPSHOTS: &str = "snapshots.toml";

/// What the coordinator said of itself.
const COORDINATOR: &str = "coordinator.json";

const POLICY: &str = include_str!("policy/default.toml");

impl Home {
    /// Makes a node's directory: keys, the default policy and an empty ledger.
    pub fn create(path: &Path) -> Result<Self, HomeError> {
        let home = Self(path.to_owned());
        if home.path("keys").exists() {
            return Err(HomeError::Exists(path.display().to_string()));
        }
        let directories =
            ["", "snapshots", "studies", "decisions", "statements", "rules", "ledger", "keys.new"];
        for directory in directories {
            let directory = home.path(directory);
            create_private_directory(&directory).map_err(|source| file_error(&directory, source))?;
        }
        let node = new_key(&home.path("keys.new/node.key"))?;
        new_key(&home.path("keys.new/steward.key"))?;
        new_key(&home.path("keys.new/record.key"))?;
        Ledger::create(home.ledger_storage()?, checkpoint_key(&node))?;
        home.write("policy.toml", POLICY.as_bytes())?;
        // Last: a directory without it is no node.
        let (new, keys) = (home.path("keys.new"), home.path("keys"));
        fs::rename(&new, &keys).map_err(|source| file_error(&new, source))?;
        Ok(home)
    }

    /// An existing directory.
    pub fn open(path: &Path) -> Result<Self, HomeError> {
        let home = Self(path.to_owned());
        match home.path("keys").exists() {
            true => Ok(home),
            false => Err(HomeError::Missing(path.display().to_string())),
        }
    }

    /// A path within.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// The bytes of a file within; nothing if it is not there.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, HomeError> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(file_error(&path, source)),
        }
    }

    /// Writes a file within, whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), HomeError> {
        let path = self.path(name);
        replace(&path, bytes).map_err(|source| file_error(&path, source))
    }

    /// Removes a file within, if it is there.
    pub fn remove(&self, name: &str) -> Result<(), HomeError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(file_error(&path, source)),
            _ => Ok(()),
        }
    }

    /// The names of the files in a directory within, sorted.
    pub fn list(&self, directory: &str) -> Result<Vec<String>, HomeError> {
        let path = self.path(directory);
        let entries = fs::read_dir(&path).map_err(|source| file_error(&path, source))?;
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.retain(|name| !name.ends_with(".new"));
        names.sort();
        Ok(names)
    }

    /// What the coordinator said last that it can do; nothing where it has not been heard yet.
    pub fn coordinator_offer(&self) -> Option<Offer> {
        // It only helps to say what is lacking; the next link brings it again.
        serde_json::from_slice(&self.read(COORDINATOR).ok()??).ok()
    }

    /// Keeps what the coordinator says that it can do.
    pub fn keep_coordinator_offer(&self, offer: &Offer) -> Result<(), HomeError> {
        // Plain strings and numbers can always be written.
        self.write(COORDINATOR, &serde_json::to_vec_pretty(offer).unwrap_or_default())
    }

    /// Where the membership lies.
    pub fn network_directory(&self) -> PathBuf {
        self.path("network")
    }

    /// The network this node belongs to, reached as `link.toml` says.
    pub fn membership(&self) -> Result<Membership, HomeError> {
        let membership = Membership::load(&self.network_directory())?;
        Ok(membership.leaving_by(self.link_settings()?.way_out))
    }

    /// How this node's links are made.
    pub fn link_settings(&self) -> Result<LinkSettings, HomeError> {
        Ok(LinkSettings::load(&self.0)?)
    }

    /// The network's data dictionary.
    pub fn dictionary(&self) -> Result<Dictionary, HomeError> {
        let files = self.membership()?.dictionary;
        Dictionary::from_files(&files).map_err(|problems| DirectoryError::Problems(problems).into())
    }

    /// The key the node signs answers and checkpoints with.
    pub fn node_key(&self) -> Result<SecretKey, HomeError> {
        self.secret_key("keys/node.key")
    }

    /// The key the data steward accepts studies with.
    pub fn steward_key(&self) -> Result<SecretKey, HomeError> {
        self.secret_key("keys/steward.key")
    }

    /// The public halves of both.
    pub fn site_keys(&self) -> Result<SiteKeys, HomeError> {
        Ok(SiteKeys { node: self.node_key()?.public(), steward: self.steward_key()?.public() })
    }

    /// The secret behind the keyed hashes of record ids.
    pub fn record_key(&self) -> Result<RecordKey, HomeError> {
        Ok(RecordKey::from_bytes(self.secret_key("keys/record.key")?.signing_key().to_bytes()))
    }

    /// The imported data, sealed where there is a key for it.
    pub fn snapshots(&self) -> Result<Snapshots, HomeError> {
        let key = match self.read(SNAPSHOTS)? {
            None => None,
            Some(text) => {
                let section = Section::from_bytes(&self.path(SNAPSHOTS).display().to_string(), &text)?;
                let mut fields = section.fields();
                let key: String = fields.required("key")?;
                fields.finish()?;
                Some(SnapshotKey::read(Path::new(&key))?)
            }
        };
        Ok(Snapshots::at(self.path("snapshots"), key))
    }

    /// Says where the key of the snapshots lies, or that they have none any more.
    pub fn keep_snapshot_key(&self, file: Option<&Path>) -> Result<(), HomeError> {
        let path = self.path(SNAPSHOTS);
        match file {
            Some(file) => {
                let file = toml::Value::from(file.display().to_string());
                let text =
                    format!("# The file with the key that snapshots are encrypted with.\nkey = {file}\n");
                self.write(SNAPSHOTS, text.as_bytes())
            }
            None if path.exists() => fs::remove_file(&path).map_err(|source| file_error(&path, source)),
            None => Ok(()),
        }
    }

    /// The ledger, repaired after a crash if need be; what was repaired is in [`Ledger::recoveries`].
    pub fn ledger(&self) -> Result<Ledger, HomeError> {
        Ok(Ledger::open(self.ledger_storage()?, self.checkpoint_key()?)?)
    }

    /// Why the ledger locked itself, if it did.
    pub fn ledger_lock(&self) -> Result<Option<String>, HomeError> {
        let why = self.ledger_storage()?.read(Document::Locked);
        let why = why.map_err(|source| file_error(&self.path("ledger/locked"), source))?;
        Ok(why.map(|why| String::from_utf8_lossy(&why).trim_end().to_owned()))
    }

    /// The ledger's files.
    pub fn ledger_storage(&self) -> Result<DirectoryStorage, HomeError> {
        let path = self.path("ledger");
        DirectoryStorage::open(&path).map_err(|source| file_error(&path, source))
    }

    /// The key that signs the ledger's checkpoints.
    pub fn checkpoint_key(&self) -> Result<CheckpointKey, HomeError> {
        Ok(checkpoint_key(&self.node_key()?))
    }

    /// The node as a witness of other ledgers.
    pub fn witness(&self) -> Result<Witness, HomeError> {
        let path = self.path("witness");
        let memory = DirectoryMemory::open(&path).map_err(|source| file_error(&path, source))?;
        Ok(Witness::new(self.checkpoint_key()?, memory))
    }

    fn secret_key(&self, name: &'static str) -> Result<SecretKey, HomeError> {
        Ok(read_signing_key(&self.path(name))?)
    }
}

fn checkpoint_key(node: &SecretKey) -> CheckpointKey {
    CheckpointKey::new(Origin::of_node(&node.public()), node.signing_key().clone())
}

fn new_key(path: &Path) -> Result<SecretKey, HomeError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(HomeError::Randomness)?;
    let key = SecretKey::from_seed(&seed);
    match create_private(path, key.to_file_text().as_bytes()) {
        Ok(()) => Ok(key),
        // Left by an `init` that was interrupted: it was never used.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(read_signing_key(path)?),
        Err(source) => Err(file_error(path, source)),
    }
}

fn file_error(path: &Path, source: io::Error) -> HomeError {
    HomeError::File { path: path.display().to_string(), source }
}

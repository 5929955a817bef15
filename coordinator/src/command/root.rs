use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use notochord_link::private_file::{create_private, read_signing_key, replace};
use notochord_link::tls::create_key;
use notochord_program::failure::Failure;
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::PublicKey;
use notochord_proto::role::{NamedKey, Role};
use notochord_proto::root::{LONGEST, ROOT_TYPE, Root};
use notochord_proto::wire::PublishRequest;
use serde_json::json;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use super::init::named_key;
use super::key::new_secret_key;
use crate::authority::Authority;
use crate::client::{connect, membership, status_failure};
use crate::home::Home;
use crate::succession;

/// A new root document is valid this long, if nothing else is said.
const LIFE: Duration = Duration::days(365);

/// Show, draft, sign and publish root documents: who holds which office
#[derive(Subcommand)]
pub(super) enum RootCommand {
    /// Say who holds which office, in force or in a file, and who has signed
    #[command(after_help = "Example: notochord --home network root show root-2.json")]
    Show {
        /// A draft or a sealed document; by default the one in force
        file: Option<PathBuf>,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Write the next root document, to be signed by the root keys
    #[command(
        after_help = "Example: notochord --home network root draft --add-approver \"ethics=ed25519:…\" --out root-2.json"
    )]
    Draft(Box<Draft>),
    /// Sign a drafted root document; the holders of old and new root keys must
    #[command(after_help = "Example: notochord root sign root-2.json --key root.key")]
    Sign {
        /// The draft; the signature is added to the file
        file: PathBuf,
        /// A root key
        #[arg(long)]
        key: PathBuf,
    },
    /// Bring a signed root document into force; sites and people hear of it by themselves
    #[command(after_help = "Example: notochord --home network root publish root-2.json")]
    Publish {
        /// The signed document
        file: PathBuf,
    },
}

/// What the next root document changes.
#[derive(Args)]
pub(super) struct Draft {
    /// Where to write it; an existing file is never replaced
    #[arg(long)]
    out: PathBuf,
    /// Its last day, such as 2027-12-31; a year from today if not given
    #[arg(long, value_parser = day)]
    expires: Option<Date>,
    /// Somebody who may sign studies: NAME=PUBLIC-KEY; once for each
    #[arg(long = "add-investigator", value_parser = named_key)]
    add_investigators: Vec<NamedKey>,
    /// Somebody who may not any more, by name; once for each
    #[arg(long = "remove-investigator")]
    remove_investigators: Vec<String>,
    /// Somebody who approves studies: NAME=PUBLIC-KEY; once for each
    #[arg(long = "add-approver", value_parser = named_key)]
    add_approvers: Vec<NamedKey>,
    /// Somebody who does not any more, by name; once for each
    #[arg(long = "remove-approver")]
    remove_approvers: Vec<String>,
    /// How many approvers must endorse a study
    #[arg(long)]
    approvals: Option<usize>,
    /// Somebody who signs root documents: NAME=PUBLIC-KEY; once for each
    #[arg(long = "add-root", value_parser = named_key)]
    add_roots: Vec<NamedKey>,
    /// Somebody who does not any more, by name; once for each
    #[arg(long = "remove-root")]
    remove_roots: Vec<String>,
    /// How many root keys must sign a root document
    #[arg(long)]
    root_threshold: Option<usize>,
    /// Make a new certificate authority here; the present one stays trusted beside it
    #[arg(long, conflicts_with = "end_overlap")]
    new_authority: bool,
    /// Make a new key for the coordinator here: it changes when the coordinator starts again after `publish`
    #[arg(long)]
    new_coordinator_key: bool,
    /// Trust the former certificate authority no more: every certificate has been renewed since
    #[arg(long)]
    end_overlap: bool,
}

fn day(text: &str) -> Result<Date, String> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| "write a day like 2027-12-31".to_owned())
}

impl RootCommand {
    pub(super) async fn run(self, home: &Path) -> Result<(), Failure> {
        match self {
            Self::Show { file, json } => show(home, file.as_deref(), json),
            Self::Draft(draft) => draft.write(home),
            Self::Sign { file, key } => sign(&file, &key),
            Self::Publish { file } => publish(home, &file).await,
        }
    }
}

fn show(home: &Path, file: Option<&Path>, as_json: bool) -> Result<(), Failure> {
    let (envelope, root) = match file {
        Some(file) => {
            let envelope = read(file)?;
            let root = parse(file, &envelope)?;
            (Some(envelope), root)
        }
        None => (None, membership(home)?.root),
    };
    let signers = envelope.as_ref().map(|envelope| envelope.signers(&root.root)).unwrap_or_default();
    if as_json {
        let role = |role: &Role| json!({ "threshold": role.threshold(), "keys": role.keys() });
        let shown = json!({
            "network": root.network, "version": root.version, "expires": root.expires.to_string(),
            "authority": root.authority, "former_authority": root.former_authority,
            "root": role(&root.root), "approvers": role(&root.approvers),
            "investigators": role(&root.investigators), "signed_by": signers,
        });
        println!("{shown}");
        return Ok(());
    }
    println!(
        "Root document {} of the network `{}`, valid until {}.",
        root.version, root.network, root.expires
    );
    for role in [&root.root, &root.approvers, &root.investigators] {
        println!("  {}, {} must sign:", role.name(), role.threshold());
        role.keys().iter().for_each(|named| println!("    {}  {}", named.key, named.name));
    }
    println!("  certificate authority {}", root.authority.short());
    if let Some(former) = root.former_authority {
        println!("  and, until certificates are renewed, {}", former.short());
    }
    if let Some(envelope) = envelope {
        println!("{}", envelope.payload_digest());
        let names = if signers.is_empty() { "nobody".to_owned() } else { signers.join(", ") };
        println!("Signed, of its own root keys, by {names}.");
    }
    Ok(())
}

impl Draft {
    fn write(self, home: &Path) -> Result<(), Failure> {
        if self.out.exists() {
            return Err(Failure::unwritable(&self.out, &std::io::ErrorKind::AlreadyExists.into()));
        }
        let mut root = membership(home)?.root;
        let Some(version) = root.version.checked_add(1) else {
            return Err(Failure::failed("there is no version after this one"));
        };
        root.version = version;
        root.expires = self.expires.unwrap_or_else(|| (OffsetDateTime::now_utc() + LIFE).date());
        root.root = changed(&root.root, &self.add_roots, &self.remove_roots, self.root_threshold)?;
        root.approvers =
            changed(&root.approvers, &self.add_approvers, &self.remove_approvers, self.approvals)?;
        root.investigators =
            changed(&root.investigators, &self.add_investigators, &self.remove_investigators, None)?;
        if self.new_authority {
            root.former_authority = Some(root.authority);
            root.authority = make_authority(home, &root)?;
        } else if self.end_overlap {
            root.former_authority = None;
        }
        if self.new_coordinator_key {
            root.coordinator = make_coordinator_key(home)?;
        }
        let envelope = Envelope::new(ROOT_TYPE, root.to_bytes());
        // What nobody could take is not handed to people to sign.
        Root::parse(envelope.payload_for_reading()).map_err(Failure::usage)?;
        replace(&self.out, envelope.to_json().as_bytes())
            .map_err(|error| Failure::unwritable(&self.out, &error))?;
        println!("{}", self.out.display());
        eprintln!(
            "Root document {version}. Have it signed by {} of the present root keys and {} of its own, then publish it.",
            membership(home)?.root.root.threshold(),
            root.root.threshold()
        );
        Ok(())
    }
}

/// A role with some keys more and some fewer. Where keys go, a threshold out of reach falls with them.
fn changed(
    role: &Role,
    add: &[NamedKey],
    remove: &[String],
    threshold: Option<usize>,
) -> Result<Role, Failure> {
    let mut keys = role.keys().to_vec();
    for name in remove {
        let before = keys.len();
        keys.retain(|named| named.name != *name);
        if keys.len() == before {
            return Err(Failure::usage(format!("`{name}` is not among the {}", role.name())));
        }
    }
    keys.extend(add.iter().cloned());
    let threshold = threshold.unwrap_or(role.threshold().min(keys.len()));
    Role::new(role.name(), threshold, keys).map_err(Failure::usage)
}

/// A certificate authority for the next root document; its key stays in the coordinator's directory.
fn make_authority(path: &Path, root: &Root) -> Result<notochord_proto::digest::Digest, Failure> {
    let home = Home::open(path)?;
    if let Some(made) = home.next_authority()? {
        return Ok(made);
    }
    let (key, certificate) = (home.path("keys/authority.next.key"), "authority.next.pem");
    // Left by a draft that was interrupted before its certificate was written: it was never used.
    let key = if key.exists() {
        home.tls_key("keys/authority.next.key")?
    } else {
        create_key(&key).map_err(Failure::failed)?
    };
    let authority =
        Authority::create(&root.network, key, OffsetDateTime::now_utc()).map_err(Failure::failed)?;
    home.write_certificate(certificate, authority.certificate())?;
    Ok(authority.fingerprint())
}

/// A key of the coordinator's own for the next root document; it stays in the coordinator's directory.
fn make_coordinator_key(path: &Path) -> Result<PublicKey, Failure> {
    let home = Home::open(path)?;
    // Left by a draft that did not come into force: it was never used.
    if let Some(made) = succession::next_key(&home)? {
        return Ok(made);
    }
    let (key, file) = (new_secret_key()?, home.path(succession::NEXT_KEY));
    create_private(&file, key.to_file_text().as_bytes())
        .map_err(|error| Failure::unwritable(&file, &error))?;
    Ok(key.public())
}

fn sign(file: &Path, key: &Path) -> Result<(), Failure> {
    let mut envelope = read(file)?;
    let root = parse(file, &envelope)?;
    envelope.sign(&read_signing_key(key)?);
    replace(file, envelope.to_json().as_bytes()).map_err(|error| Failure::unwritable(file, &error))?;
    println!(
        "Signed root document {} of the network `{}`, {}.",
        root.version,
        root.network,
        envelope.payload_digest()
    );
    Ok(())
}

async fn publish(home: &Path, file: &Path) -> Result<(), Failure> {
    let sealed_root = read(file)?.to_json().into_bytes();
    let mut client = connect(home).await?;
    let reply = client.desk.publish(PublishRequest { sealed_root }).await.map_err(status_failure)?;
    let reply = reply.into_inner();
    match reply.at_next_start {
        false => println!(
            "Root document {} is in force. Sites that are connected have it within a minute.",
            reply.version
        ),
        true => println!(
            "Root document {} names another key of the coordinator. Restart `notochord serve` now: it then comes into \
             force.",
            reply.version
        ),
    }
    if !reply.void_invitations.is_empty() {
        println!(
            "Open invitations are void with it, because they name the document before. Invite again: {}.",
            reply.void_invitations.join(", ")
        );
    }
    Ok(())
}

fn read(file: &Path) -> Result<Envelope, Failure> {
    let wrong = |error: std::io::Error| Failure::unreadable(file, &error);
    if fs::metadata(file).map_err(wrong)?.len() > 2 * LONGEST as u64 {
        return Err(Failure::usage(format!("{}: larger than 2 MiB", file.display())));
    }
    let bytes = fs::read(file).map_err(wrong)?;
    let envelope = Envelope::from_json(&bytes).and_then(|envelope| envelope.of_type(ROOT_TYPE));
    envelope.map_err(|error| Failure::usage(format!("{}: {error}; draft it again", file.display())))
}

fn parse(file: &Path, envelope: &Envelope) -> Result<Root, Failure> {
    Root::parse(envelope.payload_for_reading())
        .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
}

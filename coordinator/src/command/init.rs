use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use notochord_ledger::{Ledger, Record as _};
use notochord_link::dictionary_directory;
use notochord_link::private_file::{create_private, create_private_directory};
use notochord_link::tls::create_key;
use notochord_program::failure::Failure;
use notochord_proto::dictionary::{Dictionary, DictionaryFiles, NetworkFile, files};
use notochord_proto::envelope::Envelope;
use notochord_proto::keys::PublicKey;
use notochord_proto::name::{Address, NetworkName};
use notochord_proto::role::{NamedKey, Role};
use notochord_proto::root::{ROOT_TYPE, Root};
use time::{Duration, OffsetDateTime};

use super::key::new_secret_key;
use crate::authority::Authority;
use crate::home::Home;
use crate::in_force::InForce;
use crate::logbook::NetworkMade;
use crate::operator;

const EXAMPLE: &str = "Example: notochord --home network init --name spine --dictionary dictionary.csv \
    --investigator \"A. Investigator=ed25519:…\" --approver steering=ed25519:… --approver ethics=ed25519:…";

/// The network's first root document is valid this long.
const ROOT_LIFE: Duration = Duration::days(365);

/// Make a network
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Init {
    /// A network's directory: network.toml, dictionary.csv and, where there are any, events.csv, rules.toml and
    /// migrations.toml. Such as deploy/networks/reference/colon
    #[arg(long, conflicts_with_all = ["name", "dictionary", "events", "dictionary_version"])]
    from: Option<PathBuf>,
    /// The network's name: lower-case letters, digits and `-`
    #[arg(long, required_unless_present = "from")]
    name: Option<NetworkName>,
    /// The data dictionary: REDCap's CSV, or a directory with all its files
    #[arg(long, required_unless_present = "from")]
    dictionary: Option<PathBuf>,
    /// The events of a longitudinal registry (CSV), beside a dictionary that is one CSV
    #[arg(long)]
    events: Option<PathBuf>,
    /// The version of a dictionary without network.toml, for people
    #[arg(long, default_value = "1")]
    dictionary_version: String,
    /// Who may sign studies: NAME=PUBLIC-KEY; once for each
    #[arg(long = "investigator", required = true, value_parser = named_key)]
    investigators: Vec<NamedKey>,
    /// Who approves studies: NAME=PUBLIC-KEY; once for each
    #[arg(long = "approver", required = true, value_parser = named_key)]
    approvers: Vec<NamedKey>,
    /// How many approvers must endorse a study; all of them if not given
    #[arg(long)]
    approvals: Option<usize>,
    /// Where sites and people connect, host:port
    #[arg(long, default_value = "127.0.0.1:7470")]
    listen: Address,
    /// Where newcomers enrol, host:port
    #[arg(long, default_value = "127.0.0.1:7471")]
    enrol: Address,
    /// What invitations say of --listen, where that differs
    #[arg(long)]
    public_listen: Option<Address>,
    /// What invitations say of --enrol, where that differs
    #[arg(long)]
    public_enrol: Option<Address>,
    /// Make a throw-away network over data that need no protection, with this k for every profile. Nodes join
    /// it only with --throwaway
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    throwaway_minimum: Option<u32>,
}

pub(super) fn named_key(text: &str) -> Result<NamedKey, String> {
    let (name, key) = text.split_once('=').ok_or("write NAME=ed25519:…")?;
    let key: PublicKey = key.parse().map_err(|error| format!("{error}"))?;
    Ok(NamedKey { name: name.trim().to_owned(), key })
}

/// What a network is about.
struct Subject {
    name: NetworkName,
    label: String,
    files: DictionaryFiles,
    dictionary: Dictionary,
}

impl Init {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        if path.join("network.toml").exists() {
            return Err(Failure::usage(format!("{} holds a network already", path.display())));
        }
        let subject = self.subject()?;
        let approvals = self.approvals.unwrap_or(self.approvers.len());
        let approvers = Role::new("approvers", approvals, self.approvers.clone()).map_err(Failure::usage)?;
        let investigators =
            Role::new("investigators", 1, self.investigators.clone()).map_err(Failure::usage)?;
        if let Some(twice) =
            self.approvers.iter().find(|one| self.investigators.iter().any(|two| two.key == one.key))
        {
            let message =
                format!("`{}` has an investigator's key; approvers need keys of their own", twice.name);
            return Err(Failure::usage(message));
        }
        // Made beside its place and then moved there, so that an interrupted start leaves no half network.
        let building = draft(path)?;
        let built =
            self.build(&Home::fresh(&building), &subject, approvers, investigators).and_then(|root| {
                let failed = |error: std::io::Error| Failure::failed(format!("{}: {error}", path.display()));
                fs::rename(&building, path).map(|()| root).map_err(failed)
            });
        if built.is_err() {
            // The draft is this command's own, under a name nobody else has; what cannot be removed does no harm.
            let _ = fs::remove_dir_all(&building);
        }
        let root = built?;
        self.say(path, &root);
        Ok(())
    }

    /// The network's name, label and dictionary, from the options or from a network's directory.
    fn subject(&self) -> Result<Subject, Failure> {
        match (&self.from, &self.name, &self.dictionary) {
            (Some(directory), _, _) => {
                let (name, label) = read_network_file(&directory.join(files::NETWORK))?;
                let (files, dictionary) = dictionary_directory::open(directory)?;
                Ok(Subject { name, label, files, dictionary })
            }
            (None, Some(name), Some(path)) => {
                let (files, dictionary) = self.named_dictionary(name, path)?;
                Ok(Subject { name: name.clone(), label: name.to_string(), files, dictionary })
            }
            (None, _, _) => Err(Failure::usage("name the network with --name and --dictionary, or --from")),
        }
    }

    /// The dictionary at `path`, with a network.toml if it has none.
    fn named_dictionary(
        &self,
        name: &NetworkName,
        path: &Path,
    ) -> Result<(DictionaryFiles, Dictionary), Failure> {
        let (read, dictionary) = dictionary_directory::open(path)?;
        let mut files: BTreeMap<String, Vec<u8>> =
            read.iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect();
        let complete = files.contains_key(files::NETWORK) && self.events.is_none();
        if complete {
            return Ok((read, dictionary));
        }
        if let Some(events) = &self.events {
            let bytes = fs::read(events).map_err(|error| Failure::unreadable(events, &error))?;
            files.insert(files::EVENTS.to_owned(), bytes);
        }
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let network = format!(
            "name = {}\nlabel = {}\ndictionary = {}\n",
            quoted(name.as_str()),
            quoted(name.as_str()),
            quoted(&self.dictionary_version)
        );
        files.entry(files::NETWORK.to_owned()).or_insert(network.into_bytes());
        let files = DictionaryFiles::new(files)?;
        let dictionary = Dictionary::from_files(&files)?;
        Ok((files, dictionary))
    }

    fn build(
        &self,
        home: &Home,
        subject: &Subject,
        approvers: Role,
        investigators: Role,
    ) -> Result<Root, Failure> {
        let now = OffsetDateTime::now_utc();
        let failed =
            |error: std::io::Error| Failure::failed(format!("the directory cannot be made: {error}"));
        create_private_directory(&home.path("keys")).map_err(failed)?;
        create_private_directory(&home.path("operator")).map_err(failed)?;
        let authority_key = create_key(&home.path("keys/authority.key")).map_err(Failure::failed)?;
        let authority = Authority::create(&subject.name, authority_key, now).map_err(Failure::failed)?;
        home.write_certificate("authority.pem", authority.certificate())?;
        let (coordinator, root_key) = (new_secret_key()?, new_secret_key()?);
        for (name, key) in [("coordinator", &coordinator), ("root", &root_key)] {
            create_private(&home.path(format!("keys/{name}.key")), key.to_file_text().as_bytes())
                .map_err(failed)?;
        }
        let root = Root {
            network: subject.name.clone(),
            version: 1,
            expires: (now + ROOT_LIFE).date(),
            authority: authority.fingerprint(),
            former_authority: None,
            coordinator: coordinator.public(),
            dictionary_version: subject.dictionary.version().to_owned(),
            dictionary: subject.files.digest(),
            root: Role::of_one("root", root_key.public()),
            approvers,
            investigators,
            throwaway_minimum: self.throwaway_minimum,
        };
        let sealed_root = Envelope::seal(ROOT_TYPE, root.to_bytes(), &root_key);
        home.write_root(&sealed_root, root.version)?;
        home.keep_dictionary(&subject.files)?;
        create_key(&home.path("operator/tls.key")).map_err(Failure::failed)?;
        let connect = self.public_listen.as_ref().unwrap_or(&self.listen).as_str();
        operator::certify(home, &InForce::load(home)?, connect, now)?;
        create_private_directory(&home.path("ledger")).map_err(failed)?;
        let mut ledger =
            Ledger::create(home.ledger_storage()?, home.checkpoint_key()?).map_err(Failure::failed)?;
        let made = NetworkMade { root: sealed_root.payload_digest() };
        made.write(&mut ledger, now).map_err(Failure::failed)?;
        home.write("network.toml", self.network_toml(subject).as_bytes())?;
        Ok(root)
    }

    fn network_toml(&self, subject: &Subject) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let public = |name: &str, value: &Option<Address>| match value {
            Some(value) => format!("{name} = {}\n", quoted(value.as_str())),
            None => format!("# {name} = \"host:port\"\n"),
        };
        format!(
            "# The coordinator of the network {}.\nlabel = {}\n\n# Where sites and people connect.\nlisten = {}\n\
             # Where newcomers enrol.\nenrol = {}\n# What invitations say instead, behind a gateway.\n{}{}\
             # How long certificates of sites and people live; they renew themselves at half-life.\n\
             # certificate_life = \"7d\"\n",
            subject.name,
            quoted(&subject.label),
            quoted(self.listen.as_str()),
            quoted(self.enrol.as_str()),
            public("public_listen", &self.public_listen),
            public("public_enrol", &self.public_enrol),
        )
    }

    fn say(&self, path: &Path, root: &Root) {
        println!("The network `{}` is in {}.", root.network, path.display());
        println!(
            "Studies need an investigator's signature and {} of {} approvals.",
            root.approvers.threshold(),
            root.approvers.keys().len()
        );
        if let Some(minimum) = self.throwaway_minimum {
            println!(
                "It is a THROW-AWAY network: the k of every profile is {minimum}. Never put patients' data in it."
            );
        }
        println!("Move keys/root.key to a place that is not connected: it is needed only to change roles.");
        println!("Next: notochord --home {} serve", path.display());
    }
}

/// Name and label of a network's directory.
fn read_network_file(file: &Path) -> Result<(NetworkName, String), Failure> {
    let bytes = fs::read(file).map_err(|error| Failure::unreadable(file, &error))?;
    let shown = file.display().to_string();
    let NetworkFile { name, label, .. } = NetworkFile::parse(&shown, &bytes)?;
    let lacks = |key: &str| Failure::usage(format!("{shown}: the document lacks the key `{key}`"));
    Ok((name.ok_or_else(|| lacks("name"))?, label.ok_or_else(|| lacks("label"))?))
}

/// A new directory beside `path`, which must not be there yet (or be empty), to be moved onto it when complete.
fn draft(path: &Path) -> Result<PathBuf, Failure> {
    let Some(name) = path.file_name() else {
        return Err(Failure::usage(format!("{}: name a directory of its own with --home", path.display())));
    };
    if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::usage(format!(
            "{} is not empty; name another directory with --home",
            path.display()
        )));
    }
    let random = getrandom::u64().map_err(Failure::failed)?;
    let draft = path.with_file_name(format!(".{}.{random:016x}", name.to_string_lossy()));
    create_private_directory(&draft).map_err(|error| Failure::unwritable(path, &error))?;
    Ok(draft)
}

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use notochord_link::identity::Identity;
use notochord_link::membership::write_directly;
use notochord_link::private_file::{create_private, create_private_directory};
use notochord_link::tls::{create_key, signing_request};
use notochord_proto::dictionary::Dictionary;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::failure::Failure;
use notochord_proto::keys::PublicKey;
use notochord_proto::name::{NetworkName, SiteId};
use notochord_proto::root::{NamedKey, ROOT_TYPE, Role, Root};
use time::{Duration, OffsetDateTime};

use super::key::new_secret_key;
use crate::authority::Authority;
use crate::directory::{Office, Person, enrol_person};
use crate::home::Home;

const EXAMPLE: &str = "Example: notochord --home network init --name spine --dictionary dictionary.csv \
    --investigator \"A. Investigator=ed25519:…\" --approver steering=ed25519:… --approver ethics=ed25519:…";

/// The network's first root document is valid this long.
const ROOT_LIFE: Duration = Duration::days(365);

/// Make a network
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Init {
    /// The network's name: lower-case letters, digits and `-`
    #[arg(long)]
    name: NetworkName,
    /// The data dictionary (REDCap's CSV)
    #[arg(long)]
    dictionary: PathBuf,
    /// The dictionary's version, for people
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
    listen: String,
    /// Where newcomers enrol, host:port
    #[arg(long, default_value = "127.0.0.1:7471")]
    enrol: String,
    /// What invitations say of --listen, where that differs
    #[arg(long)]
    public_listen: Option<String>,
    /// What invitations say of --enrol, where that differs
    #[arg(long)]
    public_enrol: Option<String>,
    /// Make a throw-away network over data that need no protection, with this k for every profile. Nodes join
    /// it only with --throwaway
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    throwaway_minimum: Option<u32>,
}

fn named_key(text: &str) -> Result<NamedKey, String> {
    let (name, key) = text.split_once('=').ok_or("write NAME=ed25519:…")?;
    let key: PublicKey = key.parse().map_err(|error| format!("{error}"))?;
    Ok(NamedKey { name: name.trim().to_owned(), key })
}

impl Init {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let now = OffsetDateTime::now_utc();
        if path.join("network.toml").exists() {
            return Err(Failure::usage(format!("{} holds a network already", path.display())));
        }
        let dictionary = self.read_dictionary()?;
        let approvals = self.approvals.unwrap_or(self.approvers.len());
        let approvers = Role::new("approvers", approvals, self.approvers.clone()).map_err(Failure::usage)?;
        let investigators =
            Role::new("investigators", 1, self.investigators.clone()).map_err(Failure::usage)?;
        let failed = |error: std::io::Error| Failure::failed(format!("{}: {error}", path.display()));
        create_private_directory(&path.join("keys")).map_err(failed)?;
        create_private_directory(&path.join("operator")).map_err(failed)?;
        let home = Home::fresh(path);

        let authority_key = create_key(&home.path("keys/authority.key")).map_err(Failure::failed)?;
        let authority = Authority::create(&self.name, authority_key, now).map_err(Failure::failed)?;
        let certificate = pem::encode(&pem::Pem::new("CERTIFICATE", authority.certificate().to_vec()));
        home.write("authority.pem", certificate.as_bytes())?;
        create_key(&home.path("keys/server.key")).map_err(Failure::failed)?;
        let (coordinator, root_key) = (new_secret_key()?, new_secret_key()?);
        for (name, key) in [("coordinator", &coordinator), ("root", &root_key)] {
            create_private(&home.path(format!("keys/{name}.key")), key.to_file_text().as_bytes())
                .map_err(failed)?;
        }
        let root = Root {
            network: self.name.clone(),
            version: 1,
            expires: (now + ROOT_LIFE).date(),
            authority: authority.fingerprint(),
            coordinator: coordinator.public(),
            dictionary_version: self.dictionary_version.clone(),
            dictionary: Digest::of(&dictionary),
            root: Role::of_one("root", root_key.public()),
            approvers,
            investigators,
            throwaway_minimum: self.throwaway_minimum,
        };
        let sealed_root = Envelope::seal(ROOT_TYPE, root.to_bytes(), &root_key);
        home.write("root.json", sealed_root.to_json().as_bytes())?;
        home.write("dictionary.csv", &dictionary)?;
        self.enrol_operator(&home, &authority, &sealed_root, &dictionary, now)?;
        // Last: a directory without it is no network.
        home.write("network.toml", self.network_toml().as_bytes())?;
        self.say(path, &root);
        Ok(())
    }

    fn read_dictionary(&self) -> Result<Vec<u8>, Failure> {
        let file = self.dictionary.display().to_string();
        let bytes = fs::read(&self.dictionary).map_err(|error| Failure::usage(format!("{file}: {error}")))?;
        Dictionary::parse(&file, &bytes)?;
        Ok(bytes)
    }

    /// The coordinator's own first person, who may invite and run.
    fn enrol_operator(
        &self,
        home: &Home,
        authority: &Authority,
        sealed_root: &Envelope,
        dictionary: &[u8],
        now: OffsetDateTime,
    ) -> Result<(), Failure> {
        let id = SiteId::new("coordinator").map_err(Failure::failed)?;
        let key = create_key(&home.path("operator/tls.key")).map_err(Failure::failed)?;
        let request = signing_request(&key).map_err(Failure::failed)?;
        let identity = Identity::person(self.name.clone(), id.clone());
        let chain = authority.certify(&request, &identity, now).map_err(Failure::failed)?;
        let leaf =
            chain.first().map(|leaf| Digest::of(leaf)).ok_or_else(|| Failure::failed("no certificate"))?;
        let label = "coordinator".to_owned();
        let person = Person { id, label, certificate: leaf, office: Office::Coordinator, enrolled: now };
        enrol_person(home, &person)?;
        let connect = self.public_listen.as_ref().unwrap_or(&self.listen);
        let sealed_root = sealed_root.to_json();
        let directory = home.path("operator");
        write_directly(&directory, "coordinator", connect, &chain, sealed_root.as_bytes(), dictionary)
            .map_err(Failure::failed)
    }

    fn network_toml(&self) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let public = |name: &str, value: &Option<String>| match value {
            Some(value) => format!("{name} = {}\n", quoted(value)),
            None => format!("# {name} = \"host:port\"\n"),
        };
        format!(
            "# The coordinator of the network {}.\nlabel = {}\n\n# Where sites and people connect.\nlisten = {}\n\
             # Where newcomers enrol.\nenrol = {}\n# What invitations say instead, behind a gateway.\n{}{}",
            self.name,
            quoted(self.name.as_str()),
            quoted(&self.listen),
            quoted(&self.enrol),
            public("public_listen", &self.public_listen),
            public("public_enrol", &self.public_enrol),
        )
    }

    fn say(&self, path: &Path, root: &Root) {
        println!("The network `{}` is in {}.", self.name, path.display());
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

use std::path::Path;
use std::sync::Arc;

use clap::Subcommand;
use notochord_ledger::{Ledger, Record as _};
use notochord_program::failure::Failure;
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::statement::{LONGEST_REASON, Says, Statement};
use notochord_proto::study::Study;
use serde_json::json;
use time::OffsetDateTime;

use super::plain_words;
use crate::centre::Centre;
use crate::decision::{self, Decision};
use crate::entry::{StudyAccepted, StudyRefused, StudyWithdrawn};
use crate::home::Home;
use crate::preview::{self, Later};
use crate::standing;

#[derive(Subcommand)]
pub(super) enum StudyCommand {
    /// List the studies that have arrived
    #[command(after_help = "Example: notochord-node --home node study list")]
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Say in plain words what a study asks and who has signed it
    #[command(after_help = "Example: notochord-node --home node study show colon-adjuvant")]
    Show {
        /// `id`, `id@version`, or the first digits of its digest
        study: String,
        /// The exact document instead
        #[arg(long)]
        document: bool,
    },
    /// Compute here and show every number that would leave
    #[command(after_help = "Example: notochord-node --home node study preview colon-adjuvant")]
    Preview {
        /// `id`, `id@version`, or the first digits of its digest
        study: String,
        /// The snapshot (first digits of its hash); by default the newest
        #[arg(long)]
        snapshot: Option<String>,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Accept a study: sign that this centre answers it, from one snapshot
    #[command(after_help = "Example: notochord-node --home node study accept colon-adjuvant")]
    Accept {
        /// `id`, `id@version`, or the first digits of its digest
        study: String,
        /// The snapshot (first digits of its hash); by default the newest
        #[arg(long)]
        snapshot: Option<String>,
    },
    /// Refuse a study, also one accepted before; the reason stays here
    #[command(
        after_help = "Example: notochord-node --home node study refuse colon-adjuvant --reason \"no capacity\""
    )]
    Refuse {
        /// `id`, `id@version`, or the first digits of its digest
        study: String,
        /// Why; written into this centre's ledger and told to nobody
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Withdraw a study: it runs no more, here or at any other site
    #[command(
        after_help = "Example: notochord-node --home node study withdraw colon-adjuvant --reason \"consent withdrawn\""
    )]
    Withdraw {
        /// `id`, `id@version`, or the first digits of its digest
        study: String,
        /// Why; told to the network
        #[arg(long, default_value = "")]
        reason: String,
    },
}

/// A study that has arrived, and what was decided about it.
pub(super) struct Arrived {
    pub(super) digest: Digest,
    pub(super) study: Study,
    pub(super) envelope: Envelope,
    pub(super) decision: Decision,
    /// Why it is answered no more.
    pub(super) stopped: Option<String>,
}

impl StudyCommand {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let home = Home::open(path)?;
        match self {
            Self::List { json } => list(&home, json),
            Self::Show { study, document } => show(&home, &study, document),
            Self::Preview { study, snapshot, json } => show_preview(&home, &study, snapshot.as_deref(), json),
            Self::Accept { study, snapshot } => accept(&home, &study, snapshot.as_deref()),
            Self::Refuse { study, reason } => refuse(&home, &study, &reason),
            Self::Withdraw { study, reason } => withdraw(&home, &study, &reason),
        }
    }
}

/// Every study that has arrived, by id and version.
pub(super) fn arrived(home: &Home) -> Result<Vec<Arrived>, Failure> {
    let mut all = Vec::new();
    // A ledger that cannot be read answers nothing; what lies here can be looked at all the same. Looking makes no file.
    let ledger = home.path("ledger/ledger.log").exists().then(|| home.ledger().ok()).flatten();
    for name in home.list("studies")? {
        let bytes = home.read(&format!("studies/{name}"))?.unwrap_or_default();
        // One damaged file must not hide the other studies.
        match read(home, ledger.as_ref(), &name, &bytes) {
            Ok(one) => all.push(one),
            Err(failure) => eprintln!("{failure}"),
        }
    }
    all.sort_by(|a, b| (&a.study.id, a.study.version).cmp(&(&b.study.id, b.study.version)));
    Ok(all)
}

fn read(home: &Home, ledger: Option<&Ledger>, name: &str, bytes: &[u8]) -> Result<Arrived, Failure> {
    let damaged = |error: &dyn std::fmt::Display| Failure::failed(format!("studies/{name}: {error}"));
    let envelope = Envelope::from_json(bytes).map_err(|error| damaged(&error))?;
    let study = Study::parse(&format!("studies/{name}"), envelope.payload_for_reading())?;
    let digest = envelope.payload_digest();
    let decision = match ledger {
        Some(ledger) => standing::decision(home, ledger, digest)?,
        None => decision::of(home, digest)?,
    };
    let stopped = ledger.and_then(|ledger| standing::stopped(ledger, digest));
    let stopped = stopped.map(|refusal| refusal.to_string());
    Ok(Arrived { digest, study, envelope, decision, stopped })
}

/// The study that `selector` names: `id` (its newest version), `id@version`, or the first digits of its digest.
fn find(home: &Home, selector: &str) -> Result<Arrived, Failure> {
    let digits = selector.strip_prefix("sha256:").unwrap_or(selector);
    let named = |one: &Arrived| {
        one.study.id.as_str() == selector
            || format!("{}@{}", one.study.id, one.study.version) == selector
            || (digits.len() >= 8 && one.digest.hex().starts_with(digits))
    };
    let mut matching: Vec<Arrived> = arrived(home)?.into_iter().filter(named).collect();
    let Some(found) = matching.pop() else {
        let message = format!("no study `{selector}` has arrived; `notochord-node study list` names them");
        return Err(Failure::usage(message));
    };
    // Of several versions the newest is meant; two documents of one version are never taken for each other.
    let twin = matching
        .iter()
        .find(|one| (&one.study.id, one.study.version) == (&found.study.id, found.study.version));
    match twin {
        Some(twin) => Err(Failure::usage(format!(
            "`{selector}` names two documents of one version; name {} or {}",
            twin.digest.short(),
            found.digest.short()
        ))),
        None => Ok(found),
    }
}

fn list(home: &Home, as_json: bool) -> Result<(), Failure> {
    let (all, centre) = (arrived(home)?, centre(home)?);
    let lacks = |one: &Arrived| centre.lacks(&one.study).first().map(ToString::to_string);
    if as_json {
        let lines = all.iter().map(|one| {
            json!({
                "id": one.study.id, "version": one.study.version, "title": one.study.title,
                "sha256": one.digest, "decision": word(one), "stopped": one.stopped, "lacks": lacks(one),
            })
        });
        println!("{}", serde_json::Value::from_iter(lines));
    } else if all.is_empty() {
        println!("No study has arrived.");
    } else {
        for one in all {
            let name = format!("{}@{}", one.study.id, one.study.version);
            println!("{:<10} {name:<30} {}", word(&one), one.study.title);
            if let Some(lack) = lacks(&one) {
                println!("{:<10} it {lack}", "");
            }
        }
    }
    Ok(())
}

pub(super) fn centre(home: &Home) -> Result<Centre, Failure> {
    Centre::open(home.clone(), Arc::new(OffsetDateTime::now_utc)).map_err(Failure::failed)
}

fn word(one: &Arrived) -> &'static str {
    match &one.decision {
        _ if one.stopped.is_some() => "stopped",
        Decision::Accepted(_) => "accepted",
        Decision::Pending => "waiting",
        Decision::Refused { .. } => "refused",
    }
}

fn show(home: &Home, selector: &str, document: bool) -> Result<(), Failure> {
    let found = find(home, selector)?;
    if document {
        print!("{}", String::from_utf8_lossy(found.envelope.payload_for_reading()));
        return Ok(());
    }
    let root = home.membership()?.root;
    let investigators = found.envelope.signers(&root.investigators);
    let approvers = found.envelope.signers(&root.approvers);
    let centre = centre(home)?;
    let study = centre.study(found.digest).map_err(Failure::refused)?;
    let lacks = centre.lacks(&study.study);
    if !lacks.is_empty() {
        println!("{}\n{}", study.study.title, study.study.question);
        lacks.iter().for_each(|lack| println!("It cannot run here: the study {lack}"));
        println!("Signed by: {}", investigators.join(", "));
        println!("Digest: {}", found.digest);
        return Ok(());
    }
    let question = centre.question(&study, &[]).map_err(Failure::refused)?;
    let subject = plain_words::Subject {
        study: &study.study,
        document: &String::from_utf8_lossy(study.envelope.payload_for_reading()),
        plan: &question.plan,
        rules: centre.rules(&study).map_err(Failure::refused)?,
        dictionary: centre.dictionary(),
    };
    plain_words::study(&subject).iter().for_each(|line| println!("{line}"));
    println!("Signed by: {}", investigators.join(", "));
    println!("Approved by: {} ({} needed)", approvers.join(", "), root.approvers.threshold());
    println!("Digest: {}", found.digest);
    println!("This centre: {}", word(&found));
    found.stopped.iter().for_each(|why| println!("It is answered no more: {why}."));
    Ok(())
}

fn show_preview(home: &Home, selector: &str, snapshot: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let (digest, snapshot) = (find(home, selector)?.digest, decision::choose_snapshot(home, snapshot)?);
    let centre = centre(home)?;
    let study = centre.study(digest).map_err(Failure::refused)?;
    let previews = preview::preview(&centre, &study, snapshot).map_err(Failure::refused)?;
    if as_json {
        let analyses = previews.iter().map(|one| {
            let integers = one.integers.iter().map(|(name, value)| {
                json!({ "name": name, "value": value.map(|value| value.to_string()) })
            });
            let leaves = serde_json::Value::from_iter(integers);
            json!({ "analysis": one.analysis, "leaves": leaves, "rules": one.reasons, "later": later(&one.later) })
        });
        println!("{}", serde_json::Value::from_iter(analyses));
        return Ok(());
    }
    println!("Computed here from snapshot {}; nothing has left.", snapshot.short());
    println!(
        "Counts are of patients. Sums are of whole steps from a public origin, as the network adds them."
    );
    println!("Nothing else would leave.");
    for one in &previews {
        println!("\n── {}", one.analysis);
        for (name, value) in &one.integers {
            match value {
                Some(value) => println!("{value:>28}  {name}"),
                None => println!("{:>28}  {name}", "stays here"),
            }
        }
        one.reasons.iter().for_each(|reason| println!("  rule: {reason}"));
        later_in_words(&one.later).iter().for_each(|line| println!("{line}"));
    }
    println!("\nTo accept exactly this: study accept {} --snapshot {}", digest.short(), snapshot.short());
    Ok(())
}

fn later(later: &Later) -> serde_json::Value {
    match later {
        Later::Nothing => json!({ "rounds_at_most": 0 }),
        Later::Withheld => json!({ "rounds_at_most": 0, "withheld": true }),
        Later::NotFromHere { rounds } => json!({ "rounds_at_most": rounds }),
        Later::Sums { names, integers, rounds, reasons } => json!({
            "rounds_at_most": rounds, "integers_of_a_round": integers, "names": names, "rules": reasons,
        }),
    }
}

fn later_in_words(later: &Later) -> Vec<String> {
    match later {
        Later::Nothing => Vec::new(),
        Later::Withheld => {
            vec!["  later rounds: none from here, as the first stays here".to_owned()]
        }
        Later::NotFromHere { rounds } => vec![format!(
            "  later rounds: at most {rounds}, under the same rules; what they ask depends on all sites' answers, and \
             the rows here lead to none by themselves"
        )],
        Later::Sums { names, integers, rounds, reasons } => {
            let mut lines = vec![format!(
                "  later rounds: at most {rounds}, each with up to {integers} numbers of these names, over the same rows. \
                 Their values depend on parameters that this node computes itself from all sites' answers; it answers \
                 no others."
            )];
            lines.extend(names.iter().map(|name| format!("{:>28}  {name}", "each round")));
            lines.extend(reasons.iter().map(|reason| format!("  rule: {reason}")));
            lines
        }
    }
}

fn accept(home: &Home, selector: &str, snapshot: Option<&str>) -> Result<(), Failure> {
    let (digest, snapshot) = (find(home, selector)?.digest, decision::choose_snapshot(home, snapshot)?);
    // What cannot run here is not accepted either: every signature is checked first.
    let centre = centre(home)?;
    let study = centre.study(digest).map_err(Failure::refused)?;
    centre.require(&study.study).map_err(Failure::refused)?;
    {
        let ledger = home.ledger()?;
        if let Some(stopped) = standing::stopped(&ledger, digest) {
            return Err(Failure::refused(stopped));
        }
        standing::with_quorum(study.clone(), &ledger, centre.root()).map_err(Failure::refused)?;
    }
    let now = OffsetDateTime::now_utc();
    let name = format!("{}@{}", study.study.id, study.study.version);
    let record = StudyAccepted { study: digest, name: name.clone(), snapshot };
    record.write(&mut home.ledger()?, now).map_err(Failure::failed)?;
    decision::accept(home, centre.root(), centre.site(), &study, snapshot, now)?;
    println!("Accepted `{name}`; it is answered from snapshot {}.", snapshot.short());
    Ok(())
}

/// Here it counts at once; the coordinator takes the statement with it at the node's next answer.
fn withdraw(home: &Home, selector: &str, reason: &str) -> Result<(), Failure> {
    if reason.chars().count() > LONGEST_REASON {
        return Err(Failure::usage("the reason is longer than 1000 characters"));
    }
    let (found, membership) = (find(home, selector)?, home.membership()?);
    let now = OffsetDateTime::now_utc();
    let statement = Statement {
        network: membership.network().clone(),
        study: found.digest,
        says: Says::Withdraw,
        reason: reason.to_owned(),
        made_at: now,
    };
    let sealed = statement.seal(&home.steward_key()?);
    let record = StudyWithdrawn { study: found.digest, by: membership.label };
    record.write(&mut home.ledger()?, now).map_err(Failure::failed)?;
    home.write(&format!("statements/{}.json", found.digest.hex()), sealed.to_json().as_bytes())?;
    println!(
        "Withdrew `{}@{}`. It runs here no more, and elsewhere as soon as this node reaches the coordinator.",
        found.study.id, found.study.version
    );
    Ok(())
}

fn refuse(home: &Home, selector: &str, reason: &str) -> Result<(), Failure> {
    let found = find(home, selector)?;
    let name = format!("{}@{}", found.study.id, found.study.version);
    let record = StudyRefused { study: found.digest, name: name.clone(), reason: reason.to_owned() };
    record.write(&mut home.ledger()?, OffsetDateTime::now_utc()).map_err(Failure::failed)?;
    decision::refuse(home, found.digest, reason)?;
    println!("Refused `{name}`.");
    Ok(())
}

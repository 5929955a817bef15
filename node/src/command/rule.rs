use std::path::Path;

use clap::{Args, Subcommand};
use notochord_ledger::Record as _;
use notochord_program::failure::Failure;
use notochord_proto::name::SiteId;
use notochord_proto::standing_rule::StandingRule;
use notochord_stats::registry::KINDS;
use serde_json::json;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::study::centre;
use crate::entry::StandingRuleChanged;
use crate::home::Home;
use crate::standing_rule;

/// Make, list and end standing rules: classes of studies this centre accepts beforehand
#[derive(Subcommand)]
pub(super) enum RuleCommand {
    /// Accept every study of a class from now on, until a day; the data steward signs it
    #[command(
        after_help = "Example: notochord-node --home node rule add counts --profile standard --kind describe --kind table \
                      --data-use DUO:0000042 --until 2027-06-30"
    )]
    Add(Add),
    /// List the standing rules
    #[command(after_help = "Example: notochord-node --home node rule list")]
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// End a standing rule; what it accepted stays accepted
    #[command(after_help = "Example: notochord-node --home node rule end counts")]
    End {
        /// The rule's name
        name: SiteId,
    },
}

/// A class of studies.
#[derive(Args)]
pub(super) struct Add {
    /// The rule's name at this centre
    name: SiteId,
    /// A disclosure profile that a study of the class may have; once for each
    #[arg(long = "profile", required = true, value_parser = ["standard", "rare", "cms"])]
    profiles: Vec<String>,
    /// A kind of analysis that it may hold, such as `describe`; once for each
    #[arg(long = "kind", required = true)]
    kinds: Vec<String>,
    /// A data-use term that it may ask under, such as DUO:0000042; once for each
    #[arg(long = "data-use", required = true)]
    data_use: Vec<String>,
    /// The last day, such as 2027-06-30
    #[arg(long, value_parser = day)]
    until: Date,
}

fn day(text: &str) -> Result<Date, String> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|_| "write a day like 2027-06-30".to_owned())
}

impl RuleCommand {
    pub(super) fn run(self, path: &Path) -> Result<(), Failure> {
        let home = Home::open(path)?;
        match self {
            Self::Add(add) => add.make(&home),
            Self::List { json } => list(&home, json),
            Self::End { name } => end(&home, &name),
        }
    }
}

impl Add {
    fn make(self, home: &Home) -> Result<(), Failure> {
        let known = || KINDS.iter().map(|kind| kind.name);
        if let Some(unknown) = self.kinds.iter().find(|kind| !known().any(|name| name == kind.as_str())) {
            let known = known().collect::<Vec<_>>().join(", ");
            return Err(Failure::usage(format!("there is no kind `{unknown}`; there are {known}")));
        }
        let (membership, now) = (home.membership()?, OffsetDateTime::now_utc());
        let rule = StandingRule {
            name: self.name,
            network: membership.network().clone(),
            site: membership.id().clone(),
            profiles: self.profiles,
            kinds: self.kinds,
            data_use: self.data_use,
            until: self.until,
            made_at: now,
        };
        let digest = standing_rule::make(home, &rule)?;
        let record = StandingRuleChanged {
            rule: digest,
            name: rule.name.to_string(),
            change: StandingRuleChanged::MADE.into(),
        };
        record.write(&mut home.ledger()?, now).map_err(Failure::failed)?;
        println!("From now on this centre accepts {}.", in_words(&rule));
        println!(
            "Studies that wait already are accepted when they are announced again, within a minute of a new link."
        );
        Ok(())
    }
}

/// A rule as the data steward reads it.
pub(super) fn in_words(rule: &StandingRule) -> String {
    format!(
        "every study of the profile {} whose analyses are only {}, asked under {}, until {}",
        rule.profiles.join(" or "),
        rule.kinds.join(", "),
        rule.data_use.join(", "),
        rule.until
    )
}

fn list(home: &Home, as_json: bool) -> Result<(), Failure> {
    let rules = standing_rule::standing(&centre(home)?, &home.ledger()?).map_err(Failure::failed)?;
    if as_json {
        let lines = rules.iter().map(|(digest, rule)| json!({ "sha256": digest, "rule": rule }));
        println!("{}", serde_json::Value::from_iter(lines));
    } else if rules.is_empty() {
        println!("There is no standing rule: the data steward decides on each study.");
    } else {
        rules.iter().for_each(|(_, rule)| println!("{}: {}", rule.name, in_words(rule)));
    }
    Ok(())
}

fn end(home: &Home, name: &SiteId) -> Result<(), Failure> {
    let rules = standing_rule::standing(&centre(home)?, &home.ledger()?).map_err(Failure::failed)?;
    let Some((digest, _)) = rules.iter().find(|(_, rule)| rule.name == *name) else {
        return Err(Failure::usage(format!("there is no standing rule `{name}`; `rule list` names them")));
    };
    standing_rule::end(home, name)?;
    let record = StandingRuleChanged {
        rule: *digest,
        name: name.to_string(),
        change: StandingRuleChanged::ENDED.into(),
    };
    record.write(&mut home.ledger()?, OffsetDateTime::now_utc()).map_err(Failure::failed)?;
    println!(
        "The standing rule `{name}` is ended. What it accepted stays accepted; `study refuse` undoes that."
    );
    Ok(())
}

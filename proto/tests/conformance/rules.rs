//! Statements about studies, and centres' standing rules.

use notochord_proto::standing_rule::StandingRule;
use notochord_proto::statement::{STATEMENT_TYPE, Says, Statement, StatementError};
use notochord_proto::weakened::Check;
use time::Duration;
use time::macros::date;

use crate::world::{
    APPROVER, COORDINATOR, INVESTIGATOR, NOW, STEWARD, STRANGER, key, network, role, root, said, sealed,
    site, study,
};
use crate::{Case, Outcome, refused};

/// Whether what this key states about a study counts.
fn stated(says: Says, signer: u8) -> Outcome {
    let reason = "because".to_owned();
    let statement = Statement { network: network(), study: study().digest(), says, reason, made_at: NOW };
    said(Statement::open(&statement.seal(&key(signer)), &root(1), &[role("toronto", 1, &[STEWARD])]))
}

/// Whether a rule for the class of `study()`, changed, covers it after so many days.
fn covered(days: i64, change: impl FnOnce(&mut StandingRule)) -> Outcome {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let mut rule = StandingRule {
        name: site("counts"),
        network: network(),
        site: site("toronto"),
        profiles: words(&["standard"]),
        kinds: words(&["describe", "table"]),
        data_use: study().data_use,
        until: date!(2026 - 12 - 31),
        made_at: NOW,
    };
    change(&mut rule);
    let sealed = rule.seal(&key(STEWARD));
    let rule =
        StandingRule::open(&sealed, &role("steward", 1, &[STEWARD]), &network(), &site("toronto")).unwrap();
    if rule.covers(&study(), NOW + Duration::days(days)) { Ok(()) } else { Err("not covered".into()) }
}

pub(crate) const CASES: &[Case] = &[
    refused("a stranger withdraws a study", Check::StatementOffice, "may withdraw", || {
        stated(Says::Withdraw, STRANGER)
    }),
    refused("the coordinator withdraws a study", Check::StatementOffice, "may withdraw", || {
        stated(Says::Withdraw, COORDINATOR)
    }),
    refused("an investigator rejects a study", Check::StatementOffice, "may reject", || {
        stated(Says::Reject, INVESTIGATOR)
    }),
    refused("a centre recuses itself from approving", Check::StatementOffice, "may recuse", || {
        stated(Says::Recuse, STEWARD)
    }),
    refused("a standing rule for another profile", Check::RuleClass, "not covered", || {
        covered(0, |rule| rule.profiles = vec!["cms".into()])
    }),
    refused("a standing rule for fewer kinds", Check::RuleClass, "not covered", || {
        covered(0, |rule| rule.kinds = vec!["histogram".into()])
    }),
    refused("a standing rule for other data use", Check::RuleClass, "not covered", || {
        covered(0, |rule| rule.data_use.clear())
    }),
    refused("a standing rule for another network", Check::RuleClass, "not covered", || {
        let rule = StandingRule {
            name: site("counts"),
            network: "other".parse().unwrap(),
            site: site("toronto"),
            profiles: vec!["standard".into()],
            kinds: vec!["describe".into(), "table".into()],
            data_use: study().data_use,
            until: date!(2026 - 12 - 31),
            made_at: NOW,
        };
        if rule.covers(&study(), NOW) { Ok(()) } else { Err("not covered".into()) }
    }),
    refused("a standing rule whose last day is over", Check::RuleExpiry, "not covered", || {
        covered(31, |_| {})
    }),
];

#[test]
fn a_standing_rule_covers_its_class_until_its_last_day() {
    covered(0, |_| {}).unwrap();
    covered(30, |_| {}).unwrap();
}

#[test]
fn who_may_state_something_about_a_study_is_heard() {
    for (says, signer) in [
        (Says::Withdraw, INVESTIGATOR),
        (Says::Withdraw, APPROVER),
        (Says::Withdraw, STEWARD),
        (Says::Reject, APPROVER),
        (Says::Recuse, APPROVER),
    ] {
        stated(says, signer).unwrap();
    }
}

#[test]
fn a_standing_rule_of_another_centre_or_another_steward_does_not_count() {
    let rule = StandingRule {
        name: site("counts"),
        network: network(),
        site: site("toronto"),
        profiles: Vec::new(),
        kinds: Vec::new(),
        data_use: Vec::new(),
        until: date!(2026 - 12 - 31),
        made_at: NOW,
    };
    let (sealed, steward) = (rule.seal(&key(STEWARD)), role("steward", 1, &[STEWARD]));
    assert!(StandingRule::open(&sealed, &steward, &network(), &site("utrecht")).is_err());
    let stranger = role("steward", 1, &[STRANGER]);
    assert!(StandingRule::open(&sealed, &stranger, &network(), &site("toronto")).is_err());
}

#[test]
fn nothing_of_what_a_stranger_states_is_read() {
    let rubbish = |signer| sealed(STATEMENT_TYPE, b"no statement".to_vec(), &[signer]);
    let opened = |signer| Statement::open(&rubbish(signer), &root(1), &[]).unwrap_err();
    assert!(matches!(opened(STRANGER), StatementError::Stranger));
    assert!(matches!(opened(APPROVER), StatementError::Malformed(_)));
}

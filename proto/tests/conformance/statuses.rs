//! Status lists: freeze, rollback, mix-and-match, turned clocks and recovery.

use notochord_proto::digest::Digest;
use notochord_proto::root::ROUND_TYPE;
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::status_list::{
    Member, Recused, Revoked, RootReference, StatusList, Superseded, Withdrawn,
};
use notochord_proto::trust::Trust;
use notochord_proto::weakened::Check;
use time::{Duration, OffsetDateTime};

use crate::world::{
    APPROVER, COORDINATOR, INVESTIGATOR, NOW, OTHER_COORDINATOR, STRANGER, informed_member, key, list,
    member, root, said, sealed, sealed_list, sealed_root, sealed_study, site,
};
use crate::{Case, Outcome, refused, taken};

/// What a member who has heard version 5 does with a list, now.
fn heard(version: u64, change: impl FnOnce(&mut StatusList)) -> Outcome {
    let mut trust = informed_member();
    let mut list = list(&trust, version);
    change(&mut list);
    said(trust.hear(&sealed_list(&list, COORDINATOR), NOW))
}

/// What a member does with a list that this key has sealed.
fn heard_from(signer: u8) -> Outcome {
    let mut trust = informed_member();
    let list = list(&trust, 6);
    said(trust.hear(&sealed_list(&list, signer), NOW))
}

/// Whether the list that an informed member holds is in force then.
fn at(time: OffsetDateTime) -> Outcome {
    said(informed_member().in_force(time))
}

/// A member who has heard the highest version there is, from a stolen key, and whose network has a new key since.
fn recovered() -> Trust {
    let mut trust = member();
    let stolen = list(&trust, u64::MAX);
    trust.hear(&sealed_list(&stolen, COORDINATOR), NOW).unwrap();
    let mut next = root(2);
    next.coordinator = key(OTHER_COORDINATOR).public();
    trust.succeed(&sealed_root(&next, &[1, 2])).unwrap();
    trust
}

pub(crate) const CASES: &[Case] = &[
    refused("a stranger seals the status list", Check::StatusKey, "0 of the 1", || heard_from(STRANGER)),
    refused("an approver seals the status list", Check::StatusKey, "0 of the 1", || heard_from(APPROVER)),
    refused("a root key seals the status list", Check::StatusKey, "0 of the 1", || heard_from(1)),
    refused("nobody seals the status list", Check::StatusKey, "0 of the 1", || {
        let mut trust = informed_member();
        let bytes = list(&trust, 6).to_bytes();
        said(trust.hear(&sealed(notochord_proto::status_list::STATUS_TYPE, bytes, &[]), NOW))
    }),
    refused("the former coordinator seals the status list", Check::StatusKey, "0 of the 1", || {
        let mut trust = recovered();
        let list = list(&trust, 1);
        said(trust.hear(&sealed_list(&list, COORDINATOR), NOW))
    }),
    refused("the status list says it is a round", Check::PayloadType, "round.v1", || {
        let mut trust = informed_member();
        let bytes = list(&trust, 6).to_bytes();
        said(trust.hear(&sealed(ROUND_TYPE, bytes, &[COORDINATOR]), NOW))
    }),
    refused("the status list of another network", Check::StatusNetwork, "the network `other`", || {
        heard(6, |list| list.network = "other".parse().unwrap())
    }),
    refused("the status list before", Check::StatusRollback, "plays back an older one", || heard(4, |_| {})),
    refused("status list 0", Check::StatusRollback, "plays back an older one", || heard(0, |_| {})),
    refused(
        "a list that was not expired is played back after a newer one",
        Check::StatusRollback,
        "has version 5",
        || {
            let mut trust = informed_member();
            let (older, newer) = (list(&trust, 5), list(&trust, 6));
            trust.hear(&sealed_list(&newer, COORDINATOR), NOW).unwrap();
            said(trust.hear(&sealed_list(&older, COORDINATOR), NOW))
        },
    ),
    refused("two status lists of one version", Check::StatusFork, "under the same version 5", || {
        heard(5, |list| list.expires -= Duration::hours(1))
    }),
    refused(
        "a status list that leaves a revocation out, under the same version",
        Check::StatusFork,
        "same version",
        || {
            let mut trust = member();
            let clean = list(&trust, 5);
            let mut revoking = clean.clone();
            revoking.revoked.push(revoked("toronto"));
            trust.hear(&sealed_list(&revoking, COORDINATOR), NOW).unwrap();
            said(trust.hear(&sealed_list(&clean, COORDINATOR), NOW))
        },
    ),
    refused("a status list of the root document before", Check::StatusRoot, "version 1, and", || {
        let mut trust = informed_member();
        let old = list(&trust, 6);
        trust.succeed(&sealed_root(&root(2), &[1, 2])).unwrap();
        said(trust.hear(&sealed_list(&old, COORDINATOR), NOW))
    }),
    refused(
        "a status list of a root document that has not come",
        Check::StatusRoot,
        "version 2, and",
        || heard(6, |list| list.root = RootReference { version: 2, digest: Digest::of(b"next") }),
    ),
    refused(
        "a status list of another root document of this version",
        Check::StatusRoot,
        "version 1, and",
        || heard(6, |list| list.root.digest = Digest::of(b"another")),
    ),
    refused(
        "the root document moves on and the status list does not",
        Check::StatusRoot,
        "another root document",
        || {
            let mut trust = informed_member();
            trust.succeed(&sealed_root(&root(2), &[1, 2])).unwrap();
            said(trust.in_force(NOW))
        },
    ),
    refused("a status list that is over", Check::StatusExpiry, "ended on", || {
        heard(6, |list| (list.issued, list.expires) = (NOW - Duration::hours(24), NOW - Duration::hours(1)))
    }),
    refused("a status list that ends this very moment", Check::StatusExpiry, "ended on", || {
        heard(6, |list| list.expires = NOW)
    }),
    refused("no new status list for a day", Check::StatusExpiry, "must reach the coordinator", || {
        at(NOW + Duration::hours(24))
    }),
    refused(
        "the status list held ends this very moment",
        Check::StatusExpiry,
        "must reach the coordinator",
        || at(NOW + Duration::hours(23)),
    ),
    refused("a clock turned a year ahead", Check::StatusExpiry, "must reach the coordinator", || {
        at(NOW + Duration::days(45))
    }),
    refused("a status list for more than a day", Check::StatusLife, "more than 24 hours", || {
        heard(6, |list| list.expires = list.issued + Duration::hours(24) + Duration::SECOND)
    }),
    refused("a status list for ever", Check::StatusLife, "more than 24 hours", || {
        heard(6, |list| list.expires = NOW + Duration::days(3650))
    }),
    refused("a status list that ends before it begins", Check::StatusLife, "before it begins", || {
        heard(6, |list| {
            (list.issued, list.expires) = (NOW + Duration::minutes(5), NOW + Duration::minutes(1))
        })
    }),
    refused("a status list of tomorrow", Check::StatusClock, "ahead of this clock", || {
        heard(6, |list| (list.issued, list.expires) = (NOW + Duration::hours(12), NOW + Duration::hours(30)))
    }),
    refused(
        "a status list from beyond the slack of clocks",
        Check::StatusClock,
        "ahead of this clock",
        || heard(6, |list| list.issued = NOW + Duration::minutes(11)),
    ),
    refused("a clock turned back behind the status list held", Check::StatusClock, "set it right", || {
        at(NOW - Duration::hours(2))
    }),
    refused("a clock turned back by years", Check::StatusClock, "set it right", || {
        at(NOW - Duration::days(3650))
    }),
    taken("a stolen key has used the highest version up and was replaced", Check::StatusRecovery, || {
        let mut trust = recovered();
        let list = list(&trust, 1);
        said(trust.hear(&sealed_list(&list, OTHER_COORDINATOR), NOW))
    }),
    refused("a withdrawn study", Check::Withdrawal, "withdrawn by k20", || {
        let mut trust = member();
        let study = Digest::of(b"study");
        let mut list = list(&trust, 1);
        list.withdrawn.push(Withdrawn { study, by: "k20".into(), statement: String::new() });
        trust.hear(&sealed_list(&list, COORDINATOR), NOW).unwrap();
        let withdrawn = trust.in_force(NOW).unwrap().withdrawn(study);
        withdrawn.map_or(Ok(()), |one| Err(format!("withdrawn by {}", one.by)))
    }),
    refused("a superseded study", Check::Supersession, "replaced by ages@2", || {
        let mut trust = member();
        let study = Digest::of(b"study");
        let mut list = list(&trust, 1);
        let replacement = Digest::of(b"the next version");
        list.superseded.push(Superseded { study, replacement, by: "ages@2".into() });
        trust.hear(&sealed_list(&list, COORDINATOR), NOW).unwrap();
        let superseded = trust.in_force(NOW).unwrap().superseded(study);
        superseded.map_or(Ok(()), |one| Err(format!("replaced by {}", one.by)))
    }),
    refused("the endorsement of an approver who takes no part", Check::Recusal, "k20 takes no part", || {
        let mut trust = member();
        let endorsed = sealed_study(&[INVESTIGATOR, APPROVER, 21]);
        let mut list = list(&trust, 1);
        let study = endorsed.payload_digest();
        list.recused.push(Recused { study, approver: "k20".into(), statement: String::new() });
        trust.hear(&sealed_list(&list, COORDINATOR), NOW).unwrap();
        let recused: Vec<String> = trust.in_force(NOW).unwrap().recused(study).map(str::to_owned).collect();
        let opened = SealedStudy::open(endorsed, &root(1), NOW).unwrap();
        said(opened.without(&recused, &root(1)))
    }),
    refused("a revoked site", Check::Revocation, "revoked", || {
        let mut trust = member();
        let mut list = list(&trust, 1);
        list.revoked.push(revoked("toronto"));
        trust.hear(&sealed_list(&list, COORDINATOR), NOW).unwrap();
        let is_revoked = trust.in_force(NOW).unwrap().site_is_revoked(&site("toronto"));
        if is_revoked { Err("revoked".into()) } else { Ok(()) }
    }),
];

fn revoked(id: &str) -> Revoked {
    Revoked { member: Member::Site(site(id)), certificate: Digest::of(b"certificate"), since: NOW }
}

#[test]
fn without_a_status_list_nothing_is_in_force() {
    let refusal = member().in_force(NOW).unwrap_err().to_string();
    assert!(refusal.starts_with("no status list"), "{refusal}");
}

#[test]
fn the_same_status_list_again_changes_nothing_and_a_later_one_is_new() {
    let mut trust = informed_member();
    let held = sealed_list(&list(&trust, 5), COORDINATOR);
    assert!(!trust.hear(&held, NOW).unwrap());
    assert!(trust.hear(&sealed_list(&list(&trust, 900), COORDINATOR), NOW).unwrap());
    assert_eq!(trust.last_heard().unwrap().version, 900);
}

#[test]
fn a_refused_status_list_leaves_the_one_held_in_force() {
    let mut trust = informed_member();
    let mut other = list(&trust, 9);
    other.root.version = 7;
    assert!(trust.hear(&sealed_list(&other, COORDINATOR), NOW).is_err());
    assert_eq!(trust.in_force(NOW).unwrap().version, 5);
}

#[test]
fn what_was_written_down_is_resumed_and_a_list_of_a_former_key_is_forgotten() {
    let (first, held) = (sealed_root(&root(1), &[1, 2]), sealed_list(&list(&member(), 5), COORDINATOR));
    let resumed = Trust::resume(&first, Some(&held)).unwrap();
    assert_eq!(resumed.in_force(NOW).unwrap().version, 5);
    let mut next = root(2);
    next.coordinator = key(OTHER_COORDINATOR).public();
    let resumed = Trust::resume(&sealed_root(&next, &[1, 2]), Some(&held)).unwrap();
    assert_eq!(resumed.last_heard(), None);
}

#[test]
fn a_recusal_lowers_no_quorum_and_the_endorsements_of_others_still_count() {
    let open = |signers: &[u8]| SealedStudy::open(sealed_study(signers), &root(1), NOW).unwrap();
    let three = open(&[INVESTIGATOR, APPROVER, 21, 22]).without(&["k20".into()], &root(1)).unwrap();
    assert_eq!(three.approvers, ["k21", "k22"]);
    let two = open(&[INVESTIGATOR, APPROVER, 21]).without(&["k20".into()], &root(1)).unwrap_err().to_string();
    assert!(two.contains("1 of the 2 needed count, because k20"), "{two}");
    assert!(open(&[INVESTIGATOR, APPROVER, 21]).without(&["k22".into()], &root(1)).is_ok());
}

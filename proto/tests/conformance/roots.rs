//! Root documents: the first one, and each next one.

use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::root::ROOT_TYPE;
use notochord_proto::status_list::STATUS_TYPE;
use notochord_proto::trust::Trust;
use notochord_proto::weakened::Check;
use serde_json::json;
use time::macros::{datetime, offset};
use time::{Duration, OffsetDateTime};

use crate::world::{
    APPROVER, COORDINATOR, INVESTIGATOR, STRANGER, informed_member, key, list, member, reshuffled,
    rewritten_root, role, root, said, sealed, sealed_list, sealed_root,
};
use crate::{Case, Outcome, refused, taken};

/// What a newcomer does with a first root document that it was told the digest of.
fn first(envelope: &Envelope) -> Outcome {
    said(Trust::begin(envelope, envelope.payload_digest()))
}

/// What a member who holds version 1 does with the next document.
fn next(envelope: &Envelope) -> Outcome {
    said(member().succeed(envelope))
}

/// Whether a member who hears status lists as it should may act then.
fn at(time: OffsetDateTime) -> Outcome {
    let mut trust = member();
    let mut list = list(&trust, 1);
    (list.issued, list.expires) = (time - Duration::hours(1), time + Duration::hours(1));
    trust.hear(&sealed_list(&list, COORDINATOR), time).unwrap();
    said(trust.in_force(time))
}

/// Version 2, with its version changed.
fn of_version(version: u32) -> Outcome {
    next(&sealed_root(&root(version), &[1, 2]))
}

pub(crate) const CASES: &[Case] = &[
    refused("the first root document is another than was announced", Check::RootPin, "as announced", || {
        said(Trust::begin(&sealed_root(&root(1), &[1, 2]), Digest::of(b"another")))
    }),
    refused("the first root document has one signature of two", Check::Threshold, "1 of the 2", || {
        first(&sealed_root(&root(1), &[1]))
    }),
    refused("the first root document has no signature", Check::Threshold, "0 of the 2", || {
        first(&sealed_root(&root(1), &[]))
    }),
    refused("a stranger's signature fills the threshold", Check::Threshold, "1 of the 2", || {
        first(&sealed_root(&root(1), &[1, STRANGER]))
    }),
    refused("an approver signs a root document", Check::Threshold, "1 of the 2", || {
        first(&sealed_root(&root(1), &[1, APPROVER]))
    }),
    refused("a signature is of other bytes", Check::Threshold, "1 of the 2", || {
        let mut other = sealed_root(&root(7), &[2]);
        let taken_from = serde_json::from_str::<serde_json::Value>(&other.to_json()).unwrap();
        other = reshuffled(&sealed_root(&root(1), &[1]), |signatures| {
            signatures.push(taken_from["signatures"][0].clone());
        });
        first(&other)
    }),
    refused("one key signs twice", Check::KeyCountsOnce, "1 of the 2", || {
        first(&reshuffled(&sealed_root(&root(1), &[1]), |signatures| signatures.push(signatures[0].clone())))
    }),
    refused("one key signs under two key ids", Check::KeyCountsOnce, "1 of the 2", || {
        first(&reshuffled(&sealed_root(&root(1), &[1]), |signatures| {
            let mut second = signatures[0].clone();
            second["keyid"] = json!(key(2).public().id().0);
            signatures.push(second);
        }))
    }),
    refused("the first root document says it is a status list", Check::PayloadType, "status.v1", || {
        first(&sealed(STATUS_TYPE, root(1).to_bytes(), &[1, 2]))
    }),
    refused("the next root document says it is a study", Check::PayloadType, "study.v1", || {
        next(&sealed(notochord_proto::root::STUDY_TYPE, root(2).to_bytes(), &[1, 2]))
    }),
    refused("the new root keys alone sign", Check::OldRootKeys, "root keys in force: 0 of the 2", || {
        let mut changed = root(2);
        changed.root = role("root", 2, &[4, 5, 6]);
        next(&sealed_root(&changed, &[4, 5]))
    }),
    refused(
        "one old root key of two and the new ones sign",
        Check::OldRootKeys,
        "in force: 1 of the 2",
        || {
            let mut changed = root(2);
            changed.root = role("root", 2, &[3, 4, 5]);
            next(&sealed_root(&changed, &[3, 4, 5]))
        },
    ),
    refused("the coordinator makes itself root", Check::OldRootKeys, "in force: 0 of the 2", || {
        let mut changed = root(2);
        changed.root = role("root", 1, &[COORDINATOR]);
        next(&sealed_root(&changed, &[COORDINATOR]))
    }),
    refused("the old root keys alone sign", Check::NewRootKeys, "its own root keys: 0 of the 2", || {
        let mut changed = root(2);
        changed.root = role("root", 2, &[4, 5, 6]);
        next(&sealed_root(&changed, &[1, 2, 3]))
    }),
    refused(
        "the new threshold is higher and not met",
        Check::NewRootKeys,
        "its own root keys: 2 of the 3",
        || {
            let mut changed = root(2);
            changed.root = role("root", 3, &[1, 2, 3]);
            next(&sealed_root(&changed, &[1, 2]))
        },
    ),
    refused("one old key signs for old and new", Check::NewRootKeys, "its own root keys: 1 of the 2", || {
        let mut changed = root(2);
        changed.root = role("root", 2, &[1, 4, 5]);
        next(&sealed_root(&changed, &[1, 2]))
    }),
    refused("the same version again", Check::RootVersion, "has version 1", || of_version(1)),
    refused("version 0", Check::RootVersion, "has version 0", || of_version(0)),
    refused("a version is left out", Check::RootVersion, "has version 3", || of_version(3)),
    refused("the highest version there is", Check::RootVersion, "has version 4294967295", || {
        of_version(u32::MAX)
    }),
    refused("the version before, after two rotations", Check::RootVersion, "has version 2", || {
        let mut trust = member();
        trust.succeed(&sealed_root(&root(2), &[1, 2])).unwrap();
        trust.succeed(&sealed_root(&root(3), &[1, 2])).unwrap();
        said(trust.succeed(&sealed_root(&root(2), &[1, 2])))
    }),
    refused("the next document of another network", Check::RootNetwork, "the network `other`", || {
        let mut other = root(2);
        other.network = "other".parse().unwrap();
        next(&sealed_root(&other, &[1, 2]))
    }),
    refused("a key is twice in a role", Check::DistinctKeys, "twice", || {
        next(&rewritten_root(
            |json| json["roles"]["approvers"]["keys"][1]["key"] = json!(key(APPROVER).public().to_string()),
            &[1, 2],
        ))
    }),
    refused("a name is twice in a role", Check::DistinctKeys, "twice", || {
        next(&rewritten_root(|json| json["roles"]["approvers"]["keys"][1]["name"] = json!("k20"), &[1, 2]))
    }),
    refused("approvers need no signature", Check::RoleThreshold, "the threshold is 0", || {
        next(&rewritten_root(|json| json["roles"]["approvers"]["threshold"] = json!(0), &[1, 2]))
    }),
    refused(
        "approvers need more signatures than they are",
        Check::RoleThreshold,
        "the threshold is 4",
        || next(&rewritten_root(|json| json["roles"]["approvers"]["threshold"] = json!(4), &[1, 2])),
    ),
    refused("nobody is an approver", Check::RoleThreshold, "with 0 keys", || {
        let empty = json!({"threshold": 1, "keys": []});
        next(&rewritten_root(|json| json["roles"]["approvers"] = empty, &[1, 2]))
    }),
    refused("an investigator approves", Check::SeparateOffices, "approvers and investigators", || {
        let mut changed = root(2);
        changed.approvers = role("approvers", 1, &[APPROVER, INVESTIGATOR]);
        next(&sealed_root(&changed, &[1, 2]))
    }),
    refused("the coordinator approves", Check::SeparateOffices, "coordinator and approvers", || {
        let mut changed = root(2);
        changed.approvers = role("approvers", 1, &[APPROVER, COORDINATOR]);
        next(&sealed_root(&changed, &[1, 2]))
    }),
    refused("a root key approves", Check::SeparateOffices, "root and approvers", || {
        let mut changed = root(2);
        changed.approvers = role("approvers", 1, &[APPROVER, 1]);
        next(&sealed_root(&changed, &[1, 2]))
    }),
    refused("the root document is over", Check::RootExpiry, "expired on 2027-01-31", || {
        at(datetime!(2027-02-01 00:00 UTC))
    }),
    refused("the root document is over, by a clock of another zone", Check::RootExpiry, "expired", || {
        at(datetime!(2027-02-01 00:00 UTC).to_offset(offset!(-11)))
    }),
    refused(
        "the last of a chain of root documents is over",
        Check::RootExpiry,
        "expired on 2026-06-30",
        || {
            let (mut trust, mut over) = (member(), root(2));
            over.expires = time::macros::date!(2026 - 06 - 30);
            trust.succeed(&sealed_root(&over, &[1, 2])).unwrap();
            let list = list(&trust, 1);
            trust.hear(&sealed_list(&list, COORDINATOR), crate::world::NOW).unwrap();
            said(trust.in_force(crate::world::NOW))
        },
    ),
    taken("a root document in the middle of the chain is over", Check::StatusRecovery, || {
        // A member who was away for long passes over documents that have expired since.
        let (mut trust, mut over, mut newest) = (informed_member(), root(2), root(3));
        over.expires = time::macros::date!(2026 - 06 - 30);
        over.coordinator = key(crate::world::OTHER_COORDINATOR).public();
        newest.coordinator = over.coordinator;
        said(trust.succeed(&sealed_root(&over, &[1, 2])))?;
        said(trust.succeed(&sealed_root(&newest, &[1, 2])))?;
        said(trust.hear(&sealed_list(&list(&trust, 1), crate::world::OTHER_COORDINATOR), crate::world::NOW))?;
        said(trust.in_force(crate::world::NOW))
    }),
];

/// What a type of document says it is must not decide who may sign it: this holds whichever check is off.
#[test]
fn a_root_document_changes_hands_with_the_thresholds_of_both_sides() {
    let mut trust = member();
    let mut changed = root(2);
    changed.root = role("root", 3, &[4, 5, 6]);
    trust.succeed(&sealed_root(&changed, &[1, 3, 4, 5, 6])).unwrap();
    assert_eq!(trust.root_reference().version, 2);
    // From now on the old keys say nothing.
    assert!(trust.succeed(&sealed_root(&root(3), &[1, 2, 3])).is_err());
    let mut back = root(3);
    back.throwaway_minimum = Some(1);
    trust.succeed(&sealed(ROOT_TYPE, back.to_bytes(), &[1, 2, 4, 5, 6])).unwrap();
    assert_eq!(trust.root().throwaway_minimum, Some(1));
}

//! The sealed documents: root, study, roster, acceptances and the record of how the run ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use notochord_proto::dictionary::{Dictionary, DictionaryFiles};
use notochord_proto::digest::Digest;
use notochord_proto::envelope::Envelope;
use notochord_proto::name::{RunId, SiteId};
use notochord_proto::problem::Problem;
use notochord_proto::role::Role;
use notochord_proto::root::{RELEASE_TYPE, Root};
use notochord_proto::roster::Roster;
use notochord_proto::scope::Scope;
use notochord_proto::sealed_study::SealedStudy;
use notochord_proto::wire;
use notochord_stats::plan::Plan;
use prost::Message as _;

use super::report::Report;
use super::result::ReleasedResult;
use super::{Case, Known, envelope, rounds};
use crate::directory::Site;
use crate::evidence::{self, Evidence};
use crate::round::Seat;

/// Opens what everything else builds upon; nothing where that is not possible.
pub(super) fn open<'a>(
    files: &'a BTreeMap<String, Vec<u8>>,
    known: &'a Known,
    report: &mut Report,
) -> Option<Case<'a>> {
    let evidence = report.take("evidence.json", read(files))?;
    let result = ReleasedResult::parse(files.get("result.json").map_or(&[], Vec::as_slice));
    let result = report.take("result.json", result)?;
    let (root, root_digest) = root(&evidence, known, report)?;
    let dictionary = report.take("data dictionary", dictionary(&evidence, &root))?;
    report.holds(
        "data dictionary",
        format!("version {}, as the root document names it", root.dictionary_version),
    );
    let sealed = envelope(&evidence.study).map_err(|error| error.to_string());
    let study = sealed.and_then(|sealed| {
        SealedStudy::open(sealed, &root, result.run.started).map_err(|error| error.to_string())
    });
    let study = report.take("study", study)?;
    let (signed, approved) = (study.investigators.join(", "), study.approvers.join(", "));
    report.holds("study", format!("{} signed by {signed}, approved by {approved}", study.digest));
    let roster = report.take("roster", roster(&evidence, &root, &result.run.id))?;
    let sites: Vec<Site> = evidence::enrolled(&roster).collect();
    report
        .holds("roster", format!("{} enrolled sites and their keys, on the coordinator's word", sites.len()));
    let keys = envelope(&evidence.roster).ok()?.payload_digest();
    let (seated, seats) = report.take("round", seats(&evidence, &root, &study, &sites, &result.run.id))?;
    let labels: Vec<String> = seats.iter().map(|seat| seat.site.label.clone()).collect();
    let plan = Arc::new(report.take("study", plan(&study, &dictionary, &labels))?);
    let rounds = rounds::digests(&evidence.rounds);
    Some(Case {
        known,
        files,
        evidence,
        result,
        root,
        root_digest,
        study,
        plan,
        sites,
        keys,
        seated,
        seats,
        rounds,
    })
}

fn read(files: &BTreeMap<String, Vec<u8>>) -> Result<Evidence, String> {
    let bytes = files.get("evidence.json").ok_or(
        "it is not there; fetch the result again with `notochord result RUN --out DIR`, or see runs/ at the coordinator",
    )?;
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    let unreadable = |error: serde_json::Error| format!("it cannot be read: {error}");
    let found = serde_json::from_slice::<Format>(bytes).map_err(unreadable)?.format;
    if found != evidence::FORMAT {
        return Err(format!(
            "it has format {found}; this program reads {}: use another version",
            evidence::FORMAT
        ));
    }
    serde_json::from_slice(bytes).map_err(unreadable)
}

fn root(evidence: &Evidence, known: &Known, report: &mut Report) -> Option<(Root, Digest)> {
    let what = "root document";
    let sealed = report.take(what, envelope(&evidence.root))?;
    let root = report.take(what, Root::open(&sealed))?;
    let digest = sealed.payload_digest();
    match known.root {
        Some(expected) if expected != digest => {
            report.take(what, leads_from(expected, &evidence.earlier_roots, &sealed))?;
            report.holds(what, format!("{digest} of {}, to which the one you named leads", root.network));
        }
        Some(_) => report.holds(what, format!("{digest} of {}, as you named it", root.network)),
        None => {
            report.holds(what, format!("{digest} of {}, sealed by its own keys", root.network));
            report.misses(
                "trust anchor",
                "compare that digest with the one in an invitation, or name yours with --root",
            );
        }
    }
    Some((root, digest))
}

/// Whether the root document of this digest leads, one document after the other, to the one that was in force.
fn leads_from(expected: Digest, earlier: &[String], in_force: &Envelope) -> Result<(), String> {
    let other = || format!("it is {}, not the {expected} that you named", in_force.payload_digest());
    let mut held: Option<Root> = None;
    for text in earlier {
        let next = envelope(text).map_err(|error| error.to_string())?;
        held = match held {
            None if next.payload_digest() != expected => None,
            None => Some(Root::open(&next).map_err(|error| error.to_string())?),
            Some(held) => Some(held.successor(&next).map_err(|error| error.to_string())?),
        };
    }
    held.ok_or_else(other)?.successor(in_force).map(drop).map_err(|error| error.to_string())
}

fn dictionary(evidence: &Evidence, root: &Root) -> Result<Dictionary, String> {
    let files = evidence.dictionary.iter().map(|(name, text)| (name.clone(), text.clone().into_bytes()));
    let files = DictionaryFiles::new(files).map_err(|problem| problem.to_string())?;
    if files.digest() != root.dictionary {
        return Err("it is not the dictionary that the root document names".into());
    }
    Dictionary::from_files(&files).map_err(first)
}

fn first(problems: Vec<Problem>) -> String {
    problems.first().map(ToString::to_string).unwrap_or_default()
}

pub(super) fn coordinator(root: &Root) -> Role {
    Role::of_one("the coordinator", root.coordinator)
}

fn roster(evidence: &Evidence, root: &Root, run: &RunId) -> Result<Roster, String> {
    let sealed = envelope(&evidence.roster).map_err(|error| error.to_string())?;
    let roster = Roster::open(&sealed, &coordinator(root)).map_err(|error| error.to_string())?;
    match roster.network == root.network && roster.run == *run {
        true => Ok(roster),
        false => Err("it is the roster of another run".into()),
    }
}

/// The sites of the first round, as it seats them and as they are known.
fn seats(
    evidence: &Evidence,
    root: &Root,
    study: &SealedStudy,
    sites: &[Site],
    run: &RunId,
) -> Result<(Vec<wire::Seat>, Vec<Seat>), String> {
    let first = evidence.rounds.first().ok_or("no round is shown")?;
    let (_, round) = rounds::open(first, root, study, run)?;
    let mut seats: Vec<Seat> = Vec::new();
    for seat in &round.roster {
        let named = |site: &&Site| site.id.as_str() == seat.site && site.label == seat.label;
        let site = sites.iter().find(named).ok_or_else(|| {
            format!(
                "it seats `{}`, which the roster does not know",
                seat.site.chars().take(63).collect::<String>()
            )
        })?;
        if seats.iter().any(|other| other.site.id == site.id) {
            return Err(format!("it seats `{}` twice", site.id));
        }
        let snapshot = Digest::try_from(seat.snapshot.as_slice()).map_err(|error| error.to_string())?;
        let acceptance = evidence.acceptances.get(&site.id).cloned().unwrap_or_default();
        seats.push(Seat { site: site.clone(), snapshot, acceptance });
    }
    Ok((round.roster, seats))
}

fn plan(study: &SealedStudy, dictionary: &Dictionary, labels: &[String]) -> Result<Plan, String> {
    Scope::new(dictionary, labels)
        .with_derived(&study.study)
        .and_then(|scope| Plan::new(&study.study, &scope))
        .map_err(first)
}

/// Each site of the round accepted the study for the snapshot that the round names.
pub(super) fn acceptances(case: &Case<'_>, report: &mut Report) {
    for seat in &case.seats {
        let what = format!("acceptance by {}", seat.site.id);
        if !case.evidence.acceptances.contains_key(&seat.site.id) {
            report.fails(what, "the site was asked, but its steward's acceptance is not there");
            continue;
        }
        let opened = seat.acceptance.open(&seat.site, &case.root.network, case.study.digest);
        let Some(accepted) = report.take(&what, opened) else { continue };
        match accepted.snapshot == seat.snapshot {
            true => {
                report.holds(what, format!("for snapshot {}, sealed by its steward", seat.snapshot.short()))
            }
            false => report.fails(what, "it is for another snapshot than the round names"),
        }
    }
}

/// The coordinator's record of how the run ended speaks of this result.
pub(super) fn release(case: &Case<'_>, report: &mut Report) {
    let what = "release record";
    if report.take(what, check_release(case)).is_some() {
        report.holds(what, "sealed by the coordinator, names this result and how each site took part");
    }
}

fn check_release(case: &Case<'_>) -> Result<(), String> {
    let sealed = envelope(&case.evidence.release).map_err(|error| error.to_string())?;
    let verified =
        sealed.verify(RELEASE_TYPE, &coordinator(&case.root)).map_err(|error| error.to_string())?;
    let record = wire::ReleaseRecord::decode(verified.payload).map_err(|error| error.to_string())?;
    if record.network != case.root.network.as_str() || record.run != case.result.run.id.as_str() {
        return Err("it is the record of another run".into());
    }
    if record.study != case.study.digest.as_bytes() {
        return Err("it is about another study".into());
    }
    if !record.rounds.iter().eq(case.rounds.iter().map(|round| round.as_bytes())) {
        return Err("it names other rounds".into());
    }
    if record.result != case.result.digest.as_bytes() {
        return Err("it names another result.json".into());
    }
    let told: BTreeMap<&str, &str> =
        record.sites.iter().map(|site| (site.site.as_str(), site.status.as_str())).collect();
    let shown: BTreeMap<&str, &str> =
        case.result.sites.iter().map(|site| (site.id.as_str(), site.status.name())).collect();
    if told != shown {
        return Err("it says otherwise how the sites took part".into());
    }
    let contributed = shown.iter().filter(|(_, status)| **status == "contributed").map(|(site, _)| *site);
    let first = case.evidence.rounds.first().into_iter().flat_map(|round| round.answers.keys());
    match contributed.eq(first.map(SiteId::as_str)) {
        true => Ok(()),
        false => Err("the sites that contributed are not those whose answers are there".into()),
    }
}

//! The status list under a clock that is turned, and what a revocation, a renewal and an end of life do to it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::{Arc, Mutex, RwLock};

use notochord_ledger::Ledger;
use notochord_link::tls::signing_request;
use notochord_proto::digest::Digest;
use notochord_proto::keys::SecretKey;
use notochord_proto::name::SiteId;
use notochord_proto::trust::Trust;
use rcgen::KeyPair;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::*;
use crate::connections::Connections;
use crate::directory::{Site, Standing};
use crate::home::Home;
use crate::hub::Hub;
use crate::in_force::InForce;
use crate::logbook::Logbook;
use crate::renewal;
use crate::revocation;
use crate::store::{Invitee, Store};

struct Bench {
    office: Office,
    hours: Arc<Mutex<i64>>,
    _directory: tempfile::TempDir,
}

fn public_key(seed: u8) -> notochord_proto::keys::PublicKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32])).public()
}

impl Bench {
    fn set() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("office");
        let dictionary = directory.path().join("dictionary.csv");
        let csv = include_str!("../../../tests/tests/commands/base/dictionary.csv");
        std::fs::write(&dictionary, csv).unwrap();
        let [home, dictionary] = [&path, &dictionary].map(|path| path.display().to_string());
        let (investigator, approver) = (format!("i={}", public_key(1)), format!("a={}", public_key(2)));
        let arguments = [
            "notochord",
            "--home",
            &home,
            "init",
            "--name",
            "net",
            "--dictionary",
            &dictionary,
            "--investigator",
            &investigator,
            "--approver",
            &approver,
        ];
        let made = crate::main(arguments.map(Into::into));
        assert_eq!(format!("{made:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
        let home = Home::open(&path).unwrap();
        let hours = Arc::new(Mutex::new(0));
        let (turned, start) = (hours.clone(), OffsetDateTime::now_utc());
        let office = Office {
            addresses: home.addresses().unwrap(),
            in_force: RwLock::new(InForce::load(&home).unwrap()),
            key: home.coordinator_key().unwrap(),
            logbook: Logbook::new(
                Ledger::open(home.ledger_storage().unwrap(), home.checkpoint_key().unwrap()).unwrap(),
            ),
            store: Store::open(&home.path("state")).unwrap(),
            hub: Hub::new().0,
            status: StatusBoard::new(),
            connections: Connections::default(),
            feeds: Mutex::default(),
            submitting: Mutex::default(),
            witnessing: tokio::sync::Mutex::default(),
            registering: Mutex::default(),
            clock: Arc::new(move || start + Duration::hours(*turned.lock().unwrap())),
            home,
        };
        Self { office, hours, _directory: directory }
    }

    fn turn_to(&self, hours: i64) {
        *self.hours.lock().unwrap() = hours;
    }

    fn list(&self) -> Arc<StatusList> {
        current(&self.office).unwrap().list
    }

    /// What a member makes of the list, now.
    fn heard_by(&self, trust: &mut Trust) -> Result<bool, String> {
        let sealed = Envelope::from_json(&current(&self.office).unwrap().sealed).unwrap();
        trust.hear(&sealed, self.office.now()).map_err(|error| error.to_string())
    }

    fn member(&self) -> Trust {
        Trust::resume(&self.office.in_force().sealed_root, None).unwrap()
    }

    fn toronto(&self) -> Site {
        directory::site(&self.office.home, &id()).unwrap().unwrap()
    }

    fn enrol(&self) {
        let site = Site {
            id: id(),
            label: "Toronto".into(),
            node: public_key(3),
            steward: public_key(4),
            certificate: Digest::of(b"first"),
            certificate_expires: self.office.now() + Duration::days(7),
            upcoming: Vec::new(),
            revoked: None,
            dial: None,
            enrolled: self.office.now(),
        };
        directory::enrol_site(&self.office.home, &site).unwrap();
    }

    /// Certifies a new key; returns the certificate's digest.
    fn renew(&self) -> Digest {
        let request = signing_request(&KeyPair::generate().unwrap()).unwrap();
        Digest::of(&renewal::certify_site(&self.office, &id(), &request).unwrap()[0])
    }
}

fn id() -> SiteId {
    SiteId::new("toronto").unwrap()
}

#[test]
fn a_list_is_issued_anew_long_before_it_ends_and_members_always_hold_one_in_force() {
    let bench = Bench::set();
    let mut member = bench.member();
    let mut versions = Vec::new();
    for hour in 0..72 {
        bench.turn_to(hour);
        bench.heard_by(&mut member).unwrap();
        member.in_force(bench.office.now()).unwrap();
        versions.push(bench.list().version);
    }
    assert!(versions.is_sorted());
    versions.dedup();
    assert_eq!(versions.len(), 12, "a new list every six hours");
}

#[test]
fn a_clock_turned_back_or_a_lost_list_never_counts_down() {
    let bench = Bench::set();
    let mut member = bench.member();
    bench.turn_to(5);
    bench.heard_by(&mut member).unwrap();
    let before = bench.list().version;
    bench.turn_to(0);
    assert!(bench.list().version > before);
    // Restored from an older copy, without the newest list: later is still later.
    bench.turn_to(6);
    std::fs::remove_file(bench.office.home.path(FILE)).unwrap();
    *bench.office.status.held() = None;
    bench.heard_by(&mut member).unwrap();
}

#[test]
fn a_revocation_is_on_the_list_at_once_and_a_new_invitation_takes_it_off() {
    let bench = Bench::set();
    bench.enrol();
    let before = bench.list().version;
    let listed = revocation::revoke(&bench.office, &Member::Site(id())).unwrap();
    assert!(listed > before);
    assert!(bench.list().site_is_revoked(&id()));
    assert_eq!(bench.toronto().standing(Digest::of(b"first")), Standing::Revoked);
    assert!(bench.office.invite("Toronto", None, Invitee::Site { dial: None }, Duration::HOUR).is_ok());
    let request = signing_request(&KeyPair::generate().unwrap()).unwrap();
    assert!(renewal::certify_site(&bench.office, &id(), &request).is_err(), "revoked is not renewed");
    bench.enrol();
    assert!(!bench.list().site_is_revoked(&id()));
}

#[test]
fn a_renewal_cut_off_anywhere_leaves_the_site_a_certificate_that_is_let_in() {
    let bench = Bench::set();
    bench.enrol();
    // The node may have stored any of these, or none.
    let issued: Vec<Digest> = (0..3).map(|_| bench.renew()).collect();
    for shown in issued.iter().chain([&Digest::of(b"first")]) {
        assert_ne!(bench.toronto().standing(*shown), Standing::Unknown);
    }
    let mut seen = bench.toronto();
    seen.promote(issued[1]);
    assert_eq!(seen.standing(issued[1]), Standing::Held);
    assert_eq!(seen.standing(Digest::of(b"first")), Standing::Unknown, "the old one is over");
    assert_eq!(seen.standing(issued[2]), Standing::Unknown);
}

#[test]
fn an_enrolled_name_is_invited_again_only_once_its_certificate_has_ended() {
    let bench = Bench::set();
    bench.enrol();
    let invite = || bench.office.invite("Toronto", None, Invitee::Site { dial: None }, Duration::HOUR);
    assert!(invite().is_err());
    bench.turn_to(3 * 24);
    assert!(!renewal::is_due(&bench.office, bench.toronto().certificate_expires));
    bench.turn_to(4 * 24);
    assert!(renewal::is_due(&bench.office, bench.toronto().certificate_expires));
    bench.turn_to(8 * 24);
    assert!(invite().is_ok());
}

#[test]
fn what_somebody_states_again_in_other_words_is_the_same_statement() {
    use notochord_proto::root::STUDY_TYPE;
    use notochord_proto::statement::{Says, Statement};
    let bench = Bench::set();
    let key = |seed| SecretKey::from_seed(&Zeroizing::new([seed; 32]));
    let text = include_str!("../../../tests/tests/attacks/ages.toml");
    let sealed = Envelope::seal(STUDY_TYPE, text.as_bytes().to_vec(), &key(1));
    let study = sealed.payload_digest();
    bench.office.home.write(&format!("studies/{}.json", study.hex()), sealed.to_json().as_bytes()).unwrap();
    for (reason, says) in [("one", Says::Withdraw), ("two", Says::Withdraw), ("three", Says::Recuse)] {
        let made_at = bench.office.now();
        let network = bench.office.root().network.clone();
        let statement = Statement { network, study, says, reason: reason.into(), made_at };
        let sealed = statement.seal(&key(2)).to_json();
        statements::take(&bench.office, sealed.as_bytes()).unwrap();
    }
    let stated = statements::about(&bench.office.home, study).unwrap();
    assert_eq!(stated.len(), 2);
    assert_eq!(bench.list().withdrawn(study).unwrap().by, "a");
    assert_eq!(bench.list().recused(study).collect::<Vec<_>>(), ["a"]);
}

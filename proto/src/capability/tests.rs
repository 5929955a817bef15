#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

fn ours() -> Offer {
    Offer::of_this_release("0.2.0", [("cox", Versions::only(1)), ("describe", Versions::only(1))])
}

fn said(offer: &Offer) -> Offer {
    Offer::read(offer.software(), &offer.to_wire(), &[])
}

#[test]
fn an_offer_is_the_same_at_the_other_end() {
    assert_eq!(said(&ours()), ours());
    assert!(ours().lacks(&ours().needs()).is_empty());
    assert!(ours().does_without(&ours()).is_empty());
}

#[test]
fn every_document_that_travels_is_named_with_its_version() {
    let held = base();
    assert_eq!(held.get("document/study"), Some(&Versions::only(1)));
    assert_eq!(held.keys().filter(|name| name.starts_with("document/")).count(), DOCUMENTS.len());
}

#[test]
fn a_kind_that_a_node_lacks_is_named_with_what_it_offers() {
    let node = said(&ours().as_software("0.1.0").changed("statistic/cox", None));
    let lacks = node.lacks(&[ours().need_of_kind("cox"), ours().need_of_kind("describe")]);
    assert_eq!(
        lacks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["needs `cox` version 1; this node, 0.1.0, offers `describe` 1; update the node"]
    );
}

#[test]
fn a_node_that_no_longer_speaks_the_coordinators_version_has_the_coordinator_updated() {
    let node = said(&ours().as_software("0.9.0").changed("statistic/cox", Versions::between(2, 3)));
    assert_eq!(
        node.lacks(&[ours().need_of_kind("cox")])[0].to_string(),
        "needs `cox` version 1; this node, 0.9.0, offers version 2 to 3; update the coordinator"
    );
}

#[test]
fn ranges_that_meet_are_enough_and_what_is_newer_is_no_lack() {
    let ahead =
        ours().changed("statistic/cox", Versions::between(1, 2)).changed("weather", Versions::between(1, 1));
    assert!(said(&ahead).lacks(&[ours().need_of_kind("cox")]).is_empty());
    assert!(said(&ahead).lacks(&ours().needs()).is_empty());
    assert_eq!(ours().lacks(&ahead.needs()).len(), 1);
}

#[test]
fn what_works_without_is_said_and_what_does_not_is_needed() {
    let node = said(&ours().changed("evidence", None));
    assert!(node.lacks(&ours().needs()).is_empty());
    let [without] = &node.does_without(&ours())[..] else { panic!("one thing") };
    assert!(without.contains("`evidence` version 1") && without.contains("not witnessed"), "{without}");
    assert_eq!(said(&ours().changed("round", None)).lacks(&ours().needs()).len(), 1);
}

#[test]
fn the_first_release_which_names_its_kinds_alone_is_understood() {
    let node = Offer::read("0.1.0", &[], &["describe".to_owned()]);
    assert!(node.lacks(&ours().needs()).is_empty());
    assert_eq!(node.kinds().collect::<Vec<_>>(), ["describe"]);
    assert_eq!(node.lacks(&[ours().need_of_kind("cox")]).len(), 1);
    assert_eq!(node.does_without(&ours()).len(), 1);
}

#[test]
fn what_comes_from_outside_is_bounded_and_printable() {
    let one = |name: &str, oldest, newest| wire::Capability { name: name.into(), oldest, newest };
    let offered = [
        one("a\u{1b}[2J", 1, 1),
        one("x", 2, 1),
        one("y", 0, 1),
        one(&"z".repeat(65), 1, 1),
        one("ok", 1, 1),
    ];
    let read = Offer::read("1.0\n<b>", &offered, &[]);
    assert_eq!((read.held.len(), read.software()), (1, "1.0b"));
    let many: Vec<_> = (0..1000).map(|number| one(&format!("n{number}"), 1, 1)).collect();
    assert_eq!(Offer::read("", &many, &[]).held.len(), MOST);
}

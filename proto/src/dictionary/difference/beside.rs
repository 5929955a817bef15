//! What changes beside the fields: events, missing-data codes, linkage keys and rules.

use super::Difference;
use crate::dictionary::{Dictionary, Event};

pub(super) fn compare(old: &Dictionary, new: &Dictionary, found: &mut Difference) {
    events(old, new, found);
    missing_codes(old, new, found);
    if old.settings().linkage != new.settings().linkage {
        found.say("the keys of linkage change".to_owned());
    }
    rules(old, new, found);
    if old.record_id() != new.record_id() {
        found.say(format!("the record id was `{}` and is `{}`", old.record_id(), new.record_id()));
    }
}

fn events(old: &Dictionary, new: &Dictionary, found: &mut Difference) {
    let find = |events: &[Event], name: &str| events.iter().find(|event| event.name == name).cloned();
    for before in old.events() {
        let name = &before.name;
        let Some(after) = find(new.events(), name) else {
            found.say(format!("the event `{name}` is gone"));
            continue;
        };
        if before.label != after.label {
            let (was, is) = (&before.label, &after.label);
            found.say(format!("the event `{name}` was labelled \"{was}\" and is labelled \"{is}\""));
        }
        if before.window != after.window {
            let (was, is) = (window(before), window(&after));
            found.say(format!("the event `{name}` was due {was} and is due {is}"));
        }
        if before.forms != after.forms {
            let (was, is) = (forms(before), forms(&after));
            found.say(format!("the event `{name}` had {was} and has {is}"));
        }
    }
    for event in new.events() {
        if find(old.events(), &event.name).is_none() {
            found.say(format!("the event `{}` is new", event.name));
        }
    }
    let order = |of: &Dictionary, beside: &Dictionary| -> Vec<String> {
        let stays = |event: &&Event| find(beside.events(), &event.name).is_some();
        of.events().iter().filter(stays).map(|event| event.name.clone()).collect()
    };
    if order(old, new) != order(new, old) {
        found.say("the events stand in another order; the first is the baseline".to_owned());
    }
}

fn window(event: &Event) -> String {
    match event.window {
        Some((from, to)) => format!("on the days {from} to {to}"),
        None => "on any day".to_owned(),
    }
}

fn forms(event: &Event) -> String {
    match event.forms.as_deref() {
        None => "any form".to_owned(),
        Some([]) => "no form".to_owned(),
        Some(forms) => format!("the forms {}", forms.join(", ")),
    }
}

fn missing_codes(old: &Dictionary, new: &Dictionary, found: &mut Difference) {
    let (before, after) = (&old.settings().missing_codes, &new.settings().missing_codes);
    for code in before {
        match after.iter().find(|now| now.code == code.code) {
            None => found.say(format!("`{}` stands for a missing value no more", code.code)),
            Some(now) if now.label != code.label => found.say(format!(
                "the missing-data code `{}` was labelled \"{}\" and is labelled \"{}\"",
                code.code, code.label, now.label
            )),
            Some(_) => {}
        }
    }
    for code in after.iter().filter(|code| !before.iter().any(|known| known.code == code.code)) {
        found.say(format!("`{}, {}` stands for a missing value now", code.code, code.label));
    }
}

fn rules(old: &Dictionary, new: &Dictionary, found: &mut Difference) {
    for before in old.rules() {
        match new.rules().iter().find(|after| after.id == before.id) {
            None => found.say(format!("the rule `{}` is gone", before.id)),
            Some(after) => {
                let is_same = before.condition == after.condition && before.rows == after.rows;
                if !is_same || before.says != after.says {
                    found.say(format!("the rule `{}` changes: {}", after.id, after.says));
                }
            }
        }
    }
    for rule in new.rules() {
        if !old.rules().iter().any(|before| before.id == rule.id) {
            found.say(format!("the rule `{}` is new: {}", rule.id, rule.says));
        }
    }
}

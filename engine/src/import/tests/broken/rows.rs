//! Rows that cannot be told to belong to a patient, an event or a form.

use super::*;

/// The headings of a file with events and repeats.
const PLACED: &str = "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sex,age,symptoms___1,ae_grade";

fn placed(name: &'static str, rows: &str, says: &'static [&'static str]) -> Broken {
    broken_events(name, format!("{PLACED}\n{rows}"), says)
}

pub(super) fn exports() -> Vec<Broken> {
    vec![
        broken("a cell too many", "record_id,age\nP1,61,9\n", &[]),
        broken("a cell too few", "record_id,age,sex\nP1,61\nP2,61,1\n", &[]),
        broken("the headings again", "record_id,age\nP1,61\nrecord_id,age\nP2,62\n", &[]),
        broken("a note that is not closed", "record_id,age,remarks\nP1,61,\"fell\nP2,62,\nP3,63,\n", &[]),
        broken(
            "a note that swallows rows",
            "record_id,remarks,age\nP1,\"fell,61\nP2,x\",62\nP3,\"\"\"y,63\nP4,z\",64\n",
            &[],
        ),
        broken("no record id", "record_id,age\n,61\nP2,62\n", &[]),
        broken("a record id with control characters", "record_id,age\n\"P\u{7}1\",61\n", &[]),
        broken("a record id of two lines", "record_id,age\n\"P\n1\",61\nP2,x\n", &[]),
        broken("a record id without end", format!("record_id,age\n{},61\n", "P".repeat(256)), &[]),
        placed("no event", "P1,,,,1,61,,\n", &[]),
        placed("an unknown event", "P1,month33_arm_1,,,,61,,\n", &[]),
        placed("an event without its arm", "P1,baseline,,,1,61,,\n", &[]),
        placed("an event by its label", "P1,baseline_arm_1,,,1,61,,\nP1,Month 3,,,,61,,\n", &[]),
        broken_events(
            "an event by its name among labels",
            "record_id,redcap_event_name,sex,rx\nP1,Baseline,Female,Observation\nP2,baseline_arm_1,Male,\n",
            &[],
        ),
        broken_events(
            "an unknown event among labels",
            "record_id,redcap_event_name,sex\nP1,Baseline,Female\nP2,Baselin,Male\n",
            &[],
        ),
        Broken {
            dictionary: arms,
            ..broken("a label of two events", "record_id,redcap_event_name,sex\nP1,Baseline,Female\n", &[])
        },
        broken_events("more rows than events", "record_id,age\nP1,1\nP1,2\nP1,3\nP1,4\n", &[]),
        broken_events("a form not at its event, by order", "record_id,sex,age\nP1,1,61\nP1,1,62\n", &[]),
        placed("a form not at its event", "P1,month3_arm_1,,,1,61,,\n", &[]),
        placed("an unknown instrument", "P1,month3_arm_1,adverse_events,1,,,,3\n", &[]),
        placed("no instance", "P1,month3_arm_1,adverse_event,,,,,3\n", &[]),
        placed("an instance of words", "P1,month3_arm_1,adverse_event,first,,,,3\n", &[]),
        placed("an instance of 0", "P1,month3_arm_1,adverse_event,0,,,,3\n", &[]),
        placed("a great instance", "P1,month3_arm_1,adverse_event,10001,,,,3\n", &[]),
        placed("a negative instance of an event", "P1,month3_arm_1,,-1,,61,,\n", &[]),
        placed("a value outside the instrument", "P1,month3_arm_1,adverse_event,1,,61,,3\n", &[]),
        placed("a ticked box outside the instrument", "P1,month3_arm_1,adverse_event,1,,,1,3\n", &[]),
        placed("a repeating form not at its event", "P1,month6_arm_1,adverse_event,1,,,,3\n", &[]),
        placed("everything at once", "P1,mont3_arm_1,adverse_evnt,x,3,abc,2,9\n", &[]),
        broken(
            "a row without end",
            format!("record_id,age\nP1,61\nP2,\"62\n{}", "P3,63\n".repeat(LONGEST_ROW / 5)),
            &[],
        ),
    ]
}

#[test]
fn a_row_that_has_no_place_says_why() {
    check(&exports());
}

//! Rows that cannot be told to belong to a patient, an event or a form.

use super::*;

/// The headings of a file with events and repeats.
const PLACED: &str = "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,sex,age,symptoms___1,ae_grade";

fn placed(name: &'static str, rows: &str, says: &'static [&'static str]) -> Broken {
    broken_events(name, format!("{PLACED}\n{rows}"), says)
}

pub(super) fn exports() -> Vec<Broken> {
    vec![
        broken("a cell too many", "record_id,age\nP1,61,9\n", &["a.csv:2: cells in the row: 3, headings: 2"]),
        broken(
            "a cell too few",
            "record_id,age,sex\nP1,61\nP2,61,1\n",
            &["a.csv:2: cells in the row: 2, headings: 3"],
        ),
        broken(
            "the headings again",
            "record_id,age\nP1,61\nrecord_id,age\nP2,62\n",
            &["a.csv:3: the headings once more; were files put together?"],
        ),
        broken(
            "a note that is not closed",
            "record_id,age,remarks\nP1,61,\"fell\nP2,62,\nP3,63,\n",
            &["a.csv:2: a quotation mark is left open, so the row may hold cells of others"],
        ),
        broken("no record id", "record_id,age\n,61\nP2,62\n", &["a.csv:2 (record_id): no record id"]),
        broken(
            "a record id with control characters",
            "record_id,age\n\"P\u{7}1\",61\n",
            &["a.csv:2 (record_id): a record id with characters that cannot be shown"],
        ),
        broken(
            "a record id of two lines",
            "record_id,age\n\"P\n1\",61\nP2,x\n",
            &[
                "a.csv:2 (record_id): a record id with characters that cannot be shown",
                "a.csv:4 (age): `x` is not a whole number from 0 to 120",
            ],
        ),
        broken(
            "a record id without end",
            format!("record_id,age\n{},61\n", "P".repeat(256)),
            &[
                "a.csv:2 (record_id): a record id longer than any is; is a quotation mark or a delimiter missing?",
            ],
        ),
        placed("no event", "P1,,,,1,61,,\n", &["a.csv:2 (redcap_event_name): the row names no event"]),
        placed(
            "an unknown event",
            "P1,month33_arm_1,,,,61,,\n",
            &[
                "a.csv:2 (redcap_event_name): `month33_arm_1` is not the unique name of an event; did you mean `month3_arm_1`?",
            ],
        ),
        placed(
            "an event without its arm",
            "P1,baseline,,,1,61,,\n",
            &[
                "a.csv:2 (redcap_event_name): `baseline` is not the unique name of an event; did you mean `baseline_arm_1`?",
            ],
        ),
        placed(
            "an event by its label",
            "P1,baseline_arm_1,,,1,61,,\nP1,Month 3,,,,61,,\n",
            &[
                "a.csv:3 (redcap_event_name): `Month 3` is not the unique name of an event; it is a label, and the file holds codes",
            ],
        ),
        broken_events(
            "an event by its name among labels",
            "record_id,redcap_event_name,sex,rx\nP1,Baseline,Female,Observation\nP2,baseline_arm_1,Male,\n",
            &[
                "a.csv:3 (redcap_event_name): `baseline_arm_1` is not the label of an event; it is a unique name, and the file holds labels",
            ],
        ),
        broken_events(
            "an unknown event among labels",
            "record_id,redcap_event_name,sex\nP1,Baseline,Female\nP2,Baselin,Male\n",
            &[
                "a.csv:3 (redcap_event_name): `Baselin` is not the label of an event; did you mean `Baseline`?",
            ],
        ),
        Broken {
            dictionary: arms,
            ..broken(
                "a label of two events",
                "record_id,redcap_event_name,sex\nP1,Baseline,Female\n",
                &[
                    "a.csv:2 (redcap_event_name): `Baseline` is the label of several events; export codes, or labels with their arms",
                ],
            )
        },
        broken_events(
            "more rows than events",
            "record_id,age\nP1,1\nP1,2\nP1,3\nP1,4\n",
            &["a.csv:5: the patient has more rows in the file than the dictionary has events, 3"],
        ),
        broken_events(
            "a form not at its event, by order",
            "record_id,sex,age\nP1,1,61\nP1,1,62\n",
            &["a.csv:3 (sex): a value of the form `registration`, which is not filled in at `month3_arm_1`"],
        ),
        placed(
            "a form not at its event",
            "P1,month3_arm_1,,,1,61,,\n",
            &["a.csv:2 (sex): a value of the form `registration`, which is not filled in at `month3_arm_1`"],
        ),
        placed(
            "an unknown instrument",
            "P1,month3_arm_1,adverse_events,1,,,,3\n",
            &[
                "a.csv:2 (redcap_repeat_instrument): `adverse_events` is not a form of the dictionary; did you mean `adverse_event`?",
            ],
        ),
        placed(
            "no instance",
            "P1,month3_arm_1,adverse_event,,,,,3\n",
            &["a.csv:2 (redcap_repeat_instance): the row names a repeating form and no instance of it"],
        ),
        placed(
            "an instance of words",
            "P1,month3_arm_1,adverse_event,first,,,,3\n",
            &["a.csv:2 (redcap_repeat_instance): `first` is not a whole number from 1 to 10000"],
        ),
        placed(
            "an instance of 0",
            "P1,month3_arm_1,adverse_event,0,,,,3\n",
            &["a.csv:2 (redcap_repeat_instance): `0` is not a whole number from 1 to 10000"],
        ),
        placed(
            "a great instance",
            "P1,month3_arm_1,adverse_event,10001,,,,3\n",
            &["a.csv:2 (redcap_repeat_instance): `10001` is not a whole number from 1 to 10000"],
        ),
        placed(
            "a negative instance of an event",
            "P1,month3_arm_1,,-1,,61,,\n",
            &["a.csv:2 (redcap_repeat_instance): `-1` is not a whole number from 1 to 10000"],
        ),
        placed(
            "a value outside the instrument",
            "P1,month3_arm_1,adverse_event,1,,61,,3\n",
            &["a.csv:2 (age): a value of the form `visit` in a row of the repeating form `adverse_event`"],
        ),
        placed(
            "a ticked box outside the instrument",
            "P1,month3_arm_1,adverse_event,1,,,1,3\n",
            &[
                "a.csv:2 (symptoms___1): a value of the form `visit` in a row of the repeating form `adverse_event`",
            ],
        ),
        placed(
            "a repeating form not at its event",
            "P1,month6_arm_1,adverse_event,1,,,,3\n",
            &[
                "a.csv:2 (ae_grade): a value of the form `adverse_event`, which is not filled in at `month6_arm_1`",
            ],
        ),
        placed(
            "everything at once",
            "P1,mont3_arm_1,adverse_evnt,x,3,abc,2,9\n",
            &[
                "a.csv:2 (sex): `3` is not one of the field's codes",
                "a.csv:2 (age): `abc` is not a whole number from 0 to 120",
                "a.csv:2 (symptoms___1): `2` is not 0 or 1",
                "a.csv:2 (ae_grade): `9` is not a whole number from 1 to 5",
                "a.csv:2 (redcap_event_name): `mont3_arm_1` is not the unique name of an event; did you mean `month3_arm_1`?",
                "a.csv:2 (redcap_repeat_instrument): `adverse_evnt` is not a form of the dictionary; did you mean `adverse_event`?",
                "a.csv:2 (redcap_repeat_instance): `x` is not a whole number from 1 to 10000",
            ],
        ),
        broken(
            "a row without end",
            format!("record_id,age\nP1,61\nP2,\"62\n{}", "P3,63\n".repeat(LONGEST_ROW / 5)),
            &["a.csv:3: a row longer than 4194304 bytes; is a quotation mark left open?"],
        ),
    ]
}

#[test]
fn a_row_that_has_no_place_says_why() {
    check(&exports());
}

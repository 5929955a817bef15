//! Files that cannot be read at all.

use super::*;

pub(super) fn exports() -> Vec<Broken> {
    vec![
        broken("nothing", "", &[]),
        broken("empty lines", "\n\r\n\n", &[]),
        broken("a line for a spreadsheet and nothing else", "sep=;\n", &[]),
        broken("no headings", "Meyer,61\nMiller,62\n", &[]),
        broken("a heading twice", "record_id,age,sex,age\nP1,61,1,61\n", &[]),
        broken("an unknown heading twice", "record_id,x,x\nP1,1,2\n", &[]),
        broken("an identifier twice", "record_id,surname,surname\nP1,Meyer,Meyer\n", &[]),
        broken("a name and its label", "record_id,age,Age\nP1,61,61\n", &[]),
        broken("a label that several columns have", "Record ID,Symptoms,Event,Event\nP1,,Wound,x\n", &[]),
        broken("boxes of one label", "Record ID,Age,Died,Event (choice=Wound)\nP1,61,Yes,\n", &[]),
        broken("many columns", (0..=MOST_COLUMNS).map(|at| format!("c{at},")).collect::<String>(), &[]),
        broken("a heading that is not closed", "record_id,\"age\nP1,61\nP2,62\n", &[]),
        broken("UTF-16 with a mark", b"\xff\xfer\0e\0c\0o\0r\0d\0", &[]),
        broken("UTF-16 the other way round", b"\xfe\xff\0r\0e\0c\0o\0r\0d", &[]),
        broken("UTF-16 without a mark", b"r\0e\0c\0o\0r\0d\0_\0i\0d\0,\0a\0g\0e\0\n\0", &[]),
        broken("a workbook", b"PK\x03\x04\x14\0\x06\0", &[]),
        broken("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", &[]),
        broken("compressed", b"\x1f\x8b\x08\0\0\0\0\0", &[]),
        broken("XML", "<?xml version=\"1.0\"?>\n<ODM></ODM>\n", &[]),
        broken("JSON", "[{\"record_id\":\"P1\",\"age\":61}]\n", &[]),
        broken("two charsets", b"record_id,age,surname\nP1,61,M\xc3\xbcller\nP2,x,\nP3,62,M\xfcller\n", &[]),
        broken(
            "two charsets the other way round",
            b"record_id,surname\nP1,M\xfcller\nP2,M\xc3\xbcller\n",
            &[],
        ),
        broken(
            "events that the dictionary lacks",
            "record_id,redcap_event_name,age\nP1,baseline_arm_1,61\n",
            &[],
        ),
        broken_events("repeats without events", "record_id,redcap_repeat_instance,age\nP1,1,61\n", &[]),
        Broken { dictionary: arms, ..broken("several arms without events", "record_id,age\nP1,61\n", &[]) },
    ]
}

#[test]
fn a_file_that_cannot_be_read_at_all_is_refused_with_its_place_and_a_remedy() {
    check(&exports());
}

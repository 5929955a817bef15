//! Files that cannot be read at all.

use super::*;

pub(super) fn exports() -> Vec<Broken> {
    vec![
        broken("nothing", "", &["a.csv: the file is empty; its first row must name the columns"]),
        broken("empty lines", "\n\r\n\n", &["a.csv: the file is empty; its first row must name the columns"]),
        broken(
            "a line for a spreadsheet and nothing else",
            "sep=;\n",
            &["a.csv: the file is empty; its first row must name the columns"],
        ),
        broken(
            "no headings",
            "Meyer,61\nMiller,62\n",
            &["a.csv:1: no column is in the dictionary; the first row must name the columns"],
        ),
        broken(
            "a heading twice",
            "record_id,age,sex,age\nP1,61,1,61\n",
            &["a.csv:1: two columns are named `age`; a name may stand once"],
        ),
        broken(
            "an unknown heading twice",
            "record_id,x,x\nP1,1,2\n",
            &["a.csv:1: two columns are named `x`; a name may stand once"],
        ),
        broken(
            "an identifier twice",
            "record_id,surname,surname\nP1,Meyer,Meyer\n",
            &["a.csv:1: two columns are named `surname`; a name may stand once"],
        ),
        broken(
            "a name and its label",
            "record_id,age,Age\nP1,61,61\n",
            &["a.csv:1: two columns are named `age`; a name may stand once"],
        ),
        broken(
            "a label that several columns have",
            "Record ID,Sex at birth,Day\nP1,Male,1\n",
            &[
                "a.csv:1: the heading `Day` is the label of `ae_start`, `ae_end`; export with field names as headings",
            ],
        ),
        broken(
            "many columns",
            (0..=MOST_COLUMNS).map(|at| format!("c{at},")).collect::<String>(),
            &["a.csv:1: 10002 columns; at most 10000 are read"],
        ),
        broken(
            "a heading that is not closed",
            "record_id,\"age\nP1,61\nP2,62\n",
            &["a.csv:1: a quotation mark is left open among the headings"],
        ),
        broken(
            "UTF-16 with a mark",
            b"\xff\xfer\0e\0c\0o\0r\0d\0",
            &["a.csv: no CSV: the file is a text in UTF-16; save it as CSV in UTF-8"],
        ),
        broken(
            "UTF-16 the other way round",
            b"\xfe\xff\0r\0e\0c\0o\0r\0d",
            &["a.csv: no CSV: the file is a text in UTF-16; save it as CSV in UTF-8"],
        ),
        broken(
            "UTF-16 without a mark",
            b"r\0e\0c\0o\0r\0d\0_\0i\0d\0,\0a\0g\0e\0\n\0",
            &["a.csv: no CSV: the file is a text in UTF-16, or no text; save it as CSV in UTF-8"],
        ),
        broken(
            "a workbook",
            b"PK\x03\x04\x14\0\x06\0",
            &[
                "a.csv: no CSV: the file is a workbook of a spreadsheet, or another ZIP archive; save the sheet as CSV in UTF-8",
            ],
        ),
        broken(
            "an old workbook",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            &["a.csv: no CSV: the file is a workbook of a spreadsheet; save the sheet as CSV in UTF-8"],
        ),
        broken(
            "compressed",
            b"\x1f\x8b\x08\0\0\0\0\0",
            &["a.csv: no CSV: the file is compressed; unpack it first"],
        ),
        broken(
            "XML",
            "<?xml version=\"1.0\"?>\n<ODM></ODM>\n",
            &["a.csv: no CSV: the file is XML; export CSV (raw data)"],
        ),
        broken(
            "JSON",
            "[{\"record_id\":\"P1\",\"age\":61}]\n",
            &["a.csv: no CSV: the file is JSON; export CSV (raw data)"],
        ),
        broken(
            "two charsets",
            b"record_id,age,surname\nP1,61,M\xc3\xbcller\nP2,x,\nP3,62,M\xfcller\n",
            &[
                "a.csv:4: the file mixes UTF-8 (line 2) and Latin-1 (line 4); save it as UTF-8 and import it again",
            ],
        ),
        broken(
            "two charsets the other way round",
            b"record_id,surname\nP1,M\xfcller\nP2,M\xc3\xbcller\n",
            &[
                "a.csv:3: the file mixes UTF-8 (line 3) and Latin-1 (line 2); save it as UTF-8 and import it again",
            ],
        ),
        broken(
            "events that the dictionary lacks",
            "record_id,redcap_event_name,age\nP1,baseline_arm_1,61\n",
            &[
                "a.csv:1: the file has events (`redcap_event_name`) and the dictionary has none; list them in events.csv",
            ],
        ),
        broken_events(
            "repeats without events",
            "record_id,redcap_repeat_instance,age\nP1,1,61\n",
            &["a.csv:1: the dictionary has events; add the column `redcap_event_name` to the export"],
        ),
        Broken {
            dictionary: arms,
            ..broken(
                "several arms without events",
                "record_id,age\nP1,61\n",
                &[
                    "a.csv:1: the dictionary has events of several arms, so the order of rows does not tell them; add the column `redcap_event_name` to the export",
                ],
            )
        },
    ]
}

#[test]
fn a_file_that_cannot_be_read_at_all_is_refused_with_its_place_and_a_remedy() {
    check(&exports());
}

//! Documents with mistakes in them: data dictionaries, studies and data.

use crate::bench::Bench;
use crate::case::Edit::{Add, Cut, Put, Write};
use crate::case::{Case, hold};

#[test]
fn a_mistake_in_a_dictionary_is_named_with_its_line_and_column() {
    hold(&Bench::of_documents(), DICTIONARIES);
}

#[test]
fn a_mistake_in_a_study_is_named_with_its_line_and_key() {
    hold(&Bench::of_documents(), STUDIES);
}

#[test]
fn a_file_that_is_no_data_is_named_and_nothing_of_it_is_kept() {
    hold(&Bench::of_network(), DATA);
}

const DICTIONARY: &str = "dictionary.csv";
const CHECK_DICTIONARY: &str = "notochord dictionary check dictionary.csv";
const STUDY: &str = "study.toml";
const CHECK_STUDY: &str = "notochord study check study.toml --dictionary dictionary.csv";
const IMPORT: &str = "notochord-node --home node import data.csv";

const DICTIONARIES: &[Case] = &[
    Case {
        edits: &[Write(DICTIONARY, b"")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv: is empty; it needs REDCap's 18 columns",
    },
    Case {
        edits: &[Write(DICTIONARY, b"age,sex\n1,f\n")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:1: has none of REDCap's 18 columns; the first line of a data dictionary names them",
    },
    Case {
        edits: &[Add(DICTIONARY, b"\xff")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:10: is not UTF-8; save the file as UTF-8",
    },
    Case {
        edits: &[Cut(DICTIONARY, "record_id")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv: names no field; the first is the record id",
    },
    Case {
        edits: &[Put(DICTIONARY, "Field Type", "Feld Type")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:1: unknown column `Feld Type`; did you mean `Field Type`?\ndictionary.csv:1: lacks the column `Field Type` of REDCap's 18",
    },
    Case {
        edits: &[Put(DICTIONARY, "Field Note,", "")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:1: lacks the column `Field Note` of REDCap's 18",
    },
    Case {
        edits: &[Put(DICTIONARY, "record_id,baseline,,text", "record_id,baseline,,yesno")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:2 (Variable / Field Name): the first field is the record id and must be of type `text`",
    },
    Case {
        edits: &[Put(DICTIONARY, "surname,", "Surname,")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:3 (Variable / Field Name): `Surname` is not a variable name: lower-case letters, digits and `_`, a letter first, at most 100 characters",
    },
    Case {
        edits: &[Put(DICTIONARY, ",y,,,,,,,\nsex", ",q,,,,,,,\nsex")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:3 (Identifier?): `q` is neither `y` nor empty",
    },
    Case {
        edits: &[Put(DICTIONARY, "radio", "rado")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:4 (Field Type): unknown field type `rado`; did you mean `radio`?",
    },
    Case {
        edits: &[Put(DICTIONARY, "\"f, Female | m, Male\"", "")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:4 (Choices, Calculations, OR Slider Labels): has no choices; write `code, label | code, label`",
    },
    Case {
        edits: &[Put(DICTIONARY, "m, Male", "f, Male")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:4 (Choices, Calculations, OR Slider Labels): has the code `f` twice; give every choice its own",
    },
    Case {
        edits: &[Put(DICTIONARY, "\"f, Female | m, Male\"", "f Female")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:4 (Choices, Calculations, OR Slider Labels): `f Female` is not a choice `code, label`",
    },
    Case {
        edits: &[Put(DICTIONARY, "surname,", "age,")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:5 (Variable / Field Name): `age` is taken by the field of line 3",
    },
    Case {
        edits: &[Put(DICTIONARY, "integer", "intger")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:5 (Text Validation Type OR Show Slider Number): unknown validation `intger`; did you mean `integer`?",
    },
    Case {
        edits: &[Put(DICTIONARY, "18,100", "x,100")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:5 (Text Validation Min): `x` is not a whole number",
    },
    Case {
        edits: &[Put(DICTIONARY, "18,100", "100,18")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:5 (Text Validation Max): the maximum must be above the minimum",
    },
    Case {
        edits: &[Put(DICTIONARY, "@UNIT(years)", "@UNTI(years)")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:5 (Field Annotation): unknown annotation `@UNTI`; did you mean `@UNIT`?",
    },
    Case {
        edits: &[Put(DICTIONARY, "remarks,baseline,,notes", "remarks,baseline,notes")],
        line: CHECK_DICTIONARY,
        says: "notochord: dictionary.csv:9: has 17 cells under 18 columns; put cells with commas in double quotes",
    },
];

const STUDIES: &[Case] = &[
    Case {
        edits: &[Add(STUDY, b"\xff")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:53: is not UTF-8; save the file as UTF-8",
    },
    Case {
        edits: &[Put(STUDY, "[ethics]", "[ethics")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:13: unclosed table, expected `]`",
    },
    Case {
        edits: &[Put(STUDY, "network = \"spine\"\n", "")],
        line: CHECK_STUDY,
        says: "notochord: study.toml: the document lacks the key `network`",
    },
    Case {
        edits: &[Put(STUDY, "id = \"spine-baseline\"", "id = \"Spine Baseline\"")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:1 (id): `Spine Baseline` is not a study id: lower-case letters, digits and `-`, a letter or digit first, at most 63 characters",
    },
    Case {
        edits: &[Put(STUDY, "version = 1", "version = 0")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:2 (version): versions count from 1",
    },
    Case {
        edits: &[Put(STUDY, "2099-12-31", "\"soon\"")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:6 (expires): `soon` is not a date such as 2027-06-30",
    },
    Case {
        edits: &[Put(STUDY, "DUO:0000006", "anything")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:17 (terms): `anything` is not a DUO term such as `DUO:0000006`",
    },
    Case {
        edits: &[Put(STUDY, "minimum = 3", "minimum = \"3\"")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:20 (minimum): expected a whole number, found a text",
    },
    Case {
        edits: &[Put(STUDY, "minimum = 3", "minimum = 3\nminimum = 4")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:21: `minimum` stands here a second time; keep one",
    },
    Case {
        edits: &[Put(STUDY, "\"standard\"", "\"lax\"")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:24 (profile): `lax` is not one of standard, rare, cms, open",
    },
    Case {
        edits: &[Put(STUDY, "rows = \"patient\"", "rows = \"visits\"")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:27 (rows): `visits` is not one of patient, visit; did you mean `visit`?",
    },
    Case {
        edits: &[Put(STUDY, "age >= 30", "agee >= 30")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:28 (where): unknown variable `agee`; did you mean `age`?",
    },
    Case {
        edits: &[Put(STUDY, "weight IS NOT NULL", "sex = 'x'")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:28 (where): `sex` has no code 'x'; it has 'f', 'm'",
    },
    Case {
        edits: &[Put(STUDY, "weight IS NOT NULL", "sex LIKE 'f%'")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:28 (where): `LIKE` is not in the grammar; compare with = or list the codes with IN",
    },
    Case {
        edits: &[Put(STUDY, "weight IS NOT NULL", "weight")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:28 (where): `weight` is a number, not a condition; compare it with one, as in `weight = 1`",
    },
    Case {
        edits: &[Put(STUDY, "weight IS NOT NULL", "(weight > 1")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:28 (where): ends too early; expected a closing parenthesis",
    },
    Case {
        edits: &[Put(STUDY, "ELSE 0 END", "ELSE 0")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:31 (value): ends too early; expected END of CASE",
    },
    Case {
        edits: &[Put(STUDY, "type = \"yesno\"", "type = \"bool\"")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:32 (type): `bool` is not one of yesno, integer, number, factor",
    },
    Case {
        edits: &[Put(STUDY, "[derived.heavy]", "[derived.age]")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:31 (value): `age` is already a variable; give the derived one another name",
    },
    Case {
        edits: &[Put(STUDY, "[[analyses]]", "[[analysis]]")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:34: unknown key `analysis`; did you mean `analyses`?",
    },
    Case {
        edits: &[Put(STUDY, "variables = [\"age\"]", "variables = [\"agee\"]")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:37 (variables): unknown variable `agee`; did you mean `age`?",
    },
    Case {
        edits: &[Put(STUDY, "by = \"sex\"", "by = \"surname\"")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:38 (by): `surname` cannot be used in a study: it is an identifier",
    },
    Case {
        edits: &[Put(STUDY, "[0.5]", "[1.5]")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:39 (quantiles): quantiles lie between 0 and 1; the extremes are single patients and are not offered",
    },
    Case {
        edits: &[Put(STUDY, "id = \"diabetes-and-sex\"", "id = \"ages\"")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:42: the id `ages` is taken by an analysis above; give this one another",
    },
    Case {
        edits: &[Put(STUDY, "kind = \"table\"", "kind = \"tabel\"")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:44 (kind): unknown kind `tabel`; did you mean `table`?",
    },
    Case {
        edits: &[Put(STUDY, "kind = \"table\"", "kynd = \"table\"")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:44: [[analyses]] lacks the key `kind`; is `kynd` meant to be it?",
    },
    Case {
        edits: &[Put(STUDY, "chi_squared", "mcnemar")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:47 (tests): `mcnemar` compares two ratings with the same levels; those of `rows_by` and `columns_by` differ",
    },
    Case {
        edits: &[Put(STUDY, "kind = \"linear\"", "kind = \"treatment_effect\"")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:51 (kind): `treatment_effect` is not offered by this version; it offers `describe`, `histogram`, `table`, `compare`, `correlate`, `linear`, `logistic`, `negative_binomial`, `poisson`, `glm`, `meta`, `cox`, `kaplan_meier`, `cumulative_incidence`, `mixed`, `gee`, `roc`, `calibration`, `reclassification`, `agreement`, `transition`",
    },
    Case {
        edits: &[Put(STUDY, "age + sex", "age + height")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:52 (formula): unknown variable `height`; did you mean `weight`?",
    },
    Case {
        edits: &[Put(STUDY, "age + sex", "age +")],
        line: CHECK_STUDY,
        says: "notochord: study.toml:52 (formula): expected a variable, found the end of the formula",
    },
    Case {
        edits: &[
            Put(STUDY, "variables = [\"age\"]", "variables = [\"agee\"]"),
            Put(STUDY, "rows_by = \"diabetes\"", "rows_by = \"diabete\""),
        ],
        line: CHECK_STUDY,
        says: "notochord: study.toml:37 (variables): unknown variable `agee`; did you mean `age`?\nstudy.toml:45 (rows_by): unknown variable `diabete`; did you mean `diabetes`?",
    },
];

const DATA: &[Case] = &[
    Case {
        edits: &[Write("data.csv", b"")],
        line: IMPORT,
        says: "notochord-node: data.csv: the file is empty; its first row must name the columns",
    },
    Case {
        edits: &[Write("data.csv", b"\xff\xfer\0e\0")],
        line: IMPORT,
        says: "notochord-node: data.csv: no CSV: the file is a text in UTF-16; save it as CSV in UTF-8",
    },
    Case {
        edits: &[Put("data.csv", "sex", "age")],
        line: IMPORT,
        says: "notochord-node: data.csv:1: two columns are named `age`; a name may stand once",
    },
    Case {
        edits: &[Write("data.csv", b"P01,f,54\nP02,m,61\n")],
        line: IMPORT,
        says: "notochord-node: data.csv:1: no column is in the dictionary; the first row must name the columns",
    },
    Case {
        edits: &[],
        line: "notochord-node check data.csv --dictionary data.csv --out report",
        says: "notochord-node: data.csv:1: has none of REDCap's 18 columns; the first line of a data dictionary names them",
    },
    Case {
        edits: &[],
        line: "notochord-node --home node import nope.csv",
        says: "notochord-node: nope.csv: there is no such file",
    },
    Case {
        edits: &[],
        line: "notochord-node --home node import .",
        says: "notochord-node: .: a directory; name a file",
    },
];

//! Cells that hold no value of their field.

use super::*;

/// An export of one cell.
fn cell(name: &'static str, field: &str, cell: &str, says: &'static [&'static str]) -> Broken {
    broken(name, format!("record_id,{field}\nP1,{cell}\n"), says)
}

pub(super) fn exports() -> Vec<Broken> {
    [numbers(), choices(), boxes(), any_cell()].into_iter().flatten().collect()
}

fn numbers() -> Vec<Broken> {
    vec![
        cell(
            "words for a whole number",
            "age",
            "sixty",
            &["a.csv:2 (age): `sixty` is not a whole number from 0 to 120"],
        ),
        cell(
            "a fraction",
            "age",
            "61.5",
            &["a.csv:2 (age): `61.5` is not a whole number from 0 to 120; the field takes no fractions"],
        ),
        cell(
            "a whole number above its bounds",
            "age",
            "121",
            &["a.csv:2 (age): `121` is not a whole number from 0 to 120"],
        ),
        cell(
            "a whole number below its bounds",
            "age",
            "-1",
            &["a.csv:2 (age): `-1` is not a whole number from 0 to 120"],
        ),
        cell(
            "a whole number beyond any",
            "score",
            "99999999999999999999",
            &[
                "a.csv:2 (score): `99999999999999999999` is not a whole number from -9007199254740992 to 9007199254740992",
            ],
        ),
        cell(
            "a whole number that is not exact",
            "score",
            "9007199254740993",
            &[
                "a.csv:2 (score): `9007199254740993` is not a whole number from -9007199254740992 to 9007199254740992",
            ],
        ),
        cell(
            "a whole number as a power",
            "age",
            "6e1",
            &["a.csv:2 (age): `6e1` is not a whole number from 0 to 120"],
        ),
        cell(
            "digits of another script",
            "age",
            "٣",
            &["a.csv:2 (age): `٣` is not a whole number from 0 to 120"],
        ),
        cell(
            "words for a number",
            "weight",
            "heavy",
            &["a.csv:2 (weight): `heavy` is not a number from 0 to 300"],
        ),
        cell(
            "a number above its bounds",
            "weight",
            "300.1",
            &["a.csv:2 (weight): `300.1` is not a number from 0 to 300"],
        ),
        cell(
            "a number without end",
            "weight",
            "inf",
            &["a.csv:2 (weight): `inf` is not a number from 0 to 300"],
        ),
        cell(
            "a number too great",
            "weight",
            "1e999",
            &["a.csv:2 (weight): `1e999` is not a number from 0 to 300"],
        ),
        cell(
            "a decimal comma",
            "weight",
            "\"70,5\"",
            &["a.csv:2 (weight): `70,5` is not a number from 0 to 300; write a decimal point"],
        ),
        cell(
            "thousands apart",
            "weight",
            "\"1,070.5\"",
            &[
                "a.csv:2 (weight): `1,070.5` is not a number from 0 to 300; write the digits without gaps, commas or points between them",
            ],
        ),
        cell(
            "thousands apart by blanks",
            "score",
            "1 234",
            &[
                "a.csv:2 (score): `1 234` is not a whole number from -9007199254740992 to 9007199254740992; write the digits without gaps, commas or points between them",
            ],
        ),
        broken(
            "two commas in a number",
            "record_id;weight\nP1;1.070,5\n",
            &[
                "a.csv:2 (weight): `1.070,5` is not a number from 0 to 300; write the digits without gaps, commas or points between them",
            ],
        ),
        cell(
            "a number with its unit",
            "weight",
            "70.5 kg",
            &["a.csv:2 (weight): `70.5 kg` is not a number from 0 to 300; write the number without its unit"],
        ),
        cell(
            "an age with its unit",
            "age",
            "61y",
            &["a.csv:2 (age): `61y` is not a whole number from 0 to 120; write the number without its unit"],
        ),
        cell(
            "a number with a comparison",
            "weight",
            "<5",
            &[
                "a.csv:2 (weight): `<5` is not a number from 0 to 300; write a number alone, or leave the cell empty",
            ],
        ),
        cell("two numbers", "weight", "70-71", &["a.csv:2 (weight): `70-71` is not a number from 0 to 300"]),
    ]
}

fn choices() -> Vec<Broken> {
    vec![
        cell("an unknown code", "sex", "3", &["a.csv:2 (sex): `3` is not one of the field's codes"]),
        cell(
            "an unknown code near one",
            "rx",
            "Levv",
            &["a.csv:2 (rx): `Levv` is not one of the field's codes; did you mean `Lev`?"],
        ),
        cell(
            "a code in another case",
            "rx",
            "lev",
            &["a.csv:2 (rx): `lev` is not one of the field's codes; did you mean `Lev`?"],
        ),
        cell(
            "a code with zeros",
            "sex",
            "1.0",
            &["a.csv:2 (sex): `1.0` is not one of the field's codes; did you mean `1`?"],
        ),
        broken(
            "a label among codes",
            "record_id,rx,died\nP1,Lev,1\nP2,Levamisole,0\n",
            &[
                "a.csv:3 (rx): `Levamisole` is not one of the field's codes; it is the label of `Lev`, and the file holds codes",
            ],
        ),
        broken(
            "a code among labels",
            "record_id,rx,died\nP1,Levamisole,Yes\nP2,Lev,No\n",
            &[
                "a.csv:3 (rx): `Lev` is not one of the field's labels; it is a code, and the file holds labels",
            ],
        ),
        broken(
            "an unknown label",
            "record_id,rx,sex\nP1,Levamisol,Male\n",
            &["a.csv:2 (rx): `Levamisol` is not one of the field's labels; did you mean `Levamisole`?"],
        ),
        broken(
            "a label of two codes",
            "record_id,ae_term,sex\nP1,Wound,Male\n",
            &["a.csv:2 (ae_term): `Wound` is the label of several codes of the field; export codes"],
        ),
        cell("2 for yes or no", "died", "2", &["a.csv:2 (died): `2` is not 0 or 1"]),
        cell("another word for yes", "died", "ja", &["a.csv:2 (died): `ja` is not 0 or 1"]),
        broken(
            "yes among codes",
            "record_id,died,sex\nP1,1,1\nP2,yes,2\n",
            &["a.csv:3 (died): `yes` is not 0 or 1; it is a label, and the file holds codes"],
        ),
        broken(
            "1 among labels",
            "record_id,died,sex\nP1,No,Male\nP2,1,Female\n",
            &["a.csv:3 (died): `1` is not Yes or No; it is a code, and the file holds labels"],
        ),
        cell("yes for true", "consented", "yes", &["a.csv:2 (consented): `yes` is not true, false, 0 or 1"]),
    ]
}

fn boxes() -> Vec<Broken> {
    vec![
        cell("2 in a box", "symptoms___1", "2", &["a.csv:2 (symptoms___1): `2` is not 0 or 1"]),
        cell("a cross in a box", "symptoms___1", "x", &["a.csv:2 (symptoms___1): `x` is not 0 or 1"]),
        broken(
            "a word among codes in a box",
            "record_id,symptoms___1,sex\nP1,1,1\nP2,Checked,1\n",
            &["a.csv:3 (symptoms___1): `Checked` is not 0 or 1; it is a label, and the file holds codes"],
        ),
        broken(
            "a code among words in a box",
            "record_id,symptoms___1,sex\nP1,Checked,Male\nP2,1,Male\n",
            &[
                "a.csv:3 (symptoms___1): `1` is not Checked or Unchecked; it is a code, and the file holds labels",
            ],
        ),
        broken(
            "a word among labels in a box",
            "record_id,sex,symptoms___1\nP1,Male,Pain\nP2,Male,Checked\n",
            &["a.csv:3 (symptoms___1): `Checked` is not the label of the box, or empty"],
        ),
        broken(
            "a label after boxes without",
            format!("record_id,sex,symptoms___1\n{}P2,Male,Pain\n", "P1,Male,Checked\n".repeat(200)),
            &[
                "a.csv:202 (symptoms___1): `Pain` is not Checked or Unchecked; it is the label of the box, and the boxes before hold no labels",
            ],
        ),
        broken(
            "ticked and missing",
            "record_id,symptoms___1,symptoms___unk\nP1,1,1\n",
            &["a.csv:2 (symptoms___unk): the field is marked as missing, and a box of it is ticked"],
        ),
        broken(
            "a cross for missing",
            "record_id,symptoms___1,symptoms___unk\nP1,1,x\n",
            &["a.csv:2 (symptoms___unk): `x` is not 0 or 1"],
        ),
    ]
}

fn any_cell() -> Vec<Broken> {
    vec![
        cell(
            "another word for missing",
            "age",
            "NA",
            &[
                "a.csv:2 (age): `NA` is not a whole number from 0 to 120; leave the cell empty where the value is missing",
            ],
        ),
        cell(
            "another word for missing in a number",
            "weight",
            "NaN",
            &[
                "a.csv:2 (weight): `NaN` is not a number from 0 to 300; leave the cell empty where the value is missing",
            ],
        ),
        cell(
            "another word for missing in a choice",
            "sex",
            "unknown",
            &[
                "a.csv:2 (sex): `unknown` is not one of the field's codes; leave the cell empty where the value is missing",
            ],
        ),
        cell(
            "another word for missing in a date",
            "checked",
            "n/a",
            &["a.csv:2 (checked): `n/a` is not a date; leave the cell empty where the value is missing"],
        ),
        cell(
            "a spreadsheet's error",
            "age",
            "#VALUE!",
            &["a.csv:2 (age): `#VALUE!` is a spreadsheet's error; export the value itself"],
        ),
        cell(
            "a cell too narrow",
            "checked",
            "########",
            &["a.csv:2 (checked): `########` is a spreadsheet's error; export the value itself"],
        ),
        cell("a zero byte", "age", "6\u{0}1", &["a.csv:2 (age): `6�1` has characters that no value has"]),
        cell(
            "a cell that would colour a terminal",
            "rx",
            "\u{1b}[31mLev",
            &["a.csv:2 (rx): `�[31mLev` has characters that no value has"],
        ),
        cell(
            "a cell without end",
            "rx",
            &"Lev ".repeat(1_000),
            &[
                "a.csv:2 (rx): `Lev Lev Lev Lev Lev Lev Lev Lev Lev Lev …` is no value; is a quotation mark or a delimiter missing?",
            ],
        ),
        broken(
            "everything wrong in one row",
            "record_id,age,weight,rx\nP1,61,70,Lev\nP2,abc,301,lev\n",
            &[
                "a.csv:3 (age): `abc` is not a whole number from 0 to 120",
                "a.csv:3 (weight): `301` is not a number from 0 to 300",
                "a.csv:3 (rx): `lev` is not one of the field's codes; did you mean `Lev`?",
            ],
        ),
        broken(
            "a cell of several lines before",
            "record_id,remarks,age\nP1,\"a\n\nb\",61\r\nP2,,x\r\n\r\nP3,,y",
            &[
                "a.csv:5 (age): `x` is not a whole number from 0 to 120",
                "a.csv:7 (age): `y` is not a whole number from 0 to 120",
            ],
        ),
    ]
}

#[test]
fn a_cell_that_holds_no_value_of_its_field_says_why() {
    check(&exports());
}

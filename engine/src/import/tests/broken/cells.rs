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
        cell("words for a whole number", "age", "sixty", &[]),
        cell("a fraction", "age", "61.5", &[]),
        cell("a whole number above its bounds", "age", "121", &[]),
        cell("a whole number below its bounds", "age", "-1", &[]),
        cell("a whole number beyond any", "score", "99999999999999999999", &[]),
        cell("a whole number that is not exact", "score", "9007199254740993", &[]),
        cell("a whole number as a power", "age", "6e1", &[]),
        cell("digits of another script", "age", "٣", &[]),
        cell("words for a number", "weight", "heavy", &[]),
        cell("a number above its bounds", "weight", "300.1", &[]),
        cell("a number without end", "weight", "inf", &[]),
        cell("a number too great", "weight", "1e999", &[]),
        cell("a decimal comma", "weight", "\"70,5\"", &[]),
        cell("thousands apart", "weight", "\"1,070.5\"", &[]),
        cell("thousands apart by blanks", "score", "1 234", &[]),
        broken("two commas in a number", "record_id;weight\nP1;1.070,5\n", &[]),
        cell("a number with its unit", "weight", "70.5 kg", &[]),
        cell("an age with its unit", "age", "61y", &[]),
        cell("a number with a comparison", "weight", "<5", &[]),
        cell("two numbers", "weight", "70-71", &[]),
    ]
}

fn choices() -> Vec<Broken> {
    vec![
        cell("an unknown code", "sex", "3", &[]),
        cell("an unknown code near one", "rx", "Levv", &[]),
        cell("a code in another case", "rx", "lev", &[]),
        cell("a code with zeros", "sex", "1.0", &[]),
        broken("a label among codes", "record_id,rx,died\nP1,Lev,1\nP2,Levamisole,0\n", &[]),
        broken("a code among labels", "record_id,rx,died\nP1,Levamisole,Yes\nP2,Lev,No\n", &[]),
        broken("an unknown label", "record_id,rx,sex\nP1,Levamisol,Male\n", &[]),
        broken("a label of two codes", "record_id,ae_term,sex\nP1,Wound,Male\n", &[]),
        cell("2 for yes or no", "died", "2", &[]),
        cell("another word for yes", "died", "ja", &[]),
        broken("yes among codes", "record_id,died,sex\nP1,1,1\nP2,yes,2\n", &[]),
        broken("1 among labels", "record_id,died,sex\nP1,No,Male\nP2,1,Female\n", &[]),
        cell("yes for true", "consented", "yes", &[]),
    ]
}

fn boxes() -> Vec<Broken> {
    vec![
        cell("2 in a box", "symptoms___1", "2", &[]),
        cell("a cross in a box", "symptoms___1", "x", &[]),
        broken("a word among codes in a box", "record_id,symptoms___1,sex\nP1,1,1\nP2,Checked,1\n", &[]),
        broken(
            "a code among words in a box",
            "record_id,symptoms___1,sex\nP1,Checked,Male\nP2,1,Male\n",
            &[],
        ),
        broken(
            "a word among labels in a box",
            "record_id,sex,symptoms___1\nP1,Male,Pain\nP2,Male,Checked\n",
            &[],
        ),
        broken(
            "a label after boxes without",
            format!("record_id,sex,symptoms___1\n{}P2,Male,Pain\n", "P1,Male,Checked\n".repeat(200)),
            &[],
        ),
        broken("ticked and missing", "record_id,symptoms___1,symptoms___unk\nP1,1,1\n", &[]),
        broken("a cross for missing", "record_id,symptoms___1,symptoms___unk\nP1,1,x\n", &[]),
    ]
}

fn any_cell() -> Vec<Broken> {
    vec![
        cell("another word for missing", "age", "NA", &[]),
        cell("another word for missing in a number", "weight", "NaN", &[]),
        cell("another word for missing in a choice", "sex", "unknown", &[]),
        cell("another word for missing in a date", "checked", "n/a", &[]),
        cell("a spreadsheet's error", "age", "#VALUE!", &[]),
        cell("a cell too narrow", "checked", "########", &[]),
        cell("a zero byte", "age", "6\01", &[]),
        cell("a cell that would colour a terminal", "rx", "\u{1b}[31mLev", &[]),
        cell("a cell without end", "rx", &"Lev ".repeat(1_000), &[]),
        broken("everything wrong in one row", "record_id,age,weight,rx\nP1,61,70,Lev\nP2,abc,301,lev\n", &[]),
        broken(
            "a cell of several lines before",
            "record_id,remarks,age\nP1,\"a\n\nb\",61\r\nP2,,x\r\n\r\nP3,,y",
            &[],
        ),
    ]
}

#[test]
fn a_cell_that_holds_no_value_of_its_field_says_why() {
    check(&exports());
}

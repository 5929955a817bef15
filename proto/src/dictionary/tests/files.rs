//! The files beside `dictionary.csv`.

use proptest::prelude::*;

use super::super::files::{self, DictionaryFiles};
use super::super::sample::{HEADER, ID, row};
use super::super::{Change, Dictionary, NetworkFile};
use super::redcap::lines;
use crate::study::Rows;

/// A dictionary of some fields on the form `form`, and the files beside it.
fn read(beside: &[(&str, &str)]) -> Result<Dictionary, String> {
    let fields = [
        ID,
        ["birth", "text", "", "date_ymd", "", "", "y", ""],
        ["age", "text", "", "integer", "0", "120", "", ""],
        ["sex", "radio", "M, Male | F, Female | 9, Unknown", "", "", "", "", ""],
        ["pmh", "checkbox", "1, Heart | 2, Lung", "", "", "", "", ""],
        ["smoke", "yesno", "", "", "", "", "", ""],
    ];
    let rows: Vec<_> = fields.into_iter().map(row).collect();
    let dictionary = (files::DICTIONARY, format!("{HEADER}\n{}\n", rows.join("\n")));
    let beside = beside.iter().map(|(name, text)| (*name, (*text).to_owned()));
    let all = std::iter::once(dictionary).chain(beside);
    let all = all.map(|(name, text)| (name.to_owned(), text.into_bytes()));
    Dictionary::from_files(&DictionaryFiles::new(all).unwrap()).map_err(lines)
}

/// What is wrong with one file beside the fields.
fn refusal(name: &str, text: &str) -> String {
    read(&[(name, text)]).err().unwrap_or_default()
}

const EVENTS: &str = "unique_event_name,label,day_from,day_to";

#[test]
fn events_are_read_in_order_with_windows_forms_and_arms() {
    let text = "\u{FEFF}label,unique_event_name,day_from,day_to,forms\r\n\r\nBaseline,baseline_arm_1,,,form\r\n\
                Month 3,month3_arm_1,64,136,\r\nMonth 3,month3_arm_2,-5,136,form\r\n";
    let dictionary = read(&[(files::EVENTS, text)]).unwrap();
    let [baseline, month3, second] = dictionary.events() else { panic!("{:?}", dictionary.events()) };
    assert_eq!((baseline.stem(), baseline.arm(), baseline.window), ("baseline", Some("1"), None));
    assert_eq!((month3.stem(), month3.label.as_str(), month3.window), ("month3", "Month 3", Some((64, 136))));
    assert_eq!((second.stem(), second.arm()), ("month3", Some("2")));
    assert!(baseline.has("form") && !month3.has("form"));
    let designated_nowhere = read(&[(files::EVENTS, &format!("{EVENTS}\na,A,,\n"))]).unwrap();
    assert!(designated_nowhere.events().iter().all(|event| event.has("form")));
}

#[test]
fn wrong_events_are_refused_with_their_line() {
    let event = |line: &str| refusal(files::EVENTS, &format!("{EVENTS},forms\n\n{line}\n"));
    let at = |column: &str, message: &str| format!("events.csv:3 ({column}): {message}");
    for (line, column, message) in [
        (
            "Base line,B,,,",
            "unique_event_name",
            "`Base line` is not an event's unique name: lower-case letters, digits and `_`, at most 100",
        ),
        ("a,,,,", "label", "has no label; exports with labels name the event by it"),
        ("a,A,x,9,", "day_from", "`x` is not a whole number of days since day 0"),
        ("a,A,9,8,", "day_to", "is before `day_from`"),
        ("a,A,9,,", "day_to", "is empty; a window has two ends, or none"),
        ("a,A,,9,", "day_from", "is empty; a window has two ends, or none"),
        ("a,A,,,form from", "forms", "unknown form `from`; did you mean `form`?"),
    ] {
        assert_eq!(event(line), at(column, message));
    }
    assert_eq!(
        event("a,A,,,\na,B,,,"),
        "events.csv:4 (unique_event_name): `a` is taken by the event of line 3"
    );
    assert_eq!(
        event("a_arm_1,A,,,\na,B,,,"),
        at("unique_event_name", "`a_arm_1` without its arm is the event of line 4; give that one an arm too")
    );
    assert_eq!(refusal(files::EVENTS, ""), "events.csv: is empty; it needs an event's 4 columns");
    assert_eq!(refusal(files::EVENTS, EVENTS), "events.csv: names no event; take the file away");
    assert_eq!(
        refusal(files::EVENTS, "unique_event_name,labl,day_from,day_to\n"),
        "events.csv:1: unknown column `labl`; did you mean `label`?\n\
         events.csv:1: lacks the column `label` of an event's 4"
    );
    let many: String = (0..201).map(|at| format!("e{at},E{at},,,\n")).collect();
    assert_eq!(event(&many), "events.csv: has more than 200 events, the most there may be");
}

#[test]
fn an_event_that_is_easily_mistaken_is_warned_of() {
    let text = format!("{EVENTS}\nscreening_arm_1,A,,\nbaseline_arm_1,A,,\n");
    let dictionary = read(&[(files::EVENTS, &text)]).unwrap();
    let warnings = lines(dictionary.warnings().to_vec());
    let wanted = "events.csv:3 (unique_event_name): `@baseline` means the first event, `screening_arm_1`, and not \
                  this one\nevents.csv:3 (label): has the label of the event of line 2; exports of labels cannot \
                  tell them apart";
    assert_eq!(warnings, wanted);
}

#[test]
fn branching_logic_may_name_the_events_there_are() {
    let shown = "late,form,,yesno,Late,,,,,,,[month3_arm1][age] > 3,,,,,,";
    let text = format!("{HEADER}\n{}\n{}\n{shown}\n", row(ID), row(["age", "yesno", "", "", "", "", "", ""]));
    let events = format!("{EVENTS}\nmonth3_arm_1,Month 3,,\n");
    let files = |with: &[(&str, &str)]| {
        let all = with.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
        Dictionary::from_files(&DictionaryFiles::new(all).unwrap()).map_err(lines)
    };
    assert!(files(&[(files::DICTIONARY, &text)]).is_ok());
    assert_eq!(
        files(&[(files::DICTIONARY, &text), (files::EVENTS, &events)]).unwrap_err(),
        "dictionary.csv:4 (Branching Logic (Show field only if...)): names the event `month3_arm1`, which is not in \
         events.csv; did you mean `month3_arm_1`?"
    );
}

#[test]
fn the_network_file_gives_name_version_missing_codes_and_linkage() {
    let text = "name = \"spine\"\nlabel = \"Spine\"\ndictionary = 3\n[missing_codes]\n-99 = \"Unknown\"\n\
                UNK = \"Not known\"\n[linkage]\nkeys = [[\"birth\", \"sex\"]]\n";
    let dictionary = read(&[(files::NETWORK, text)]).unwrap();
    assert_eq!(dictionary.version(), "3");
    let settings = dictionary.settings();
    let codes: Vec<_> = settings.missing_codes.iter().map(|code| (&*code.code, &*code.label)).collect();
    assert_eq!(codes, [("-99", "Unknown"), ("UNK", "Not known")]);
    assert_eq!(settings.linkage[0].iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["birth", "sex"]);
    assert_eq!(
        lines(dictionary.warnings().to_vec()).lines().last().unwrap_or_default(),
        "network.toml:4 (missing_codes): `Unknown` is the label of a missing-data code and of a choice of `sex`; in \
         exports of labels it is the choice"
    );
    let file = NetworkFile::parse("n.toml", text.as_bytes()).unwrap();
    assert_eq!(file.name.map(String::from).as_deref(), Some("spine"));
    assert_eq!(file.label.as_deref(), Some("Spine"));
    assert_eq!(read(&[]).unwrap().version(), "1");
}

#[test]
fn a_wrong_network_file_is_refused_with_its_line() {
    for (text, message) in [
        ("dictonary = \"1\"", "network.toml:1: unknown key `dictonary`; did you mean `dictionary`?"),
        ("dictionary = \" \"", "network.toml:1 (dictionary): a version has 1 to 100 characters"),
        (
            "missing_codes = { 9 = \"None\" }",
            "network.toml:1 (missing_codes): the missing-data code `9` lies within the bounds of `age`; choose a code \
             that no field can hold",
        ),
        (
            "missing_codes = { F = \"None\" }",
            "network.toml:1 (missing_codes): the missing-data code `F` is a choice of `sex`; choose a code that no \
             field can hold",
        ),
        (
            "missing_codes = { \"a b\" = \"None\" }",
            "network.toml:1 (missing_codes): `a b` is not a missing-data code: letters, digits, `-`, `_` and `.`",
        ),
        (
            "missing_codes = { -9 = \"\" }",
            "network.toml:1 (missing_codes): the label of `-9` has 1 to 100 characters",
        ),
        (
            "linkage = { keys = [[\"brith\"]] }",
            "network.toml:1 (linkage): unknown field `brith`; did you mean `birth`?",
        ),
        ("linkage = { keys = [[]] }", "network.toml:1 (keys): a key names one field or more"),
        (
            "linkage = { keys = [[\"sex\", \"sex\"]] }",
            "network.toml:1 (keys): has a key that names `sex` twice",
        ),
        (
            "linkage = { key = [[\"sex\"]] }",
            "network.toml:1: [linkage] lacks the key `keys`; is `key` meant to be it?",
        ),
    ] {
        assert_eq!(refusal(files::NETWORK, text), message);
    }
}

const RULE: &str =
    "[[rules]]\nid = \"one\"\nsays = \"A child does not smoke.\"\nwhere = \"age < 9 AND smoke = 1\"\n";

#[test]
fn rules_are_judged_over_patients_or_over_visits_where_there_are_events() {
    let rule = read(&[(files::RULES, RULE)]).unwrap().rules()[0].clone();
    assert_eq!((&*rule.id, &*rule.says, rule.rows), ("one", "A child does not smoke.", Rows::Patient));
    assert_eq!(rule.place.to_string(), "rules.toml:4 (where)");
    let with_events = read(&[(files::RULES, RULE), (files::EVENTS, &format!("{EVENTS}\na,A,,\n"))]).unwrap();
    assert_eq!(with_events.rules()[0].rows, Rows::Visit);
}

#[test]
fn wrong_rules_are_refused_with_their_line() {
    for (before, after, message) in [
        (
            "id = \"one\"",
            "id = \"One\"",
            "rules.toml:2 (id): an id is of lower-case letters, digits, `-` and `_`, at most 63",
        ),
        (
            "A child does not smoke.",
            " ",
            "rules.toml:3 (says): is empty; say in a sentence what is contradictory",
        ),
        ("says", "sas", "rules.toml:3: [[rules]] lacks the key `says`; is `sas` meant to be it?"),
        ("where =", "because = 1\nwhere =", "rules.toml:4: unknown key `because`"),
    ] {
        assert_eq!(refusal(files::RULES, &RULE.replace(before, after)), message);
    }
    assert!(refusal(files::RULES, &RULE.replace("< 9", "< ")).starts_with("rules.toml:4 (where): "));
    let twice = format!("{RULE}{RULE}");
    assert_eq!(
        refusal(files::RULES, &twice),
        "rules.toml:8 (where): the id `one` is taken by a rule above; choose another"
    );
}

const STEPS: &str = "[[migrations]]\nfrom = \"1\"\nto = \"2\"\nadded = [\"smoke\"]\nremoved = [\"shoe\"]\n\
    [[migrations.renamed]]\nfrom = \"gender\"\nto = \"sexe\"\n[[migrations]]\nfrom = \"2\"\nto = \"3\"\n\
    [[migrations.renamed]]\nfrom = \"sexe\"\nto = \"sex\"\n[[migrations.recoded]]\nfield = \"sex\"\n\
    codes = { 1 = \"M\", 2 = \"F\" }\n";

fn migrated(steps: &str) -> Result<Dictionary, String> {
    read(&[(files::NETWORK, "dictionary = \"3\""), (files::MIGRATIONS, steps)])
}

#[test]
fn migrations_lead_from_every_earlier_version_to_this_one() {
    let dictionary = migrated(STEPS).unwrap();
    let steps = |from: &str| dictionary.migrations_from(from).map(|steps| steps.len());
    assert_eq!((steps("1"), steps("2"), steps("3"), steps("4")), (Some(2), Some(1), Some(0), None));
    let words: Vec<_> = dictionary.migrations().iter().flat_map(|step| step.in_words()).collect();
    assert_eq!(
        words,
        [
            "`smoke` is new",
            "`gender` becomes `sexe`",
            "`shoe` is gone",
            "`sexe` becomes `sex`",
            "in `sex`, `1` becomes `M`, `2` becomes `F`"
        ]
    );
    let recoded = dictionary.migrations()[1].changes.last().unwrap();
    assert!(matches!(recoded, Change::Recoded { codes, .. } if codes.len() == 2));
}

#[test]
fn migrations_that_do_not_fit_are_refused() {
    for (before, after, message) in [
        (
            "to = \"3\"",
            "to = \"4\"",
            "migrations.toml:9: leads to version 4, and what follows is version 3; steps follow one another and end at the dictionary's own version",
        ),
        (
            "from = \"2\"",
            "from = \"x\"",
            "migrations.toml:1: leads to version 2, and what follows is version x; steps follow one another and end at the dictionary's own version",
        ),
        (
            "from = \"1\"",
            "from = \"3\"",
            "migrations.toml:9: leads back to version 3; every version is another",
        ),
        (
            "added = [\"smoke\"]",
            "added = [\"smok\"]",
            "migrations.toml:1: version 2 has no field `smok`; did you mean `smoke`?",
        ),
        (
            "removed = [\"shoe\"]",
            "removed = [\"age\"]",
            "migrations.toml:1: version 2 still has the field `age`",
        ),
        (
            "removed = [\"shoe\"]",
            "removed = [\"gender\"]",
            "migrations.toml:1: changes `gender` twice; a step says once what becomes of a field",
        ),
        (
            "to = \"sexe\"",
            "to = \"sexy\"",
            "migrations.toml:1: version 2 has no field `sexy`; did you mean `sexe`?",
        ),
        (
            "field = \"sex\"",
            "field = \"sexe\"",
            "migrations.toml:9: version 3 has no field `sexe`; did you mean `sex`?",
        ),
        (
            "field = \"sex\"",
            "field = \"age\"",
            "migrations.toml:9: `age` has no choices that could be recoded",
        ),
        ("1 = \"M\"", "1 = \"Male\"", "migrations.toml:9: `sex` has no choice `Male`"),
        (
            "codes = { 1 = \"M\", 2 = \"F\" }",
            "codes = {}",
            "migrations.toml:17 (codes): names no code; write { \"before\" = \"after\" }",
        ),
        ("to = \"sex\"", "to = \"sexe\"", "migrations.toml:14 (to): `sexe` is the name it has already"),
        ("added", "aded", "migrations.toml:4: unknown key `aded`; did you mean `added`?"),
    ] {
        assert_eq!(migrated(&STEPS.replacen(before, after, 1)).err().unwrap_or_default(), message, "{after}");
    }
}

#[test]
fn problems_of_all_files_are_said_together() {
    let found = read(&[
        (files::EVENTS, "x"),
        (files::NETWORK, "x = 1"),
        (files::RULES, "x = 1"),
        (files::MIGRATIONS, "x = 1"),
    ]);
    let found = found.err().unwrap_or_default();
    let files: Vec<_> = found.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(files, [files::EVENTS, files::NETWORK, files::RULES]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_of_any_file_make_the_dictionary_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        name in prop::sample::select(files::NAMES.to_vec()),
    ) {
        let fields = (files::DICTIONARY.to_owned(), format!("{HEADER}\n{}\n", row(ID)).into_bytes());
        let all = [fields, (name.to_owned(), bytes)];
        let _ = Dictionary::from_files(&DictionaryFiles::new(all).unwrap());
    }

    #[test]
    fn no_damage_to_a_file_makes_the_dictionary_panic(
        at in any::<prop::sample::Index>(), length in 0..9_usize, instead in "[a-z\"\\[\\],=\n@ é]{0,6}",
    ) {
        let network = "dictionary = \"3\"\n[missing_codes]\n-99 = \"Unknown\"\n[linkage]\nkeys = [[\"birth\"]]\n";
        let events = format!("{EVENTS},forms\nbaseline_arm_1,Baseline,0,9,form\nmonth3_arm_2,Month 3,,,form\n");
        for (name, text) in [
            (files::EVENTS, events.as_str()), (files::NETWORK, network), (files::RULES, RULE), (files::MIGRATIONS, STEPS),
        ] {
            let begin = at.index(text.len());
            let end = (begin + length).min(text.len());
            let damaged = format!("{}{instead}{}", &text[..begin], &text[end..]);
            let _ = read(&[(name, &damaged)]);
        }
    }
}

#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::dictionary::sample;
use crate::variable::VariableKind;

/// The study of `formats.md`.
const COLON: &str = r#"id = "colon-adjuvant"
version = 1
title = "Adjuvant therapy and survival in colon cancer"
question = "Does levamisole with fluorouracil lengthen survival?"
network = "reference"
expires = 2027-06-30          # optional: not_before, supersedes = "sha256:…"

[[investigators]]
name = "A. Investigator"
institution = "Example Hospital"
role = "principal"

[ethics]
reference = "EC-2026-001"

[data_use]                    # GA4GH DUO terms the study asks under
terms = ["DUO:0000006"]

[sites]
minimum = 3                   # a run with fewer contributing sites is refused by every node

[disclosure]
release = "network"           # network | site | both
profile = "standard"          # standard k=10 | rare k=5 | cms k=11 | open
collapse = true

[cohort]
rows = "patient"
where = "age >= 18 AND rx IS NOT NULL"

[derived.many_nodes]
value = "CASE WHEN nodes > 4 THEN 1 ELSE 0 END"
type = "yesno"

[[analyses]]
id = "baseline"
kind = "describe"
variables = ["age", "nodes", "sex"]
by = "rx"

[[analyses]]
id = "survival"
kind = "kaplan_meier"
time = "time"
event = "status"
by = "rx"
every = 30
until = 2520
report_at = [360, 720, 1080]
where = "many_nodes = 1"

[[analyses]]
id = "hazard"
kind = "cox"
formula = "Surv(time, status) ~ rx + age + sex + many_nodes"
ties = "efron"
strata = ["site"]
"#;

fn scope() -> Scope {
    let dictionary = sample::dictionary(&[
        ["age", "text", "", "integer", "0", "120", "", ""],
        ["nodes", "text", "", "integer", "0", "60", "", ""],
        ["rx", "radio", "Obs, Observation | Lev, Levamisole", "", "", "", "", ""],
        ["born", "text", "", "date_ymd", "", "", "y", ""],
    ]);
    Scope::new(&dictionary.unwrap(), &[])
}

fn study(text: &str) -> Study {
    Study::parse("study.toml", text.as_bytes()).unwrap()
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The problems of the study of `formats.md` with `old` replaced by `new`.
fn refusal(old: &str, new: &str) -> String {
    assert!(COLON.contains(old), "{old}");
    let text = COLON.replacen(old, new, 1);
    let study = match Study::parse("study.toml", text.as_bytes()) {
        Ok(study) => study,
        Err(problems) => return lines(&problems),
    };
    match scope().with_derived(&study).and_then(|scope| study.check(&scope)) {
        Ok(()) => "accepted".to_owned(),
        Err(problems) => lines(&problems),
    }
}

#[test]
fn the_study_of_the_formats_page_is_read_whole() {
    let study = study(COLON);
    assert_eq!(study.digest(), Digest::of(COLON.as_bytes()));
    assert_eq!(
        (study.id.as_str(), study.version, study.network.as_str()),
        ("colon-adjuvant", 1, "reference")
    );
    assert_eq!(study.expires, time::macros::date!(2027 - 06 - 30));
    assert_eq!(study.investigators[0].institution, "Example Hospital");
    assert_eq!(study.ethics.reference, "EC-2026-001");
    assert_eq!(study.data_use, ["DUO:0000006"]);
    assert_eq!(study.sites, SiteRules { minimum: 3, roster: None, committee: None });
    assert_eq!(study.disclosure.release, Release::Network);
    assert_eq!(study.disclosure.profile, Profile::Standard);
    assert_eq!(study.disclosure.rare_levels, RareLevels::Merge);
    assert_eq!(study.cohort.condition.in_words(), "age >= 18 AND rx IS NOT NULL");
    assert_eq!(study.derived[0].kind, VariableKind::Integer { bounds: Some((0, 1)) });
    let kinds: Vec<_> = study.analyses.iter().map(|analysis| analysis.kind.as_str()).collect();
    assert_eq!(kinds, ["describe", "kaplan_meier", "cox"]);
    let survival = study.analysis(&AnalysisId::new("survival").unwrap()).unwrap();
    assert_eq!(survival.condition.as_ref().unwrap().in_words(), "many_nodes = 1");
    assert_eq!(survival.place.to_string(), "study.toml:41");
    let keys: Vec<_> = survival.section.keys().collect();
    assert_eq!(keys, ["time", "event", "by", "every", "until", "report_at"]);

    let scope = scope().with_derived(&study).unwrap();
    assert_eq!(scope.variable("many_nodes").unwrap().label, "many_nodes");
    study.check(&scope).unwrap();
}

#[test]
fn every_optional_key_is_read() {
    let text = COLON
        .replace("expires =", "not_before = 2026-12-01\nmissing = \"complete\"\ndictionary = 3\nexpires =")
        .replace("minimum = 3", "minimum = 2\nroster = [\"toronto\", \"utrecht\"]\ncommittee = [\"toronto\"]")
        .replace("collapse = true", "collapse = false")
        .replace("type = \"yesno\"", "type = \"yesno\"\nlabel = \"Over four nodes\"\nrows = \"patient\"")
        + "[[outputs]]\nrecipients = [\"the principal investigator\"]\nforms = [\"csv\"]\n";
    let supersedes = Digest::of(b"version 0");
    let study = study(&text.replace("version = 1", &format!("version = 2\nsupersedes = \"{supersedes}\"")));
    assert_eq!(study.supersedes, Some(supersedes));
    assert_eq!(study.dictionary.as_deref(), Some("3"));
    assert!(study.not_before.is_some());
    assert_eq!(study.sites.roster.unwrap().len(), 2);
    assert_eq!(study.disclosure.rare_levels, RareLevels::Refuse);
    assert_eq!(study.derived[0].label, "Over four nodes");
    assert_eq!(study.outputs[0].forms, ["csv"]);
}

#[test]
fn a_wrong_document_is_refused_with_line_and_remedy() {
    for (old, new, error) in [
        (
            "title =",
            "titel =",
            "study.toml:3: the document lacks the key `title`; is `titel` meant to be it?",
        ),
        ("expires = 2027-06-30", "", "study.toml: the document lacks the key `expires`"),
        ("version = 1", "version = 0", "study.toml:2 (version): versions count from 1"),
        (
            "\"reference\"",
            "\"The Net\"",
            "study.toml:5 (network): `The Net` is not a network name: lower-case letters, digits and `-`, a letter or digit first, at most 63 characters",
        ),
        (
            "expires = 2027-06-30",
            "expires = 2027-06-30\nnot_before = 2028-01-01",
            "study.toml:7 (not_before): is after `expires`; the study could never run",
        ),
        (
            "expires = 2027-06-30",
            "expires = 2027-06-30\nstanding = true",
            "study.toml:7 (standing): `standing` is not offered by this version; take it out",
        ),
        (
            "expires = 2027-06-30",
            "expires = 2027-06-30\nmissing = \"indicator\"",
            "study.toml:7 (missing): `missing = \"indicator\"` is not offered by this version; use \"complete\"",
        ),
        (
            "expires = 2027-06-30",
            "expires = 2027-06-30\nexpire = 1",
            "study.toml:7: unknown key `expire`; did you mean `expires`?",
        ),
        (
            "[ethics]",
            "[families.all]\nanalyses = []\nadjust = \"holm\"\n[ethics]",
            "study.toml:14 (analyses): a family names one analysis or more",
        ),
        (
            "[ethics]",
            "[families.all]\nanalyses = [\"absent\"]\nadjust = \"holm\"\n[ethics]",
            "study.toml:14 (analyses): there is no analysis `absent`",
        ),
        (
            "[ethics]",
            "[families.all]\nanalyses = [\"absent\"]\nadjust = \"fdr\"\n[ethics]",
            "study.toml:15 (adjust): `fdr` is not one of holm, bonferroni, benjamini_hochberg",
        ),
        ("[ethics]\nreference = \"EC-2026-001\"", "", "study.toml: the document lacks the table `[ethics]`"),
        ("EC-2026-001", " ", "study.toml:14 (reference): must not be empty"),
        ("DUO:0000006", "DUO:6", "study.toml:17 (terms): `DUO:6` is not a DUO term such as `DUO:0000006`"),
        ("minimum = 3", "minimum = 0", "study.toml:20 (minimum): must be 1 or more"),
        (
            "minimum = 3",
            "minimum = 3\nroster = [\"a\", \"b\"]",
            "study.toml:21 (roster): names 2 sites, fewer than `minimum = 3`",
        ),
        ("minimum = 3", "minimum = 1\nroster = [\"a\", \"a\"]", "study.toml:21 (roster): names `a` twice"),
        (
            "\"standard\"",
            "\"standart\"",
            "study.toml:24 (profile): `standart` is not one of standard, rare, cms, open; did you mean `standard`?",
        ),
        (
            "rows = \"patient\"",
            "rows = \"visits\"",
            "study.toml:28 (rows): `visits` is not one of patient, visit; did you mean `visit`?",
        ),
        (
            "kind = \"describe\"",
            "kind = \"describe\"\nrows = \"visit\"",
            "study.toml:38 (rows): an analysis has the rows of its cohort in this version; a study of its own can have others",
        ),
        (
            "type = \"yesno\"",
            "type = \"yesno\"\nrows = \"visit\"",
            "study.toml:34 (rows): the rows of the cohort are patients; any(…), first(…) and their kin reduce visits to one",
        ),
        (
            "[derived.many_nodes]",
            "[derived.\"nodes@baseline\"]",
            "study.toml:31: `nodes@baseline` names an event; a derived variable has a bare name",
        ),
        (
            "rx IS NOT NULL",
            "rx LIKE 'x'",
            "study.toml:29 (where): `LIKE` is not in the grammar; compare with = or list the codes with IN",
        ),
        ("age >= 18", "agee >= 18", "study.toml:29 (where): unknown variable `agee`; did you mean `age`?"),
        (
            "age >= 18",
            "born IS NULL",
            "study.toml:29 (where): `born` cannot be used in a study: it is an identifier",
        ),
        (
            "age >= 18 AND rx IS NOT NULL",
            "age + 1",
            "study.toml:29 (where): `age + 1` is a number, not a condition; compare it with one, as in `age + 1 = 1`",
        ),
        (
            "[derived.many_nodes]",
            "[derived.age]",
            "study.toml:32 (value): `age` is already a variable; give the derived one another name",
        ),
        (
            "[derived.many_nodes]",
            "[derived.\"Many nodes\"]",
            "study.toml:31: `Many nodes` is not a variable name: lower-case letters, digits and `_`, a letter first, at most 100 characters",
        ),
        (
            "type = \"yesno\"",
            "type = \"boolean\"",
            "study.toml:33 (type): `boolean` is not one of yesno, integer, number, factor",
        ),
        (
            "type = \"yesno\"",
            "type = \"factor\"\nlevels = []",
            "study.toml:34 (levels): names 0 levels; a factor has 1 to 40",
        ),
        (
            "type = \"yesno\"",
            "type = \"factor\"\nlevels = [\"a\", \"a\"]",
            "study.toml:34 (levels): names `a` twice",
        ),
        (
            "type = \"yesno\"",
            "type = \"factor\"\nlevels = [\"1\", \"0\"]",
            "study.toml:32 (value): must give codes, each in quotes, for `type = \"factor\"`",
        ),
        (
            "type = \"yesno\"",
            "type = \"number\"\nmin = 0",
            "study.toml:34 (min): `min` needs a `max` beside it",
        ),
        (
            "type = \"yesno\"",
            "type = \"number\"\nmin = 3\nmax = 1",
            "study.toml:35 (max): `max` must be above `min`",
        ),
        ("nodes > 4", "other > 4", "study.toml:32 (value): unknown variable `other`"),
        ("kind = \"describe\"", "", "study.toml:35: [[analyses]] lacks the key `kind`"),
        (
            "\"survival\"",
            "\"baseline\"",
            "study.toml:41: the id `baseline` is taken by an analysis above; give this one another",
        ),
        (
            "many_nodes = 1",
            "many_node = 1",
            "study.toml:50 (where): unknown variable `many_node`; did you mean `many_nodes`?",
        ),
        (
            "many_nodes = 1",
            "many_nodes",
            "study.toml:50 (where): `many_nodes` is a number, not a condition; compare it with one, as in `many_nodes = 1`",
        ),
        ("version = 1", "version = ", "study.toml:2: string values must be quoted, expected literal string"),
    ] {
        assert_eq!(refusal(old, new), error, "{new}");
    }
}

#[test]
fn every_problem_of_a_document_is_reported_at_once_in_the_order_of_the_file() {
    let text =
        COLON.replace("minimum = 3", "minimun = 3").replace("\"rare", "\"").replace("kind = \"cox\"", "");
    let problems = Study::parse("study.toml", text.as_bytes()).unwrap_err();
    assert_eq!(
        lines(&problems),
        "study.toml:20: [sites] lacks the key `minimum`; is `minimun` meant to be it?\n\
         study.toml:52: [[analyses]] lacks the key `kind`"
    );
}

#[test]
fn a_derived_variable_sees_those_before_it_and_a_condition_becomes_yes_or_no() {
    let text = COLON.replace(
        "[[analyses]]\nid = \"baseline\"",
        "[derived.old]\nvalue = \"age > 65 AND many_nodes = 1\"\ntype = \"yesno\"\n\
         [derived.group]\nvalue = \"CASE WHEN old = 1 THEN 'high' ELSE 'low' END\"\ntype = \"factor\"\n\
         levels = [\"low\", \"high\"]\n\
         [[analyses]]\nid = \"baseline\"",
    );
    let study = study(&text);
    let scope = scope().with_derived(&study).unwrap();
    assert_eq!(
        study.derived[1].resolve(&scope).unwrap().in_words(),
        "CASE WHEN age > 65 AND many_nodes = 1 THEN 1 WHEN NOT (age > 65 AND many_nodes = 1) THEN 0 END"
    );
    assert_eq!(scope.variable("group").unwrap().kind.levels().unwrap(), ["low", "high"]);
    let other = text.replace("ELSE 'low'", "ELSE 'none'");
    let study = Study::parse("study.toml", other.as_bytes()).unwrap();
    assert_eq!(
        lines(&self::scope().with_derived(&study).unwrap_err()),
        "study.toml:39 (value): gives 'none', which is not among `levels`"
    );
}

#[test]
fn site_is_a_factor_of_the_roster_sorted_by_bytes() {
    let levels = |scope: &Scope| scope.variable("site").unwrap().kind.levels().unwrap();
    assert_eq!(levels(&scope()), ["A", "B", "C"]);
    let row = COLON.replace("age >= 18", "site = 'B'");
    let study = study(&row);
    study.check(&scope().with_derived(&study).unwrap()).unwrap();
}

/// The study of `formats.md` asked of visits of the longitudinal dictionary.
fn of_visits(derived: &str) -> Result<Scope, Vec<Problem>> {
    let (head, rest) = COLON.split_once("[derived.many_nodes]").unwrap();
    let head = head.replace("rows = \"patient\"", "rows = \"visit\"");
    let head = head.replace("age >= 18 AND rx IS NOT NULL", "event = 'month3' AND nrs > nrs@baseline");
    let (_, analyses) = rest.split_once("[[analyses]]").unwrap();
    let (analysis, _) = analyses.split_once("[[analyses]]").unwrap();
    let study = study(&format!("{head}{derived}\n[[analyses]]{analysis}"));
    let scope = Scope::for_study(&crate::scope::sample::longitudinal(), &[], &study)?;
    study.check(&scope).map(|()| scope)
}

#[test]
fn a_variable_is_derived_for_each_visit_or_once_for_the_patient() {
    let worst =
        "[derived.worst]\nrows = \"patient\"\nvalue = \"max(nrs)\"\ntype = \"integer\"\nmin = 0\nmax = 10\n";
    let better = "[derived.better]\nvalue = \"nrs < worst AND day > 0\"\ntype = \"yesno\"\n";
    let scope = of_visits(&format!("{worst}{better}")).unwrap();
    assert!(scope.variable("worst").is_some_and(|worst| worst.sensitive));
    assert!(scope.variable("better").is_some());
    assert!(scope.for_rows(Rows::Patient).variable("worst").is_some());
    let once = "[derived.once]\nrows = \"patient\"\nvalue = \"better = 1\"\ntype = \"yesno\"\n";
    let refusal = lines(&of_visits(&format!("{worst}{better}{once}")).unwrap_err());
    assert!(
        refusal.ends_with("`better` differs between the visits of a patient; this is computed once for each"),
        "{refusal}"
    );
    let day = once.replace("better = 1", "day > 1");
    let refusal = lines(&of_visits(&day).unwrap_err());
    assert!(
        refusal.ends_with("`day` differs between the visits of a patient; this is computed once for each"),
        "{refusal}"
    );
}

#[test]
fn to_count_entries_of_a_sensitive_form_is_sensitive() {
    let count = |form: &str| {
        let derived =
            format!("[derived.often]\nvalue = \"count({form})\"\ntype = \"integer\"\nmin = 0\nmax = 9\n");
        of_visits(&derived).unwrap().variable("often").unwrap().sensitive
    };
    assert!(count("pain") && !count("surgery"));
}

#[test]
fn a_study_for_another_version_of_the_dictionary_is_refused_with_what_changed() {
    let migrations = "[[migrations]]\nfrom = \"1\"\nto = \"2\"\nadded = [\"sex\"]\n\
        [[migrations.renamed]]\nfrom = \"pain\"\nto = \"nrs\"\n";
    let dictionary = crate::scope::sample::dictionary(&[
        ("network.toml", "dictionary = \"2\"\n"),
        ("migrations.toml", migrations),
    ]);
    let refused = |version: &str| {
        let text = COLON.replace("expires =", &format!("dictionary = {version}\nexpires ="));
        study(&text).check_dictionary(&dictionary).map_err(|problem| problem.to_string())
    };
    assert_eq!(refused("2"), Ok(()));
    assert_eq!(refused("\"2\""), Ok(()));
    assert_eq!(study(COLON).check_dictionary(&dictionary), Ok(()));
    let older = refused("1").unwrap_err();
    assert!(older.starts_with(
        "study.toml:6 (dictionary): is written for version 1 of the data dictionary; this network has 2. Revise the \
         study for version 2. From 1 to 2: "
    ), "{older}");
    assert!(older.contains("`pain` becomes `nrs`") && older.contains("`sex` is new"), "{older}");
    assert_eq!(
        refused("3").unwrap_err(),
        "study.toml:6 (dictionary): needs version 3 of the data dictionary; here it is 2. Either the network needs the \
         migration from 2 to 3, or the study is revised for version 2"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_study_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Study::parse("study.toml", &bytes);
    }

    #[test]
    fn no_damage_to_a_study_makes_it_panic(at in 0..COLON.len(), length in 0_usize..40, put in "\\PC{0,5}") {
        let mut bytes = COLON.as_bytes().to_vec();
        bytes.splice(at..(at + length).min(COLON.len()), put.bytes());
        if let Ok(study) = Study::parse("study.toml", &bytes) {
            let _ = scope().with_derived(&study).and_then(|scope| study.check(&scope));
        }
    }
}

#[test]
fn a_family_names_analyses_and_how_their_p_values_are_adjusted() {
    let family =
        "[families.primary]\nanalyses = [\"survival\", \"baseline\"]\nadjust = \"benjamini_hochberg\"\n";
    let text = format!("{COLON}\n{family}terms = [\"rxLev\"]\n");
    let study = Study::parse("study.toml", text.as_bytes()).unwrap();
    let [family] = study.families.as_slice() else { panic!("{:?}", study.families) };
    assert_eq!((family.name.as_str(), family.adjust.name()), ("primary", "benjamini_hochberg"));
    assert_eq!(family.analyses.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["survival", "baseline"]);
    assert_eq!(family.terms, ["rxLev"]);
    let refusal = |family: &str| {
        let text = format!("{COLON}\n{family}");
        Study::parse("study.toml", text.as_bytes()).unwrap_err()[0].message.clone()
    };
    let twice = "[families.a]\nanalyses = [\"baseline\", \"baseline\"]\nadjust = \"holm\"\n";
    assert_eq!(refusal(twice), "names `baseline` twice");
    let near = "[families.a]\nanalyses = [\"basline\"]\nadjust = \"holm\"\n";
    assert_eq!(refusal(near), "there is no analysis `basline`; did you mean `baseline`?");
    let named = "[families.a]\nanalyses = [\"baseline\"]\nadjust = \"holm\"\nterm = \"rx\"\n";
    assert!(refusal(named).contains("unknown key `term`"), "{}", refusal(named));
    let table = "[[analyses]]\nid = \"families\"\nkind = \"describe\"\nvariables = [\"age\"]\n\
                 [families.a]\nanalyses = [\"baseline\"]\nadjust = \"holm\"\n";
    assert!(refusal(table).contains("give this analysis another id"), "{}", refusal(table));
    assert!(
        refusal("[families.\"A b\"]\nanalyses = [\"baseline\"]\nadjust = \"holm\"\n").contains("family name")
    );
}

//! A data set, its studies and R's answers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::agreement::Agreement;
use crate::converged;
use crate::translation;

/// The data sets, by folder.
pub(crate) const DATA_SETS: [&str; 15] = [
    "birthwt",
    "cgd",
    "colon_death",
    "epil",
    "gbsg2",
    "lung",
    "orthodont",
    "ovarian",
    "pbc",
    "rossi",
    "sleepstudy",
    "synth_300",
    "synth_3000",
    "toenail",
    "veteran",
];

/// What the answers say about themselves.
const ABOUT: [&str; 6] = ["dataset", "generated_by", "site_column", "n", "n_by_site", "string_levels"];

/// One data set.
pub(crate) struct Reference {
    folder: PathBuf,
    answers: Value,
    pub(crate) entries: Vec<Entry>,
}

/// A row of `entries.csv`: what is compared of an entry of R's answers, or of a part of one.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) part: String,
    /// The analysis that answers it.
    pub(crate) analysis: Option<String>,
    kind: String,
    compared: Vec<String>,
    pub(crate) left_out: Vec<String>,
    pub(crate) reason: String,
}

/// How the rows are spread over sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Split {
    /// By the column of the data set.
    AsItIs,
    /// In turn over this many sites.
    InTurn(usize),
}

impl Reference {
    /// The data set in a folder.
    pub(crate) fn of(data_set: &str) -> Self {
        let references = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference");
        let folder = references.join(data_set);
        let mut answers = serde_json::from_slice(&fs::read(folder.join("answers.json")).unwrap()).unwrap();
        converged::put_in_place(&references, data_set, &mut answers);
        let mut entries = csv::Reader::from_path(references.join("entries.csv")).unwrap();
        let entries = entries
            .deserialize::<BTreeMap<String, String>>()
            .map(Result::unwrap)
            .filter(|row| row["dataset"] == data_set)
            .map(Entry::from)
            .collect();
        Self { folder, answers, entries }
    }

    /// R's entries by name.
    pub(crate) fn entries_of_r(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.answers.as_object().unwrap().iter().filter(|(name, _)| !ABOUT.contains(&name.as_str()))
    }

    /// The column of the natural split.
    pub(crate) fn site_column(&self) -> &str {
        self.answers["site_column"].as_str().unwrap()
    }

    /// Runs the studies in a network in which no rule acts, and returns their results. What asks about sites
    /// is a study of its own, which runs at the natural split only.
    pub(crate) fn run(&self, split: Split, out: &Path) -> Vec<Value> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_notochord-tests"));
        command.args(["run", "--json", "--minimum", "1", "--out"]).arg(out);
        command.arg("--dictionary").arg(self.folder.join("dictionary.csv"));
        command.arg("--data").arg(self.folder.join("data.csv"));
        command.arg("--study").arg(self.folder.join("study.toml"));
        match split {
            Split::AsItIs => {
                command.args(["--site-column", self.site_column()]);
                command.arg("--study").arg(self.folder.join("sites.toml"))
            }
            Split::InTurn(sites) => command.args(["--sites", &sites.to_string()]),
        };
        let ended = command.output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{} {split:?}: {said}", self.folder.display());
        let results: Vec<Value> = serde_json::from_slice(&ended.stdout).unwrap();
        let sites = match split {
            Split::AsItIs => self.answers["n_by_site"].as_object().unwrap().len(),
            Split::InTurn(sites) => sites,
        };
        results.iter().for_each(|result| assert_eq!(result["sites"].as_array().unwrap().len(), sites));
        results
    }
}

impl From<BTreeMap<String, String>> for Entry {
    fn from(mut row: BTreeMap<String, String>) -> Self {
        let mut take = |column: &str| row.remove(column).unwrap();
        let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
        Self {
            name: take("entry"),
            part: take("part"),
            analysis: Some(take("analysis")).filter(|id| !id.is_empty()),
            kind: take("kind"),
            compared: words(take("compared")),
            left_out: words(take("left_out")),
            reason: take("reason"),
        }
    }
}

impl Entry {
    /// Compares what is to be compared.
    pub(crate) fn agrees(&self, reference: &Reference, analysis: &Value, agreement: &mut Agreement) {
        assert_eq!(analysis["kind"], self.kind, "{}", self.name);
        let answer = self.part_of(&reference.answers[&self.name]);
        let result = translation::in_words_of_r(self, reference, &analysis["result"]);
        for field in &self.compared {
            let (expected, found) = (fields(answer, field), fields(&result, field));
            let places =
                |of: &[(String, &Value)]| of.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
            assert_eq!(places(&expected), places(&found), "{} {field}", self.name);
            for ((path, expected), (_, found)) in expected.into_iter().zip(found) {
                agreement.compare(&self.kind, &format!("{} {path}", self.name), expected, found);
            }
        }
    }

    /// Every field of R's is compared, left out, or a part with a row of its own.
    pub(crate) fn accounts_for(&self, answer: &Value, parts: &BTreeSet<String>) {
        if self.analysis.is_none() {
            return;
        }
        let answer = self.part_of(answer);
        let mut named = if self.part.is_empty() { parts.clone() } else { BTreeSet::new() };
        for field in self.compared.iter().chain(&self.left_out) {
            let found = fields(answer, field);
            assert!(!found.is_empty(), "{}: R does not give `{field}`", self.name);
            named.extend(found.into_iter().map(|(path, _)| path));
        }
        let mut open = vec![(String::new(), answer)];
        while let Some((path, value)) = open.pop() {
            match value {
                Value::Null => {}
                _ if named.contains(&path) => {}
                Value::Object(children) => {
                    open.extend(children.iter().map(|(key, child)| (join(&path, key), child)));
                }
                _ => panic!("{}: nothing is said about `{path}`", self.name),
            }
        }
    }

    fn part_of<'a>(&self, answer: &'a Value) -> &'a Value {
        if self.part.is_empty() { answer } else { &answer[&self.part] }
    }
}

/// The values at a field such as `n`, `quantile.type7` or `*.mean`, each with its path.
fn fields<'a>(value: &'a Value, field: &str) -> Vec<(String, &'a Value)> {
    let mut found = vec![(String::new(), value)];
    for step in field.split('.') {
        let below = |(path, value): (String, &'a Value)| {
            let children = value.as_object().into_iter().flatten();
            let chosen = children.filter(|(key, _)| step == "*" || step == key.as_str());
            chosen.map(|(key, child)| (join(&path, key), child)).collect::<Vec<_>>()
        };
        found = found.into_iter().flat_map(below).collect();
    }
    found
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}/{key}") }
}

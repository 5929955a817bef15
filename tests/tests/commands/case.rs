//! A mistake, the command that meets it, and the answer.

use std::fs;
use std::path::PathBuf;

use crate::bench::{Bench, Copy};

/// One mistake.
pub(crate) struct Case {
    /// What is changed beforehand.
    pub(crate) edits: &'static [Edit],
    /// What is typed.
    pub(crate) line: &'static str,
    /// The whole answer, on standard error; its exit code is 3 where a rule refuses, and 2 otherwise.
    pub(crate) says: &'static str,
}

/// A change of a file that was in order.
pub(crate) enum Edit {
    /// At its end.
    Add(&'static str, &'static [u8]),
    /// The rest is cut off where this text begins.
    Cut(&'static str, &'static str),
    /// A text in it becomes another.
    Put(&'static str, &'static str, &'static str),
    /// The file or directory is gone.
    Remove(&'static str),
    /// Others may read it.
    Share(&'static str),
    /// All of it.
    Write(&'static str, &'static [u8]),
}

/// Every case has its answer, in one go so that a changed wording shows everywhere at once.
pub(crate) fn hold(bench: &Bench, cases: &[Case]) {
    let wrong: Vec<String> = cases.iter().filter_map(|case| case.fault(bench)).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}

impl Case {
    fn fault(&self, bench: &Bench) -> Option<String> {
        let copy = bench.copy();
        self.edits.iter().for_each(|edit| edit.make(&copy));
        let before = copy.state();
        let said = copy.run(self.line);
        let code = if self.says.contains(": refused: ") { 3 } else { 2 };
        let mut faults = Vec::new();
        if said.error.trim_end() != self.says {
            faults.push(format!("  should say {}\n  said       {}", self.says, said.error.trim_end()));
        }
        if said.code != code {
            faults.push(format!("  should end with {code}, ended with {}", said.code));
        }
        if !said.out.is_empty() {
            faults.push(format!("  printed {}", said.out));
        }
        let after = copy.state();
        // A node's ledger remembers what was refused.
        let remembers =
            |path: &PathBuf| code == 3 && path.components().any(|part| part.as_os_str() == "ledger");
        // Whoever reaches the coordinator hears the status list.
        let heard = |path: &PathBuf| path.file_name().is_some_and(|name| name == "status.json");
        let changed =
            |path: &&PathBuf| before.get(*path) != after.get(*path) && !remembers(path) && !heard(path);
        if let Some(path) = before.keys().chain(after.keys()).find(changed) {
            faults.push(format!("  changed {}", path.display()));
        }
        (!faults.is_empty()).then(|| format!("$ {}\n{}", self.line, faults.join("\n")))
    }
}

impl Edit {
    fn make(&self, copy: &Copy) {
        let read = |file: &str| fs::read_to_string(copy.path(file)).unwrap();
        match self {
            Self::Add(file, bytes) => {
                let all = [fs::read(copy.path(file)).unwrap().as_slice(), bytes].concat();
                fs::write(copy.path(file), all).unwrap();
            }
            Self::Cut(file, from) => {
                let text = read(file);
                let (kept, _) = text.split_once(from).unwrap_or_else(|| panic!("{file} lacks {from}"));
                fs::write(copy.path(file), kept).unwrap();
            }
            Self::Put(file, from, to) => {
                let text = read(file);
                assert!(text.contains(from), "{file} lacks {from}");
                fs::write(copy.path(file), text.replacen(from, to, 1)).unwrap();
            }
            Self::Remove(path) => {
                let path = copy.path(path);
                if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
            }
            Self::Share(file) => {
                let mut permissions = fs::metadata(copy.path(file)).unwrap().permissions();
                std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
                fs::set_permissions(copy.path(file), permissions).unwrap();
            }
            Self::Write(file, bytes) => fs::write(copy.path(file), bytes).unwrap(),
        }
    }
}

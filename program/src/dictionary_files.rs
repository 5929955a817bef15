//! A data dictionary as a person has it: REDCap's CSV file alone, or a directory with what stands beside it.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use notochord_proto::dictionary::files::{DICTIONARY, LONGEST_FILE, NAMES};
use notochord_proto::dictionary::{Dictionary, DictionaryFiles};
use notochord_proto::problem::{Place, Problem, nearest};

use crate::failure::Failure;

/// Reads the files of a dictionary from a directory, or its CSV file alone.
pub fn read(path: &Path) -> Result<DictionaryFiles, Failure> {
    if !path.is_dir() {
        let bytes = bytes(path).map_err(|error| Failure::unreadable(path, &error))?;
        return files(path, vec![(DICTIONARY.to_owned(), bytes)]);
    }
    let mut found = Vec::new();
    for name in NAMES {
        let file = path.join(name);
        match bytes(&file) {
            Ok(bytes) => found.push((name.to_owned(), bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::unreadable(&file, &error)),
        }
    }
    files(path, found)
}

fn files(path: &Path, found: Vec<(String, Vec<u8>)>) -> Result<DictionaryFiles, Failure> {
    DictionaryFiles::new(found).map_err(|problem| located(path, problem).into())
}

/// At most one byte more than a file may have: who reads them refuses the file.
fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(LONGEST_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Parses the files that [`read`] found at `path`; problems name them as the person would.
pub fn parse(path: &Path, files: &DictionaryFiles) -> Result<Dictionary, Vec<Problem>> {
    Dictionary::from_files(files)
        .map_err(|problems| problems.into_iter().map(|problem| located(path, problem)).collect())
}

/// A problem of a file found at `path`, under the name that leads to it from here.
pub fn located(path: &Path, problem: Problem) -> Problem {
    let file = match problem.place.file.as_str() {
        name if path.is_dir() => path.join(name).display().to_string(),
        DICTIONARY => path.display().to_string(),
        name => name.to_owned(),
    };
    Problem { place: Place { file, ..problem.place }, ..problem }
}

/// Files of a directory whose names are nearly those of a dictionary's files, and which are not read.
pub fn misnamed(path: &Path) -> Vec<Problem> {
    // What cannot be listed was found by name; there is nothing to add.
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    let misnamed = |name: &String| {
        let meant = nearest(name, NAMES).filter(|meant| *meant != name && !path.join(meant).exists())?;
        let place = Place::file(path.join(name).display().to_string());
        Some(Problem::new(place, format!("is not read; is it meant to be `{meant}`?")))
    };
    names.iter().filter_map(misnamed).collect()
}

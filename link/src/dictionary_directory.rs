//! A data dictionary at rest: a directory with its files, or one CSV alone.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use notochord_proto::dictionary::files::{DICTIONARY, LONGEST_FILE, NAMES};
use notochord_proto::dictionary::{Dictionary, DictionaryFiles};
use notochord_proto::digest::Digest;
use notochord_proto::problem::{Place, Problem, nearest};

use crate::private_file::{create_private_directory, replace};

/// Why a dictionary's files cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A file.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// What is wrong in the files; one problem or more.
    #[error("{}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Problems(Vec<Problem>),
}

/// The dictionary at `path`, and its files.
pub fn open(path: &Path) -> Result<(DictionaryFiles, Dictionary), DirectoryError> {
    let files = read(path)?;
    match Dictionary::from_files(&files) {
        Ok(dictionary) => Ok((files, dictionary)),
        Err(problems) => Err(all_located(path, problems)),
    }
}

/// The files of the dictionary at `path`: those of a directory, or a CSV alone.
pub fn read(path: &Path) -> Result<DictionaryFiles, DirectoryError> {
    if !path.is_dir() {
        let bytes = bounded(path).map_err(at(path))?;
        let files = DictionaryFiles::new([(DICTIONARY.to_owned(), bytes)]);
        return files.map_err(|problem| all_located(path, vec![problem]));
    }
    let mut files = Vec::new();
    for name in NAMES {
        let file = path.join(name);
        match bounded(&file) {
            Ok(bytes) => files.push((name.to_owned(), bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(at(&file)(error)),
        }
    }
    DictionaryFiles::new(files).map_err(|problem| all_located(path, vec![problem]))
}

/// Keeps the files in a directory of their hash below `home`, beside those of other versions.
pub fn keep(home: &Path, files: &DictionaryFiles) -> Result<(), DirectoryError> {
    let directory = place(home, &files.digest());
    create_private_directory(&directory).map_err(at(&directory))?;
    for (name, bytes) in files.iter() {
        let file = directory.join(name);
        replace(&file, bytes).map_err(at(&file))?;
    }
    Ok(())
}

/// The files of this hash that [`keep`] kept below `home`.
pub fn named(home: &Path, digest: &Digest) -> Result<DictionaryFiles, DirectoryError> {
    let directory = place(home, digest);
    let files = read(&directory)?;
    if files.digest() == *digest {
        return Ok(files);
    }
    let message = "is not the dictionary the root document names; restore its files";
    Err(DirectoryError::Problems(vec![Problem::new(Place::file(directory.display().to_string()), message)]))
}

/// Where the files of this hash are kept.
fn place(home: &Path, digest: &Digest) -> PathBuf {
    home.join("dictionaries").join(digest.hex())
}

/// A problem of the dictionary at `path`, with its file named as the person would.
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

fn all_located(path: &Path, problems: Vec<Problem>) -> DirectoryError {
    DirectoryError::Problems(problems.into_iter().map(|problem| located(path, problem)).collect())
}

/// The bytes of a file, one more than may be at most.
fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> DirectoryError {
    let path = path.display().to_string();
    move |source| DirectoryError::File { path, source }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn versions_are_kept_side_by_side_and_a_changed_file_is_found_out() {
        let directory = tempfile::tempdir().unwrap();
        let home = directory.path();
        let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        let one = DictionaryFiles::new([file("dictionary.csv", "a"), file("events.csv", "b")]).unwrap();
        let two = DictionaryFiles::new([file("dictionary.csv", "a")]).unwrap();
        keep(home, &one).unwrap();
        keep(home, &two).unwrap();
        assert_eq!(named(home, &one.digest()).unwrap(), one);
        assert_eq!(named(home, &two.digest()).unwrap(), two);
        std::fs::write(place(home, &one.digest()).join("events.csv"), "c").unwrap();
        let error = named(home, &one.digest()).unwrap_err().to_string();
        assert!(
            error.ends_with("is not the dictionary the root document names; restore its files"),
            "{error}"
        );
    }

    #[test]
    fn a_directory_without_a_dictionary_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let error = read(directory.path()).unwrap_err().to_string();
        assert!(error.ends_with("dictionary.csv: is missing; every dictionary has one"), "{error}");
    }
}

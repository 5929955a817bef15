//! Reading exports, for `import` and `check`, and the files in which a person finds what was read.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, IsTerminal as _};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use notochord_engine::import::{ImportError, Importer};
use notochord_engine::quality::Quality;
use notochord_link::private_file::{create_private, create_private_directory};
use notochord_program::failure::Failure;
use time::OffsetDateTime;
use time::macros::format_description;

/// Where the reports of one reading go: a directory that only its owner may enter. They quote bad cells.
pub(super) struct Reports {
    directory: PathBuf,
}

impl Reports {
    /// A directory of this moment's own below `parent`. The process is part of its name: two may begin at once.
    pub(super) fn at(parent: &Path, now: OffsetDateTime) -> Result<Self, Failure> {
        let name = format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z");
        let name = now.format(name).map_err(Failure::failed)?;
        Self::in_directory(parent.join(format!("{name}-{}", std::process::id())))
    }

    /// This directory, which must not be there yet.
    pub(super) fn in_directory(directory: PathBuf) -> Result<Self, Failure> {
        if directory.exists() {
            return Err(Failure::unwritable(&directory, &std::io::ErrorKind::AlreadyExists.into()));
        }
        create_private_directory(&directory).map_err(|error| Failure::unwritable(&directory, &error))?;
        Ok(Self { directory })
    }

    /// The list of every finding, to be written while files are read.
    pub(super) fn quarantine(&self) -> Result<BufWriter<File>, Failure> {
        let path = self.directory.join("quarantine.csv");
        let file = create_private(&path, b"").and_then(|()| OpenOptions::new().append(true).open(&path));
        file.map(BufWriter::new).map_err(|error| Failure::unwritable(&path, &error))
    }

    /// Writes the report as JSON and as a page; returns where they are.
    pub(super) fn write(&self, quality: &Quality) -> Result<&Path, Failure> {
        let json = serde_json::to_vec_pretty(quality).map_err(Failure::failed)?;
        for (name, bytes) in [("report.json", &json[..]), ("report.html", quality.html().as_bytes())] {
            let path = self.directory.join(name);
            create_private(&path, bytes).map_err(|error| Failure::unwritable(&path, &error))?;
        }
        Ok(&self.directory)
    }

    /// Removes what was begun: the reading came to nothing.
    pub(super) fn discard(self) {
        // Nothing but this command's own files is in it; what cannot be removed does no harm.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Reads the files one after the other, with a bar where a person watches.
pub(super) fn read(importer: &mut Importer<'_>, files: &[PathBuf]) -> Result<(), Failure> {
    for file in files {
        let metadata = fs::metadata(file).map_err(|error| Failure::unreadable(file, &error))?;
        let progress = progress(file, metadata.len());
        let read = importer.read_file(file, |bytes| progress.set_position(bytes));
        progress.finish_and_clear();
        read.map_err(|error| match error {
            ImportError::Read { source, .. } => Failure::unreadable(file, &source),
            other => failure(other),
        })?;
    }
    Ok(())
}

/// What an import's error means to a person.
pub(super) fn failure(error: ImportError) -> Failure {
    match error {
        ImportError::Sort(_) | ImportError::List(_) | ImportError::Snapshot(_) => Failure::failed(error),
        other => Failure::usage(other),
    }
}

/// Says that the rows are being put together: after the bars, the longest silence of an import.
pub(super) fn putting_together() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner().with_message("putting the rows together");
    spinner.enable_steady_tick(std::time::Duration::from_millis(100));
    spinner
}

/// A bar over a file's bytes, where a person watches.
fn progress(file: &Path, length: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    // A fixed template that is known to parse.
    let style = ProgressStyle::with_template("reading {msg} {wide_bar} {bytes}/{total_bytes}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    ProgressBar::new(length).with_style(style).with_message(name)
}
